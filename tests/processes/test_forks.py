"""A child of fork touches nothing of its parent's, and has databases of its own."""

from __future__ import annotations

import pytest

from tests.engine import child

pytestmark = pytest.mark.tiers

PATIENCE_S = 120

BEGIN = """
import asyncio, gc, multiprocessing, os, signal, socket, sys, tempfile, threading, time, warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from pglite_native import AsyncPGlite, Engine, EngineError, PGlite, PGliteError, Snapshot
from tests import wire

warnings.simplefilter("ignore")  # of Python 3.12, that a process with threads forks
folder = Path(tempfile.mkdtemp())

def in_child(work):
    pid = os.fork()
    if pid == 0:
        signal.alarm(60)
        status = 1
        try:
            work()
            gc.collect()
            status = 0
        except BaseException:
            import traceback
            traceback.print_exc()
        sys.stderr.flush()
        os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
"""


def output(script: str, *arguments: object) -> str:
    return child.output(BEGIN + script, *arguments, seconds=PATIENCE_S)


EVERYTHING = """
import psycopg
from pglite_native import dbapi, sqlalchemy
from pglite_native.server import Server

db = PGlite()
db.exec("create table t as select 1 as n")
directory = PGlite(folder / "data")
directory.exec("create table t as select 1 as n")
snapshot = db.engine.snapshot()
connection = dbapi.connect(db)
cursor = connection.cursor()
cursor.execute("select 1")
pool = sqlalchemy.create_engine(db)
with pool.connect() as pooled:
    pass
server = Server(db.engine)
client = psycopg.connect(server.url)
client.execute("create table c (n int)")
with db.transaction() as transaction:
    pass
db.dsn
stream = db.engine.open_session().exec_protocol_stream(wire.query("select pg_sleep(0)"))
things = [db, directory, connection, server, stream]
before = os.listdir(folder), Path(server.address[0]).exists()

async def main():
    adb = AsyncPGlite()
    await adb.query("select 1")

    def in_the_child():
        refused = 0
        for call in (lambda: db.query("select 1"), lambda: directory.query("select 1"),
                     lambda: asyncio.new_event_loop().run_until_complete(adb.query("select 1")),
                     lambda: cursor.execute("select 1"), lambda: next(stream)):
            try:
                call()
            except Exception as error:
                refused += "parent process" in str(error)
        asyncio.new_event_loop().run_until_complete(adb.close())
        for thing in things:
            thing.close()
        pool.dispose()
        assert refused == 5, refused
        # Its own, of what was written down, too.
        with PGlite(image=snapshot) as copy:
            assert copy.query("select n from t").rows == [{"n": 1}]

    print(in_child(in_the_child))
    print((await adb.query("select 2 as n")).rows)
    await adb.close()

asyncio.run(main())
things.clear()
print(b"".join(stream)[-6:])
print(db.query("select n from t").rows, directory.query("select n from t").rows)
cursor.execute("select 3")
print(cursor.fetchone(), client.execute("select 4").fetchone())
for number, url in (5, server.url), (6, db.dsn):
    print(psycopg.connect(url).execute(f"select {number}").fetchone())
print(before == (os.listdir(folder), Path(server.address[0]).exists()))
"""


def test_a_child_closes_drops_and_leaves_without_a_trace_in_the_parent() -> None:
    assert output(EVERYTHING).splitlines() == [
        "0",
        "[{'n': 2}]",
        "b'Z\\x00\\x00\\x00\\x05I'",
        "[{'n': 1}] [{'n': 1}]",
        "(3,) (4,)",
        "(5,)",
        "(6,)",
        "True",
    ]


EXITS = """
from pglite_native.server import Server

db = PGlite(folder / "data")
db.exec("create table t as select 1 as n")
server = Server(db.engine)
stream = db.connect().session.exec_protocol_stream(wire.query("select 1"))
pid = os.fork()
if pid == 0:
    signal.alarm(60)
    sys.exit(0)  # as Python ends: finalizers, and what is registered with atexit
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
import psycopg
question = "select n from t"
print(psycopg.connect(server.url).execute(question).fetchone(), db.query(question).rows)
"""


def test_a_child_that_ends_as_python_does_leaves_the_parents_things() -> None:
    assert output(EXITS) == "0\n(1,) [{'n': 1}]\n"


OUTLIVES = """
from pglite_native.server import Server

pid = os.fork()
if pid == 0:  # the parent of the one that outlives it
    db = PGlite(folder / "data")
    db.exec("create table t as select 1 as n")
    server = Server(db.engine, unix_socket_dir=folder / "socket")
    private = Server()
    (folder / "private").write_text(private.address[0])
    client = socket.socket(socket.AF_UNIX)
    client.connect(str(folder / "socket" / ".s.PGSQL.5432"))
    client.sendall(wire.startup({"user": "postgres", "database": "postgres"}))
    assert client.recv(10000)
    worker = os.fork()
    if worker == 0:
        client.close()
        (folder / "pid").write_text(str(os.getpid()))
        time.sleep(60)
        os._exit(0)
    while not (folder / "pid").exists() or not (folder / "pid").read_text():
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)
os.waitpid(pid, 0)
worker = int((folder / "pid").read_text())
try:
    with PGlite(folder / "data") as db:
        print(db.query("select n from t").rows)
        path = folder / "socket" / ".s.PGSQL.5432"
        with socket.socket(socket.AF_UNIX) as probe:
            print(probe.connect_ex(str(path)) != 0)
        with Server(db.engine, unix_socket_dir=folder / "socket"), Server():
            print(path.exists(), Path((folder / "private").read_text()).exists())
    os.kill(worker, 0)  # it lives all the time
finally:
    os.kill(worker, signal.SIGKILL)
"""


def test_a_child_that_outlives_its_parent_holds_nothing() -> None:
    assert output(OUTLIVES) == "[{'n': 1}]\nTrue\nTrue False\n"


WHILE_OPENING = """
is_over = threading.Event()

def open_and_close():
    while not is_over.is_set():
        with PGlite(folder / "data") as db:
            db.exec("select 1")

PGlite(folder / "data").close()
thread = threading.Thread(target=open_and_close)
thread.start()
workers = []
for moment in range(25):
    time.sleep(0.004 * moment)
    worker = os.fork()
    if worker == 0:
        time.sleep(60)
        os._exit(0)
    workers.append(worker)
is_over.set()
thread.join()
PGlite(folder / "data").close()  # which a worker may not have locked
print("free")
for worker in workers:
    os.kill(worker, signal.SIGKILL)
"""


def test_a_child_forked_while_a_directory_is_opened_holds_no_lock() -> None:
    assert output(WHILE_OPENING) == "free\n"


POOLS = """
import pglite_native
from tests.processes import work

if __name__ == "__main__":
    how, directory = sys.argv[1], folder / "data"
    db = PGlite(directory)
    db.exec("create table t as select 1 as n")
    snapshot = folder / "snapshot"
    memory = db.clone()
    memory.engine.snapshot().save(snapshot)
    context = multiprocessing.get_context(how)
    process = context.Process(target=work.one, args=(snapshot,))
    process.start()
    process.join(60)
    print(process.exitcode)
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        print(list(pool.map(work.count, [snapshot] * 4)))
        db.close()
        print(pool.submit(work.reopen, directory).result(60))  # none of them has it locked
    print(memory.query("select n from t").rows)
"""


@pytest.mark.parametrize("how", ["fork", "forkserver", "spawn"])
def test_multiprocessing_and_pools(how: str) -> None:
    assert output(POOLS, how) == "0\n[2, 2, 2, 2]\n[{'n': 1}]\n[{'n': 1}]\n"

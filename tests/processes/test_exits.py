"""The end of the interpreter, with all sorts of things open; and interpreters beside it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.engine.child import ROOT

PATIENCE_S = 60

BEGIN = """
import asyncio, sys, tempfile, threading, time
from pglite_native import AsyncPGlite, Engine, PGlite
from pglite_native.server import Server
from tests import wire
"""

ENDS = {
    "everything open": """
db = PGlite()
directory = PGlite(tempfile.mkdtemp() + "/data")
servers = Server(directory.engine), Server()
stream = db.connect().session.exec_protocol_stream(wire.query("select generate_series(1, 1000000)"))
next(stream)
transaction = db.connect().transaction()
transaction.__enter__()
snapshot = PGlite().engine.snapshot()
db.dsn
""",
    "daemon threads in the middle of queries": """
for db in (PGlite(), PGlite(tempfile.mkdtemp() + "/data")):
    for one, sql in (db, "select count(*) from generate_series(1, 1000000000000)"), \\
                    (db.connect(), "select pg_sleep(600)"):
        threading.Thread(target=one.query, args=(sql,), daemon=True).start()
time.sleep(0.5)
""",
    "a task in the middle of a query": """
db = AsyncPGlite()

async def main():
    await db.query("select 1")
    asyncio.ensure_future(db.query("select pg_sleep(600)"))
    await asyncio.sleep(0.2)

asyncio.run(main())
""",
    "nothing open": """
from pglite_native import dbapi, sqlalchemy

with PGlite() as db, db.clone() as fork, db.connect() as session, Server(db.engine):
    session.exec("select 1")
    db.dsn
    with db.engine.exec_protocol_stream(wire.query("select 1")) as stream:
        list(stream)
with PGlite(tempfile.mkdtemp() + "/data") as db:
    db.dump_data_dir(tempfile.mkdtemp() + "/dump.tar")

async def main():
    async with AsyncPGlite() as db, db.transaction() as transaction:
        await transaction.query("select 1")

asyncio.run(main())
with dbapi.connect() as connection:
    cursor = connection.cursor()
    cursor.execute("select 1")
    cursor.fetchall()
    cursor.close()
engine = sqlalchemy.create_engine()
with engine.connect() as connection:
    connection.exec_driver_sql("select 1")
engine.dispose()
""",
}


def output(script: str) -> str:
    """What a script prints, warnings and all, under the checks of Python's development mode."""
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", BEGIN + script]
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout + ended.stderr


@pytest.mark.parametrize("what", ENDS)
def test_the_interpreter_ends_at_once_and_without_a_word(what: str) -> None:
    assert output(ENDS[what]) == ""


KILLED = """
import os, signal

db = PGlite(settings={"work_mem": "64kB"})
db.exec("create table t as select g from generate_series(1, 100000) g; create index on t (g)")
stream = db.connect().session.exec_protocol_stream(
    wire.query("select * from t a order by g desc"))  # spooled, as it is larger than work_mem
next(stream)
own, snapshot = PGlite(initdb_args=["--auth=trust"]), PGlite().engine.snapshot()
loaded = PGlite(load_data_dir=PGlite().dump_data_dir())
shared = PGlite().connect()
db.dsn, Server(), Server(loaded.engine)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_nothing_in_tmpdir_but_what_the_next_one_removes() -> None:
    with tempfile.TemporaryDirectory(prefix="t") as folder:
        environment = {**os.environ, "TMPDIR": folder}
        command = [sys.executable, "-c", BEGIN + KILLED]
        subprocess.run(command, cwd=ROOT, env=environment, timeout=PATIENCE_S, check=False)
        left = list(Path(folder).iterdir())
        assert len(left) == 3 and all(path.name.startswith("pglite-native-") for path in left)
        command = [sys.executable, "-c", BEGIN + "with Server(): pass"]
        subprocess.run(command, cwd=ROOT, env=environment, timeout=PATIENCE_S, check=True)
        assert list(Path(folder).iterdir()) == []


SUBINTERPRETERS = """
import _xxsubinterpreters as interpreters

db = PGlite()
for number in range(2):
    other = interpreters.create()
    interpreters.run_string(other, '''if True:
        import sys
        sys.path.insert(0, ".")
        from pglite_native import PGlite
        db = PGlite()
        with db.transaction() as transaction:
            print(transaction.query("select 6 * 7 as n").rows, flush=True)
        stream = db.engine.exec_protocol_stream(b"")
    ''')
    interpreters.destroy(other)
print(db.query("select 1 as n").rows)
"""


SERVING = """
import _xxsubinterpreters as interpreters

other = interpreters.create(isolated=False)
for serve in ("Server()", "PGlite().dsn"):
    interpreters.run_string(other, f'''if True:
        import sys
        sys.path.insert(0, ".")
        from pglite_native import EngineError, PGlite
        from pglite_native.server import Server
        try:
            {serve}
        except EngineError as error:
            print(error, flush=True)
    ''')
interpreters.destroy(other)
"""


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="cffi refuses, in words: docs/PROCESSES.md")
def test_a_subinterpreter_serves_nothing() -> None:
    assert output(SERVING).count("serve (Server, dsn, url) from the main interpreter") == 2


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="cffi refuses, in words: docs/PROCESSES.md")
def test_subinterpreters_have_databases_of_their_own() -> None:
    assert output(SUBINTERPRETERS) == "[{'n': 42}]\n[{'n': 42}]\n[{'n': 1}]\n"

"""os.fork() at any moment: the child has its own engines, and leaves its parent's alone."""

from __future__ import annotations

import pytest

from tests.engine import child

pytestmark = pytest.mark.tiers

PATIENCE_S = 120

STORM = """
import os, signal, threading, time, warnings
from pglite_native import Engine
from tests.engine.sql import value

warnings.simplefilter("ignore")  # of Python 3.12, that this is what it is
is_over = threading.Event()

def open_and_close():
    while not is_over.is_set():
        with Engine() as engine, engine.fork() as copy, engine.open_session() as session:
            value(copy, "select sum(n) from generate_series(1, 1000) n")
            value(session, "select 1")

threads = [threading.Thread(target=open_and_close) for _ in range(3)]
for thread in threads:
    thread.start()
ends = []
for moment in range(30):  # the first ones while everything is loaded for the first time
    time.sleep(0.002 * moment)
    pid = os.fork()
    if pid == 0:
        signal.alarm(60)
        with Engine() as engine, engine.fork() as copy, engine.open_session() as session:
            right = [value(one, "select 6 * 7") for one in (engine, copy, session)] == ["42"] * 3
        os._exit(0 if right else 1)
    ends.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
is_over.set()
for thread in threads:
    thread.join()
print(set(ends))
"""


@pytest.mark.long
def test_a_child_forked_at_any_moment_opens_engines() -> None:
    assert child.output(STORM, seconds=PATIENCE_S) == "{0}\n"


COMPILING = """
import os, signal, threading, time, warnings
from pglite_native import Engine
from pglite_native.engine import guest
from pglite_native.engine.binding import ffi, lib
from tests.engine.sql import value

warnings.simplefilter("ignore")
os.environ["PGLITE_NATIVE_TIER"] = "wasm3"
runtime = guest.runtime()
everything = threading.Thread(target=lib.pgn_runtime_compile, args=(runtime.handle, ffi.NULL))
everything.start()
ends = []
children = []
while everything.is_alive():  # some tenths of a second
    children.append(os.fork())
    if children[-1] == 0:
        signal.alarm(20)
        with Engine() as engine:
            os._exit(value(engine, "select 6 * 7") != "42")
    time.sleep(0.01)
print({os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children})
"""


def test_a_child_forked_while_wasm3_compiles_opens_engines() -> None:
    assert child.output(COMPILING, seconds=PATIENCE_S) == "{0}\n"


IMPORTS = """
import sys
from pglite_native import PGlite

loaded = set(sys.modules)
with PGlite() as db, db.clone() as copy, db.connect(user="postgres") as session:
    for one in (db, copy, session):
        one.query("select $1::int + 1", [1])
        one.exec("select 1")
    with db.transaction() as transaction:
        transaction.query("select 1")
print(sorted(set(sys.modules) - loaded))
"""


def test_opening_and_asking_import_nothing() -> None:
    """A child of fork waits forever for a module that another thread was importing at the time."""
    assert child.output(IMPORTS, seconds=PATIENCE_S) == "[]\n"


INHERITED = """
import os, signal, threading, time, warnings
from pglite_native import PGlite
from tests.engine import refusals

warnings.simplefilter("ignore")
db = PGlite()
db.exec("create table t as select 1 as n")
busy = threading.Thread(target=db.query, args=("select pg_sleep(1)",))
busy.start()
time.sleep(0.2)  # the other thread holds what there is to be held
pid = os.fork()
if pid == 0:
    signal.alarm(60)
    refused = refusals.count(lambda: db.query("select 1"), lambda: db.exec("drop table t"),
                             db.clone, db.connect, db.dump_data_dir)
    db.close()
    del db
    os._exit(refused)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
busy.join()
print(db.query("select n from t").rows)
"""


def test_what_a_child_inherits_refuses_and_closes_at_once() -> None:
    assert child.output(INHERITED, seconds=PATIENCE_S) == "5\n[{'n': 1}]\n"


LATER = """
import os, sys, threading, time
from pglite_native import PGlite

LATER = ("decimal", "json", "logging", "uuid", "pglite_native.database.values")
assert not set(LATER) & set(sys.modules), "they are imported when they are needed"
importing, forked = threading.Event(), threading.Event()


class Slow:
    "A finder of one module, which takes its time."

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "uuid" and not importing.is_set():
            importing.set()
            time.sleep(0.5)


sys.meta_path.insert(0, Slow)
thread = threading.Thread(target=__import__, args=("uuid",))
thread.start()
importing.wait()
pid = os.fork()
if pid == 0:
    with PGlite() as db:
        row = "'00000000-0000-0000-0000-000000000007'::uuid as u, 1.5 as n, '[1]'::json as j"
        (found,) = db.query(f"select {row}, '[1,2)'::int4range as r, inet '::1' as i").rows
    os._exit(len(found) != 5 or not set(LATER) <= set(sys.modules))
thread.join()
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


def test_what_is_imported_later_a_child_has_whole() -> None:
    """Also where another thread was importing it as the child was forked."""
    assert child.output(LATER, seconds=PATIENCE_S) == "0\n"


FIRST_FORK = """
import os, sys, threading
if "early" in sys.argv:
    import logging
from pglite_native import PGlite
if "late" in sys.argv:
    import logging

with PGlite() as db:
    db.query("select 1")
    for _ in range(2):
        if os.fork() == 0:
            os._exit(0)
        os.wait()
import logging
thread = threading.Thread(target=logging.getLogger, args=("its lock is free",), daemon=True)
thread.start()
thread.join(10)
assert not thread.is_alive()
"""


@pytest.mark.parametrize("logging_is_imported", ["early", "late", "by the fork"])
def test_the_first_fork_complains_of_nothing(logging_is_imported: str) -> None:
    """Modules are imported by it that themselves have functions around a fork: logging."""
    with child.start(FIRST_FORK, logging_is_imported) as process:
        _, complaints = process.communicate()
    assert (process.returncode, complaints) == (0, "")

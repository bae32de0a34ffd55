"""Durable directories: made, reused, locked, synced, recovered; and what is refused."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pglite_native import Engine, EngineError, EngineLocked
from tests.engine import child
from tests.engine.sql import SqlError, run, sqlstate, value

MARKER = ".pglite-native.creating"  # csrc/engine/cluster/data_directory.c
LOCK_FILE = ".pglite-native.lock"  # csrc/platform/directory_lock.h
NOBODY = 65534


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that was closed in good order, with a table t of one row."""
    folder = tmp_path_factory.mktemp("cluster") / "data"
    with Engine(folder) as engine:
        run(engine, "create table t as select 1 as n; checkpoint")
    return folder


@pytest.fixture
def data(cluster: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoiled."""
    return Path(shutil.copytree(cluster, tmp_path / "data"))


def permissions(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def numbers(folder: Path) -> list[str | None]:
    with Engine(folder) as engine:
        return [n for (n,) in run(engine, "select n from t order by n")]


# --- made and reused ------------------------------------------------------------------------


def test_a_missing_directory_is_made_and_reused(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with Engine(folder) as engine:
        run(engine, "create table t as select 1 as n")
    assert permissions(folder) == 0o700
    assert {permissions(path) for path in folder.rglob("*") if path.is_file()} == {0o600}
    assert (folder / "PG_VERSION").read_text() == "18\n"
    assert not (folder / "postmaster.pid").exists()
    for n in (2, 3):
        with Engine(folder) as engine:
            run(engine, f"insert into t values ({n})")
    assert numbers(folder) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("initdb_args", "mode"),
    [(None, 0o700), ([], 0o700), (["--allow-group-access"], 0o750)],
    ids=["packaged", "initdb", "group access"],
)
def test_an_empty_directory_is_filled_and_its_permissions_are_set(
    tmp_path: Path, initdb_args: list[str] | None, mode: int
) -> None:
    tmp_path.chmod(0o777)
    with Engine(tmp_path, initdb_args=initdb_args) as engine:
        assert value(engine, "show fsync") == "on"
        assert value(engine, "show data_directory") == "/pglite/data"
    assert permissions(tmp_path) == mode


def test_a_relative_path_is_of_the_time_of_opening(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with Engine("data") as engine:
        monkeypatch.chdir(tmp_path / "elsewhere")
        run(engine, "create table t as select 1 as n; checkpoint")
    assert numbers(tmp_path / "data") == ["1"]


@pytest.mark.parametrize("name", ["with space", "naïve-日本", "quote'\"$(x)"])
def test_any_name_will_do(tmp_path: Path, name: str) -> None:
    with Engine(tmp_path / name) as engine:
        run(engine, "create table t as select 1 as n")
    assert numbers(tmp_path / name) == ["1"]


def test_a_link_to_a_directory(data: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(data)
    assert numbers(tmp_path / "link") == ["1"]
    with Engine(data), pytest.raises(EngineLocked):
        Engine(tmp_path / "link")


def test_users_and_databases_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with Engine(folder) as engine:
        run(engine, "create role alice login")
        run(engine, "create database shop owner alice")
    with Engine(folder, user="alice", database="shop") as engine:
        assert run(engine, "select current_user, current_database()") == [("alice", "shop")]
        assert sqlstate(engine, "set session authorization postgres") == "42501"
        run(engine, "create table t as select 1 as n")
    with Engine(folder) as engine:
        assert value(engine, "select to_regclass('t')") is None


def test_a_running_engine_sees_its_files_where_it_opened_them(data: Path, tmp_path: Path) -> None:
    """The directory is held open, not looked up again."""
    with Engine(data) as engine:
        data.rename(tmp_path / "moved")
        run(engine, "insert into t values (2); checkpoint")
    assert numbers(tmp_path / "moved") == ["1", "2"]


# --- locked ---------------------------------------------------------------------------------

OPEN = """
import sys
from pglite_native import Engine, EngineLocked
try:
    Engine(sys.argv[1]).close()
except EngineLocked as error:
    print(error)
"""


def test_locked_in_this_process_and_in_others(data: Path) -> None:
    with Engine(data) as engine:
        with pytest.raises(EngineLocked, match="another engine in this process"):
            Engine(data)
        assert f"in use by process {os.getpid()}" in child.output(OPEN, data)
        run(engine, "insert into t values (2)")  # the refused ones have broken nothing
    assert child.output(OPEN, data) == ""
    assert numbers(data) == ["1", "2"]


def test_the_lock_is_kept_however_the_refused_end(data: Path) -> None:
    """fcntl's locks would go when the refused opener closes its descriptor."""
    with Engine(data):
        for _ in range(2):
            with pytest.raises(EngineLocked):
                Engine(data)
        assert "in use" in child.output(OPEN, data)


def test_a_removed_lock_file_lets_no_one_in(data: Path) -> None:
    with Engine(data):
        (data / LOCK_FILE).unlink()
        with pytest.raises(EngineLocked):
            Engine(data)
        assert "in use by another process" in child.output(OPEN, data)


WITHOUT_STREAMS = """
import os, sys
from pglite_native import Engine
from tests.engine.sql import run

if sys.argv[2] == "before":
    os.closerange(0, 3)
with Engine(sys.argv[1]) as engine:
    os.closerange(0, 3)
    run(engine, "create table u as select generate_series(1, 1000) as i")
    for stream in range(3):
        try:
            os.write(stream, b"said to no one" * 1000)
        except OSError:
            continue
        os._exit(1 + stream)
    run(engine, "checkpoint")
"""


@pytest.mark.parametrize("closed", ["before", "meanwhile"])
def test_what_is_printed_to_closed_streams_gets_into_no_file(data: Path, closed: str) -> None:
    """Their numbers, 0 to 2, would be the next files'."""
    child.output(WITHOUT_STREAMS, data, closed)
    with Engine(data) as engine:
        assert value(engine, "select count(*) from u") == "1000"


FORKING = """
import os, sys, time
from pglite_native import Engine

engine = Engine(sys.argv[1])
worker = os.fork()
if worker == 0:
    time.sleep(60)
    os._exit(0)
if sys.argv[2] == "close":
    engine.close()
print(worker, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("end", ["close", "exit"])
def test_a_forked_worker_holds_no_lock(data: Path, end: str) -> None:
    """Neither once its parent has closed the engine, nor after the parent's end."""
    with child.start(FORKING, data, end) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        if end == "exit":
            assert "in use" in child.output(OPEN, data)
            parent.kill()
            parent.wait()
        try:
            assert child.output(OPEN, data) == ""
        finally:
            parent.kill()
            os.kill(worker, signal.SIGKILL)


def test_locked_by_a_native_server(data: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as server:
        try:
            (data / "postmaster.pid").write_text(f"{server.pid}\n{data}\n")
            with pytest.raises(EngineLocked, match=f"PostgreSQL server.*{server.pid}"):
                Engine(data)
        finally:
            server.kill()
    assert numbers(data) == ["1"]  # a dead server's file is no lock


def test_missing_parents_are_made(tmp_path: Path) -> None:
    with Engine(tmp_path / "a" / "b" / "data") as engine:
        assert value(engine, "select 1") == "1"
    (tmp_path / "file").touch()
    with pytest.raises(EngineError, match=r"cannot make the data directory .*: not a directory"):
        Engine(tmp_path / "file" / "b" / "data")


# --- left behind ----------------------------------------------------------------------------

SPILLING = """
import sys, time
from pglite_native import Engine
from tests.engine.sql import run

engine = Engine(sys.argv[1], settings={"work_mem": "64kB"})
run(engine, "set allow_in_place_tablespaces = on")
run(engine, "create tablespace place location ''")
run(engine, "create temp table t as select n from generate_series(1, 1000) n; analyze t")
run(engine, "create temp table u tablespace place as select 1")
run(engine, "create table much as select g, repeat('y', 1000) s from generate_series(1, 9000) g")
run(engine, "begin; declare c cursor for select * from much order by s, g")
run(engine, "fetch 10 from c")
print("spilled", flush=True)
time.sleep(600)
"""


UNLOGGED = """
import os, sys
from pglite_native import Engine
from tests.engine.sql import run, value

engine = Engine(sys.argv[1])
run(engine, "create unlogged table if not exists u (n int)")
print(value(engine, "select count(*) from u"))
run(engine, "insert into u values (1); checkpoint")
if sys.argv[2] == "close":
    engine.close()
sys.stdout.flush()
os._exit(0)
"""


def test_unlogged_tables_are_kept_by_close_and_emptied_by_a_crash(ram_path: Path) -> None:
    ends = ("close", "close", "crash", "close")
    assert [child.output(UNLOGGED, ram_path / "data", end) for end in ends] == [
        "0\n",
        "1\n",
        "2\n",
        "0\n",
    ]


def test_what_a_killed_engine_leaves_is_removed_by_the_next(tmp_path: Path) -> None:
    data = tmp_path / "data"

    def left() -> set[str]:
        names = (path.relative_to(data).as_posix() for path in data.rglob("*"))
        return {
            re.sub(r"\d+", "#", name) for name in names if re.search(r"/t\d+_|/pgsql_tmp/", name)
        }

    with child.start(SPILLING, data) as process:
        assert process.stdout and process.stdout.readline() == "spilled\n"
        process.kill()
    assert {"base/#/t#_#", "base/pgsql_tmp/pgsql_tmp#.#"} <= left()
    assert any(name.startswith("pg_tblspc/") for name in left())
    temporary = ("t3_4", "t3_4_fsm", "t3_4_vm.1", "t3_4_init", "t3_4.12", "pg_internal.init.999")
    others = ("t3", "t3_", "t_4", "t3_x", "t3_4_x", "t3_4.", "t3_4.x", "x3_4", "pg_internal.init.x")
    for name in (*temporary, *others):
        (data / "base" / "5" / name).touch()
    (data / "global" / "pg_internal.init.999").touch()
    with Engine(data) as engine:
        assert value(engine, "select 1") == "1"
        there = {path.name for path in (data / "base" / "5").iterdir()}
        assert there >= set(others)
        assert not there & set(temporary)
        assert not (data / "global" / "pg_internal.init.999").exists()
        for name in others:
            (data / "base" / "5" / name).unlink()
        assert left() == set()


def test_an_empty_lock_file_keeps_no_one_out(tmp_path: Path) -> None:
    with Engine(tmp_path / "data"):
        pass
    (tmp_path / "data" / "postmaster.pid").touch()
    with Engine(tmp_path / "data") as engine:
        assert value(engine, "select 1") == "1"


# --- tablespaces ----------------------------------------------------------------------------


def test_a_tablespace_elsewhere_is_refused(tmp_path: Path) -> None:
    with Engine(tmp_path / "data") as engine:
        with pytest.raises(SqlError, match="42501: could not create symbolic link"):
            run(engine, "create tablespace fast location '/tmp'")
        run(engine, "set allow_in_place_tablespaces = on")
        run(engine, "create tablespace here location ''")
        run(engine, "create table t tablespace here as select generate_series(1, 1000) n")
    with Engine(tmp_path / "data") as engine:
        assert value(engine, "select count(*) from t") == "1000"


# --- synced ---------------------------------------------------------------------------------

SYNCS = """
import ctypes, sys
from pglite_native import Engine
from tests.engine.sql import run

syncs = ctypes.CDLL(None)
count = ctypes.c_int.in_dll(syncs, "syncs_count")

def measured(action):
    before = count.value
    action()
    return count.value - before

def commit(engine):
    return lambda: run(engine, "insert into t values (1)")

with Engine(sys.argv[1]) as engine:
    assert count.value > 0, "a new directory is not synced"
    run(engine, "create table t(n int)")
    for _ in range(20):
        assert measured(commit(engine)) >= 1, "a commit without a sync"
        assert syncs.syncs_dirty(b"/pg_wal/") == 0, "a commit whose WAL is not synced"
    run(engine, "set synchronous_commit = off")
    assert measured(commit(engine)) == 0
    assert syncs.syncs_dirty(b"/pg_wal/") <= 1
    run(engine, "set synchronous_commit = on")
    assert measured(lambda: run(engine, "checkpoint")) >= 2  # the table, the WAL
    assert syncs.syncs_dirty(b"/base/") == 0, "a checkpoint whose tables are not synced"

    # By any session, what others have written, also if they have gone since.
    with engine.open_session() as one, engine.open_session() as two:
        for session, table in ((one, "u"), (two, "v")):
            run(session, f"create table {table} as select n from generate_series(1, 2000) n")
            run(session, f"vacuum {table}")
        one.close()
        assert syncs.syncs_dirty(b"/base/") > 0
        run(engine, "checkpoint")
        assert syncs.syncs_dirty(b"/base/") == 0, "tables of another session are not synced"
        run(engine, "update v set n = n + 1")
        run(engine, "vacuum v")
        run(two, "checkpoint")
        assert syncs.syncs_dirty(b"/base/") == 0, "nor by that"

with Engine() as engine:
    assert measured(lambda: run(engine, "create table t(n int); checkpoint")) == 0
"""


def test_commits_and_checkpoints_are_synced(tmp_path: Path) -> None:
    """A kill shows nothing of this: the system keeps what a dead process has written."""
    library = tmp_path / "syncs.so"
    source = Path(__file__).with_name("syncs.c")
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, "-shared", "-fPIC", source, "-o", library, "-ldl"], check=True)
    child.output(SYNCS, tmp_path / "data", env={**os.environ, "LD_PRELOAD": str(library)})


# --- killed ---------------------------------------------------------------------------------

WRITER = """
import sys
from pglite_native import Engine
from tests.engine.sql import run, value

engine = Engine(sys.argv[1])
n = int(value(engine, "select coalesce(max(n), 0) from a"))
print("open", flush=True)
while True:
    n += 1
    run(engine, f"begin; insert into a values ({n})")
    run(engine, f"insert into b values ({n}, repeat('x', 2000))")
    if n % 5 == 0:
        run(engine, f"savepoint s; insert into a values (-{n}); rollback to s")
    if n % 7 == 0:
        run(engine, "rollback")
        continue
    run(engine, "commit")
    print(n, flush=True)
    if n % 50 == 0:
        run(engine, "checkpoint")
"""

KILLS = 10


def kill_after(process: child.Child, delay_s: float) -> list[str]:
    """SIGKILL, once it has said that it is ready; what it has printed in whole lines since."""
    assert process.stdout
    assert process.stdout.readline() == "open\n", process.communicate()[1]
    time.sleep(delay_s)
    process.kill()
    # Not communicate's: it would not know of what readline has taken from the pipe beyond its line.
    printed = process.stdout.read()
    process.communicate()
    return [line for line in printed.splitlines(True) if line.endswith("\n")]


def printed_until_killed(
    script: str, folder: Path, *, times: int, delays_s: tuple[float, float]
) -> Iterator[set[int]]:
    """Run a script again and again, each time up to a SIGKILL; the numbers that it has printed."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    delays = random.Random(seed)
    for _ in range(times):
        process = child.start(script, folder)
        yield {int(line) for line in kill_after(process, delays.uniform(*delays_s))}


@pytest.mark.long
def test_killed_while_writing(ram_path: Path) -> None:
    """Every acknowledged commit is there, every other transaction wholly or not at all."""
    folder = ram_path / "data"
    with Engine(folder) as engine:
        run(engine, "create table a(n int primary key); create table b(n int primary key, s text)")
    acknowledged: set[int] = set()
    for printed in printed_until_killed(WRITER, folder, times=KILLS, delays_s=(0.02, 0.5)):
        acknowledged |= printed
        with Engine(folder) as engine:
            a = {int(n or 0) for (n,) in run(engine, "select n from a")}
            b = {int(n or 0) for (n,) in run(engine, "select n from b where length(s) = 2000")}
            by_index = "set enable_seqscan = off; select count(*) from b where n > 0"
            assert value(engine, by_index) == str(len(b))
        assert a == b
        assert acknowledged <= a
        in_doubt = a - acknowledged  # committed, and killed before the answer was printed
        assert len(in_doubt) <= 1
        assert not any(n < 0 or n % 7 == 0 for n in a)
        acknowledged |= in_doubt
    assert acknowledged
    print(f"{len(acknowledged)} commits")


PREPARER = """
import os, shutil, signal, sys
from pathlib import Path
from pglite_native import Engine
from tests.engine.sql import run

data = Path(sys.argv[1])
engine = Engine(data, settings={"max_prepared_transactions": "5", "wal_keep_size": "64MB"})
run(engine, "create table t (n int); checkpoint")
shutil.copy(data / "global" / "pg_control", data.parent)
for n in range(5):
    run(engine, f"insert into t values ({n})")
run(engine, "begin; insert into t values (6); prepare transaction 'six'")
run(engine, "checkpoint")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_killed_in_a_checkpoint_that_has_written_prepared_transactions(tmp_path: Path) -> None:
    """pg_control comes last. A native 18.6 loses it: csrc/engine/cluster/twophase.c says why."""
    data = tmp_path / "data"
    child.is_killed(PREPARER, data)
    (written,) = (data / "pg_twophase").iterdir()
    (tmp_path / "pg_control").replace(data / "global" / "pg_control")
    for _ in range(2):
        with Engine(data, settings={"max_prepared_transactions": "5"}) as engine:
            assert run(engine, "select gid from pg_prepared_xacts") == [("six",)]
            assert value(engine, "select count(*) from t") == "5"
        assert written.exists()
    with Engine(data, settings={"max_prepared_transactions": "5"}) as engine:
        run(engine, "commit prepared 'six'")
        assert value(engine, "select count(*) from t") == "6"


CREATOR = """
import json, sys
from pglite_native import Engine
from pglite_native.engine import guest
guest.runtime()
print("open", flush=True)
Engine(sys.argv[1], initdb_args=json.loads(sys.argv[2]))
print("done", flush=True)
"""


@pytest.mark.parametrize("initdb_args", [None, ["--locale=C"]], ids=["packaged", "initdb"])
def test_killed_while_being_made(tmp_path: Path, initdb_args: list[str] | None) -> None:
    """Whenever it happens, the next opener gets a whole cluster."""
    delays_s = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2) if initdb_args is None else (0.5, 1.5)
    for number, delay_s in enumerate(delays_s):
        folder = tmp_path / str(number)
        kill_after(child.start(CREATOR, folder, json.dumps(initdb_args)), delay_s)
        with Engine(folder) as engine:
            assert value(engine, "select count(*) > 400 from pg_class") == "t"
        assert not (folder / MARKER).exists()


def test_what_stands_beside_the_marker_is_made_again(data: Path) -> None:
    (data / MARKER).touch()
    (data / "global" / "pg_control").unlink()
    with Engine(data) as engine:
        assert value(engine, "select to_regclass('t')") is None
    assert not (data / MARKER).exists()


# --- refused --------------------------------------------------------------------------------


def refusal(folder: Path) -> str:
    with pytest.raises(EngineError) as caught:
        Engine(folder)
    return str(caught.value)


def spoil_control(data: Path) -> None:
    (data / "global" / "pg_control").write_bytes(random.Random(1).randbytes(296))


def spoil_control_checksum(data: Path) -> None:
    with (data / "global" / "pg_control").open("r+b") as file:
        file.seek(100)  # within ControlFileData, after its versions
        file.write(b"\xff\xff")


def truncate_wal(data: Path) -> None:
    for path in (data / "pg_wal").iterdir():
        if path.is_file():
            os.truncate(path, 0)


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "version": (
        lambda data: (data / "PG_VERSION").write_text("17\n"),
        "initialized by PostgreSQL version 17, which is not compatible with this version 18",
    ),
    "garbage in PG_VERSION": (
        lambda data: (data / "PG_VERSION").write_text("old\n"),
        'The file "/pglite/data/PG_VERSION" is invalid|is not a valid data directory',
    ),
    "pg_control of garbage": (spoil_control, "PG_CONTROL_VERSION|incompatible"),
    "pg_control changed": (spoil_control_checksum, "incorrect checksum in control file"),
    "pg_control short": (
        lambda data: os.truncate(data / "global" / "pg_control", 100),
        'could not read file "global/pg_control": read 100 of',
    ),
    "pg_control gone": (
        lambda data: (data / "global" / "pg_control").unlink(),
        'could not open file "global/pg_control"',
    ),
    "WAL truncated": (truncate_wal, "could not locate a valid checkpoint record"),
    "WAL gone": (
        lambda data: shutil.rmtree(data / "pg_wal"),
        'required WAL directory "pg_wal" does not exist',
    ),
    "base gone": (
        lambda data: shutil.rmtree(data / "base"),
        'database subdirectory "base/5" is missing',
    ),
    "pg_xact gone": (
        lambda data: shutil.rmtree(data / "pg_xact"),
        "could not access status of transaction",
    ),
    "settings of garbage": (
        lambda data: (data / "postgresql.conf").write_text("nonsense = = 1\n"),
        'configuration file "/pglite/data/postgresql.conf" contains errors',
    ),
    "pg_hba.conf gone": (
        lambda data: (data / "pg_hba.conf").unlink(),
        "could not load /pglite/data/pg_hba.conf",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_directory_is_refused_in_postgresql_s_words(data: Path, damage: str) -> None:
    spoil, message = DAMAGES[damage]
    spoil(data)
    for _ in range(2):
        with pytest.raises(EngineError, match=message):
            Engine(data)
    with Engine() as other:
        assert value(other, "select 6 * 7") == "42"


def test_a_damaged_table_is_reported_and_the_rest_goes_on(data: Path) -> None:
    """The packaged cluster has data checksums."""
    with Engine(data) as engine:
        run(engine, "create table u as select 2 as n; checkpoint")
        path = value(engine, "select pg_relation_filepath('t')")
    with (data / str(path)).open("r+b") as file:
        file.seek(8000)
        file.write(b"\xff" * 100)
    with Engine(data) as engine:
        with pytest.raises(Exception, match="XX001"):
            run(engine, "select * from t")
        assert value(engine, "select n from u") == "2"


def test_a_foreign_directory_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("x")
    assert "not empty and not a PostgreSQL data directory" in refusal(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")
    assert "not a directory" in refusal(tmp_path / "data")
    assert (tmp_path / "data").read_text() == "x"


UNPRIVILEGED = """
import os, sys
from pathlib import Path
from pglite_native import Engine, EngineError
from pglite_native.engine import guest
guest.runtime()
if os.geteuid() == 0:
    os.seteuid(int(sys.argv[2]))
try:
    Engine(sys.argv[1])
except EngineError as error:
    print(error)
"""


def test_a_directory_that_may_not_be_written(cluster: Path, ram_path: Path) -> None:
    """By its owner; root may do anything."""
    data = Path(shutil.copytree(cluster, ram_path / "data"))
    for path in (data, *data.rglob("*")):
        path.chmod(0o500 if path.is_dir() else 0o400)
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)
    ram_path.chmod(0o755)
    home = {**os.environ, "PGLITE_NATIVE_HOME": str(ram_path / "home")}
    printed = child.output(UNPRIVILEGED, data, NOBODY, env=home)
    for path in (data, *data.rglob("*")):
        path.chmod(0o700)
    assert "permission denied" in printed.lower()
    assert str(data) in printed


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o702])
def test_a_directory_that_others_may_use(data: Path, mode: int) -> None:
    data.chmod(mode)
    assert refusal(data) == (
        f'data directory "{data}" has invalid permissions\n'
        "DETAIL:  Permissions should be u=rwx (0700) or u=rwx,g=rx (0750)."
    )
    for allowed in (0o750, 0o700):
        data.chmod(allowed)
        assert numbers(data) == ["1"]


@pytest.mark.parametrize("name", ["postgresql.conf", "postgresql.auto.conf", "postmaster.pid"])
def test_a_directory_in_the_place_of_a_file(data: Path, name: str) -> None:
    (data / name).unlink(missing_ok=True)
    (data / name).mkdir()
    assert refusal(data).startswith(f"{data}/{name} is a directory, where ")
    (data / name).rmdir()
    if name == "postgresql.conf":  # without which PostgreSQL does not start
        (data / name).touch()
    assert numbers(data) == ["1"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_directory_of_another_user(data: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for folder in (data, empty):
        os.chown(folder, NOBODY, NOBODY)
        assert refusal(folder) == (
            f'data directory "{folder}" has wrong ownership\n'
            "HINT:  The server must be started by the user that owns the data directory."
        )
    assert list(empty.iterdir()) == []

"""Memory, maps and descriptors: given back, shared, and what happens when there are no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine import child

# What every script begins with. Each runs in a process of its own, which it may fill up.
PRELUDE = """
import ctypes, gc, os, resource, sys
from pglite_native import Engine, EngineError, EngineMemoryError
from tests import wire
from tests.engine.sql import run, sqlstate, value

def field(file, name):
    with open(file) as lines:
        return sum(int(line.split()[1]) for line in lines if line.startswith(name + ":"))

def held():
    '''Resident KiB, maps, descriptors.'''
    gc.collect()
    with open("/proc/self/maps") as maps:
        count = len(maps.readlines())
    return field("/proc/self/status", "VmRSS"), count, len(os.listdir("/proc/self/fd"))

def private():
    '''KiB that no other process or mapping has.'''
    gc.collect()
    kinds = ("Private_Dirty", "Private_Clean")
    return sum(field("/proc/self/smaps_rollup", kind) for kind in kinds)

libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
PAGE, PRIVATE_ANONYMOUS, MAP_FAILED = 4096, 0x22, 2**64 - 1

def fill_maps(left=0):
    '''Use up the process's memory maps, but for some; returns them.'''
    pages = []
    while True:
        page = libc.mmap(None, PAGE, len(pages) % 2, PRIVATE_ANONYMOUS, -1, 0)
        if page == MAP_FAILED:  # pages of the same protection side by side are one map
            break
        pages.append(page)
    free(pages, left)
    return pages

def free(pages, count):
    for _ in range(min(count, len(pages))):
        libc.munmap(pages.pop(), PAGE)
"""


def outputs(script: str, *arguments: object) -> list[list[int]]:
    """The numbers that a script printed, by line."""
    lines = child.output(PRELUDE + script, *arguments).splitlines()
    return [[int(word) for word in line.split()] for line in lines]


# --- given back -----------------------------------------------------------------------------

# Ways of having engines and having them no more.
CYCLES = {
    "fork and close": """
copy = base.fork()
assert value(copy, "select count(*) from t") == "100"
copy.close()""",
    "fork and drop": """
copy = base.fork()
assert value(copy, "select count(*) from t") == "100"
del copy""",
    "fork, never asked": "base.fork().close()",
    "snapshot": """
run(base, "update t set n = n + 1 where n = 50")
with Engine(image=base.snapshot()) as copy:
    assert value(copy, "select count(*) from t") == "100" """,
    "restore": """
run(base, "insert into t select generate_series(1, 1000); create table u as select 1")
base.restore(snapshot)""",
    "restore another": """
run(base, "create table if not exists t(n int); insert into t values (1)")
base.restore((snapshot, older)[n % 2])""",
    "ended session": """
base.exec_protocol_raw(wire.terminate())
base.restore(snapshot)""",
    "saved": """
if n % 20 == 0:
    snapshot.save(sys.argv[2])
with Engine(image=sys.argv[2]) as copy:
    assert value(copy, "select count(*) from t") == "100"
""",
    "refused": """
base.exec_protocol_raw(wire.query("copy t from stdin"))
for call in (base.fork, base.snapshot, lambda: base.restore(snapshot)):
    try:
        call()
    except Exception:
        pass
base.exec_protocol_raw(wire.copy_done())""",
}

# A second session begins the cluster's own thread, which would come for housekeeping at some time.
CYCLE = """
base = Engine(settings={"autovacuum": "off"})
base.open_session().close()
older = base.snapshot()
run(base, "create table t as select generate_series(1, 100) as n")
snapshot = base.snapshot()
cycle = compile(sys.argv[1], "cycle", "exec")
copy = None
for n in range(400):
    if n == 100:
        print(*held())
    exec(cycle)
print(*held())
"""


LONG = ("snapshot", "saved")


@pytest.mark.parametrize(
    "cycle", [pytest.param(c, marks=pytest.mark.long) if c in LONG else c for c in CYCLES]
)
def test_everything_is_given_back(cycle: str, ram_path: Path) -> None:
    before, after = outputs(CYCLE, CYCLES[cycle], ram_path / "image")
    print(f"RSS KiB, maps, descriptors: {before} -> {after}")
    assert after[2] == before[2]
    assert after[1] <= before[1] + 2  # of malloc's, at most
    assert after[0] <= before[0] + 1024


MANY = """
base = Engine()
run(base, "create table t as select generate_series(1, 100) as n")
snapshot = base.snapshot()
for n in range(2200):
    if n == 200:
        print(*held())
    with Engine(image=snapshot) as copy:
        run(copy, "insert into t values (1)")
        copy.restore(snapshot)
        run(copy, "insert into t values (1)")
print(*held())
"""


def test_2000_engines_restored_and_closed() -> None:
    before, after = outputs(MANY)
    print(f"RSS KiB, maps, descriptors: {before} -> {after}")
    assert after[1:] == before[1:]
    assert after[0] <= before[0] + 1024


GROWN = """
base = Engine()
run(base, "create table t as select 1 as n")
snapshot = base.snapshot()
print(*held())
run(base, "insert into t select generate_series(1, 400000)")
print(*held())
base.restore(snapshot)
print(*held())
run(base, "select length(string_agg(repeat('x', 1000000), '')) from generate_series(1, 40)")
print(*held())
base.restore(snapshot)
print(*held())
"""


def test_restore_gives_back_what_was_written() -> None:
    start, rows, without, used, end = (line[0] for line in outputs(GROWN))
    written = 14 * 1024  # KiB that so many rows take
    assert rows > start + written
    assert without < start + written // 2
    assert used > without + 40 * 1024
    assert end < without + 4 * 1024


DELETED = """
engine = Engine()
rows = "select g, repeat(md5(g::text), 30) from generate_series(1, 300000) g"
run(engine, "create table t()")
for delete in ("truncate t", "delete from t", "drop table t"):
    run(engine, f"drop table t; create table t as {rows}; checkpoint")
    print(*held(), engine.snapshot().size // 1024)
    run(engine, delete)
    run(engine, "vacuum")
    run(engine, "checkpoint")
    print(*held(), engine.snapshot().size // 1024)
"""


@pytest.mark.long
def test_what_is_deleted_is_given_back_and_not_in_snapshots() -> None:
    lines = outputs(DELETED)
    table = (
        290 * 1024
    )  # KiB; what stays is WAL, whose files are used again, and PostgreSQL's buffers
    for full, empty in zip(lines[::2], lines[1::2], strict=True):
        assert empty[0] < full[0] - table // 2
        assert empty[3] < full[3] - table // 4


PREPARED = """
engine = Engine()
for n in range(6):
    for i in range(1000):
        run(engine, f"prepare p{i} as select relname from pg_class where oid = $1 limit {i}")
    run(engine, "deallocate all")
    if n in (0, 5):
        print(*held())
"""


def test_what_deallocate_frees_is_used_again() -> None:
    """By the session, which keeps it: docs/LIMITS.md."""
    first, last = outputs(PREPARED)
    print(f"RSS KiB: {first[0]} -> {last[0]}")
    assert last[0] < first[0] + 2 * 1024


SLOT = """
engine = Engine(memory_limit=32 << 20)
run(engine, "select pg_create_physical_replication_slot('s', true); create table t(s text)")
for n in range(12):
    run(engine, "insert into t select repeat('x', 1000) from generate_series(1, 20000)")
    run(engine, "truncate t; checkpoint")
assert value(engine, "select wal_status from pg_replication_slots") == "lost"
print(value(engine, "select sum(size)::bigint from pg_ls_waldir()"))
with Engine(settings={"max_slot_wal_keep_size": "-1"}) as other:
    assert value(other, "show max_slot_wal_keep_size") == "-1"
"""


def test_a_slot_keeps_no_wal_without_limit_in_memory() -> None:
    """Nothing reads it here, and WAL is not refused by memory_limit."""
    ((wal,),) = outputs(SLOT)
    assert wal < 100 << 20


GENERATIONS = """
engine = Engine()
for n in range(150):
    run(engine, f"create table t{n} as select 1; drop table if exists t{n and n - 1}")
    copy = engine.fork()
    engine.close()
    engine = copy
    if n == 50:
        print(*held(), engine.snapshot().size // 1024)
print(*held(), engine.snapshot().size // 1024)
"""


@pytest.mark.long
def test_a_line_of_forks_keeps_no_ancestors() -> None:
    before, after = outputs(GENERATIONS)
    print(f"RSS KiB, maps, descriptors, KiB of a snapshot: {before} -> {after}")
    assert after[2] == before[2]
    assert after[1] <= before[1] + 12  # sections: at most 24, and what is between them
    # What 100 transactions have written: WAL, catalogue rows that VACUUM has not yet removed.
    assert after[0] < before[0] + 8 * 1024
    assert after[3] < before[3] + 8 * 1024


# --- shared ---------------------------------------------------------------------------------

SHARED = """
base = Engine()
run(base, "select 1")
base.fork().close()  # compiles, allocates
COUNT = 20
before = private()
copies = [base.fork() for _ in range(COUNT)]
print((private() - before) // COUNT)
for copy in copies:
    assert value(copy, "select 1") == "1"
print((private() - before) // COUNT)
"""


def test_forks_share_their_pages() -> None:
    (idle,), (answered,) = outputs(SHARED)
    print(f"KiB of its own: a fork {idle}, after its first query {answered}")
    assert idle < 256
    assert answered < 2500


# --- no more --------------------------------------------------------------------------------

FULL = """
base = Engine()
run(base, "create table t as select 7 as n")
engines = [base.fork() for _ in range(30)]
for engine in engines:
    assert value(engine, "select n from t") == "7"
limit()
opened = []
try:
    while True:
        opened.append(base.fork())
except EngineMemoryError as error:
    assert isinstance(error, MemoryError)
    assert "close engines" in str(error), error
assert len(opened) > 5, opened
for engine in (base, *engines):
    assert value(engine, "select n from t") == "7"
    run(engine, "update t set n = 7")
for n in range(3):  # again and again
    opened.pop().close()
    opened.append(base.fork())
    assert value(opened[-1], "select n from t") == "7"
    try:
        opened.append(base.fork())
        opened.append(base.fork())
    except EngineMemoryError:
        pass
for engine in opened:
    engine.close()
for engine in [base.fork() for _ in range(5)]:
    assert value(engine, "select n from t") == "7"
print(len(opened))
"""

ADDRESS_SPACE = """
def limit():
    GIB = 1 << 30
    used = field("/proc/self/status", "VmSize") * 1024
    resource.setrlimit(resource.RLIMIT_AS, (used + 200 * GIB, resource.RLIM_INFINITY))
"""

MAPS = """
def limit():
    global pages
    pages = fill_maps(left=300)
"""


@pytest.mark.parametrize("limit", [ADDRESS_SPACE, MAPS], ids=["address space", "maps"])
def test_no_room_for_one_more_engine(limit: str) -> None:
    """An error that says what to do; those that are there answer, and closing some makes room."""
    outputs(limit + FULL)


THOUSANDS = """
base = Engine()
run(base, "create table t as select 7 as n")
engines = []
try:
    while True:
        engines.append(base.fork())
except EngineMemoryError as error:
    assert "vm.max_map_count" in str(error) or "close engines" in str(error), error
free = [engines.pop() for _ in range(10)]
for engine in free:
    engine.close()
for engine in engines[::100]:
    assert value(engine, "select n from t") == "7"
print(len(engines))
"""


def test_thousands_of_forks() -> None:
    """To the system's limit on a process's maps, which is what runs out first."""
    ((count,),) = outputs(THOUSANDS)
    print(f"{count} engines at once")
    assert count > 2000


RESTORE = """
base = Engine()
run(base, "create table t as select 7 as n")
own = base.snapshot()
with Engine() as stranger:
    run(stranger, "create table t as select 8 as n")
    foreign = stranger.snapshot()
copy = Engine(image=own)
run(copy, "update t set n = 9")
pages = fill_maps()
copy.restore(own)  # takes no map
free(pages, 40)
assert value(copy, "select n from t") == "7"
fill_maps()
try:
    copy.restore(foreign)
except EngineMemoryError as error:
    free(pages, 1000)
    assert "vm.max_map_count" in str(error), error
    for use in (lambda: run(copy, "select 1"), copy.snapshot, lambda: copy.restore(own)):
        try:
            use()
        except Exception as refused:
            assert "vm.max_map_count" in str(refused), refused
        else:
            raise AssertionError("it continues")
else:
    raise AssertionError("there was a map left")
copy.close()
assert value(base, "select n from t") == "7"
with Engine(image=foreign) as copy:
    print(value(copy, "select n from t"))
"""


def test_no_map_for_restoring() -> None:
    """One's own image can be had again always; over another one the engine fails, and only it."""
    assert outputs(RESTORE) == [[8]]


REPLY = """
base = Engine()
run(base, "create table t as select 7 as n")
run(base, "select n from t; select 6 * n from t")  # compiles
copies = [base.fork() for _ in range(200)]
pages = fill_maps()
lost = []
for n, copy in enumerate(copies):  # malloc still has something, for the first
    try:
        assert value(copy, "select n from t") == "7"
    except EngineMemoryError:
        lost.append(copy)
free(pages, 1000)
for copy in lost:
    assert value(copy, "select 6 * n from t") == "42"  # and not the reply that was lost
print(len(lost))
"""


def test_no_memory_for_a_reply() -> None:
    """It is an error, and the next reply is the next one's."""
    ((lost,),) = outputs(REPLY)
    assert lost > 0


# The AOT tier has its code.
CODE = """
base = Engine(tier="wasm3")
run(base, "select 1")
copies = [base.fork() for _ in range(4)]
question = "select to_char(avg(n), '999.9'), md5(max(n)::text) from generate_series(1, 9) n"
pages = fill_maps()
failed = 0
for copy in copies[:2]:
    try:
        run(copy, question)
    except EngineError as error:
        assert "memory" in str(error), error
        failed += 1
free(pages, 1000)
for copy in (base, *copies[2:]):
    assert run(copy, question) == [("   5.0", "45c48cce2e2d7fbdea1afc51c7c6ad26")]
print(failed)
"""


def test_no_memory_for_compiling() -> None:
    """The engine that needed the code has failed; the next one that does compiles it."""
    ((failed,),) = outputs(CODE)
    assert failed > 0


FILE = """
base = Engine()
run(base, "create table t as select 7 as n")
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
for call in (base.snapshot, base.fork):
    try:
        call()
    except EngineMemoryError as error:
        assert "drop snapshots" in str(error), error
    else:
        raise AssertionError("a snapshot of less than 1 MiB")
before = held()
for _ in range(20):
    try:
        base.snapshot()
    except EngineMemoryError:
        pass
assert held()[1:] == before[1:]
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
with base.fork() as copy:
    assert value(copy, "select n from t") == "7"

snapshot = base.snapshot()
run(base, "update t set n = 8")
descriptors = len(os.listdir("/proc/self/fd"))
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors - 1, hard))
for _ in range(3):
    try:
        base.snapshot()
    except EngineMemoryError as error:
        assert "drop snapshots" in str(error), error
    else:
        raise AssertionError("a snapshot without a descriptor")
with Engine(image=snapshot) as copy:  # needs none
    print(value(copy, "select n from t"))
print(value(base, "select n from t"))
"""


def test_no_file_for_a_snapshot() -> None:
    assert outputs(FILE) == [[7], [8]]

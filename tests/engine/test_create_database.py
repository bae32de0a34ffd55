"""CREATE DATABASE: by copying files, which in memory share what they have in common."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pglite_native import Engine
from pglite_native.engine.guest import packaged
from pglite_native.engine.pack import BLOCK, unpack
from tests.engine.sql import run, sqlstate, value

ROWS = 20_000


@pytest.fixture
def engine() -> Iterator[Engine]:
    """An engine with 10 MB in its database, on disk as far as there is one."""
    with Engine() as engine:
        fill(engine)
        yield engine


def fill(engine: Engine, rows: int = ROWS) -> None:
    # Half of a page is left for new versions of its rows: an UPDATE changes pages and adds none.
    run(
        engine,
        "create table t(id int, note text) with (fillfactor = 40);"
        f"insert into t select g, repeat(md5(g::text), 6) from generate_series(1, {rows}) g;"
        "checkpoint",
    )


def copy(engine: Engine, name: str, template: str, strategy: str = "file_copy") -> int:
    """Make a database; return what the files in memory have grown by."""
    before = engine.statistics()["file_memory"]
    run(engine, f"create database {name} template {template} strategy {strategy}")
    return engine.statistics()["file_memory"] - before


def files(engine: Engine, database: str) -> dict[str | None, str | None]:
    """The files of a database by name, hashed."""
    found = run(
        engine,
        "select file, md5(pg_read_binary_file('base/' || oid || '/' || file))"
        " from pg_database, pg_ls_dir('base/' || oid) file"
        f" where datname = '{database}'",
    )
    return {name: content for name, content in found if name != "pg_internal.init"}


def test_copy_takes_no_space(engine: Engine) -> None:
    size = int(value(engine, "select pg_database_size('postgres')") or "")
    assert size > 10_000_000
    for number in range(3):
        assert copy(engine, f"copy{number}", "postgres") < size / 10
    table = value(engine, "select pg_relation_filenode('t')::text")
    assert files(engine, "copy0")[table] == files(engine, "postgres")[table]
    assert files(engine, "copy0") == files(engine, "copy2")


def test_writes_stay_where_they_are_made(engine: Engine) -> None:
    copy(engine, "a", "postgres")
    copy(engine, "b", "a")  # a copy of a copy
    before = files(engine, "a")
    assert files(engine, "b") == before
    run(engine, "update t set note = upper(note) where id % 3 = 0")
    run(engine, "checkpoint")
    run(engine, "vacuum full t")
    assert files(engine, "a") == before
    assert files(engine, "b") == before

    # A session has one database for ever, so a's files are written to as files.
    oid = value(engine, "select oid from pg_database where datname = 'a'")
    run(engine, f"copy (select 'gone') to '/pglite/data/base/{oid}/1259'")
    assert files(engine, "a") != before
    assert files(engine, "b") == before
    assert value(engine, "select count(*) from t where note = upper(note)") == str(ROWS // 3)
    assert value(engine, "select count(*) > 400 from pg_class") == "t"


def test_either_can_be_dropped(engine: Engine) -> None:
    start = engine.statistics()["file_memory"]
    copy(engine, "a", "postgres")
    copy(engine, "b", "a")
    before = files(engine, "b")
    run(engine, "drop database a")
    assert files(engine, "b") == before
    copy(engine, "c", "b")
    run(engine, "drop database b")
    assert files(engine, "c") == before
    for statement in ("drop database c", "drop table t", "checkpoint"):
        run(engine, statement)
    assert engine.statistics()["file_memory"] < start - 9_000_000


def test_wal_log_is_as_it_was(engine: Engine) -> None:
    copy(engine, "a", "postgres", "wal_log")
    run(engine, "checkpoint")
    before = files(engine, "a")
    assert before.keys() == files(engine, "postgres").keys()
    run(engine, "update t set note = upper(note)")
    run(engine, "checkpoint")
    assert files(engine, "a") == before


def test_no_room_to_take_apart() -> None:
    """53100 where a shared page is written and there is no room for a second one of it."""
    with Engine(memory_limit=24 << 20) as engine:
        fill(engine, ROWS // 2)
        copy(engine, "a", "postgres")
        before = files(engine, "a")
        run(engine, "create unlogged table filler(note text)")
        filler = "insert into filler select repeat('x', 2000) from generate_series(1, 200)"
        while (state := sqlstate(engine, filler)) == "00000":
            pass
        assert state == "53100"
        assert sqlstate(engine, "update t set note = upper(note)") == "00000"
        assert sqlstate(engine, "checkpoint") == "53100"
        assert files(engine, "a") == before
        assert value(engine, "select count(*) from t where note = upper(note)") == str(ROWS // 2)
        run(engine, "drop table filler")
        assert sqlstate(engine, "checkpoint") == "00000"
        run(engine, "drop database a")
        assert value(engine, "select count(*) from t where note = upper(note)") == str(ROWS // 2)


@pytest.mark.parametrize("strategy", ["file_copy", "wal_log"])
def test_in_a_directory(ram_path: Path, strategy: str) -> None:
    """Nothing is shared there; the copy is one, and stays."""
    with Engine(ram_path / "data") as engine:
        fill(engine, 1000)
        copy(engine, "a", "postgres", strategy)
        run(engine, "update t set note = 'changed'")
    with Engine(ram_path / "data", database="a") as engine:
        assert (
            value(engine, "select count(*) from t where note = repeat(md5(id::text), 6)") == "1000"
        )
        run(engine, "delete from t")
    with Engine(ram_path / "data") as engine:
        assert value(engine, "select count(*) from t where note = 'changed'") == "1000"


def test_databases_of_the_packaged_cluster_are_stored_once() -> None:
    """Of the blocks of all three, a third and a few are different ones."""
    zeros = bytes(BLOCK)
    blocks = [
        block
        for entry in unpack((packaged() / "cluster.pack").read_bytes())
        if entry.path.startswith("base/")
        for offset in range(0, len(entry.content), BLOCK)
        if (block := entry.content[offset : offset + BLOCK].ljust(BLOCK, b"\0")) != zeros
    ]
    assert len(blocks) > 5000
    assert len(set(blocks)) < len(blocks) / 3

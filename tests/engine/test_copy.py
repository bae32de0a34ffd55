"""copy_to_memory: a data directory's way to snapshots and forks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pglite_native import Engine, EngineBusy, EngineClosed, SnapshotError
from tests import wire
from tests.engine.sql import run, value


@pytest.fixture
def durable(ram_path: Path) -> Iterator[Engine]:
    with Engine(ram_path / "data", settings={"work_mem": "7MB"}) as engine:
        run(engine, "create table t(n int primary key); insert into t select generate_series(1, 9)")
        yield engine


def test_the_copy_has_the_rows_and_the_settings(durable: Engine) -> None:
    with durable.copy_to_memory() as copy:
        assert value(copy, "select sum(n) from t") == "45"
        assert value(copy, "show work_mem") == "7MB"
        assert run(copy, "select n from t where n = 4") == [("4",)]


def test_the_copy_has_the_rows_of_unlogged_tables(durable: Engine) -> None:
    run(durable, "create unlogged table u as select 1 as n")
    with durable.copy_to_memory() as copy:
        assert run(copy, "select n from u") == [("1",)]
    run(durable, "insert into u values (2)")


def test_neither_sees_what_the_other_writes(durable: Engine) -> None:
    with durable.copy_to_memory() as copy:
        run(copy, "delete from t where n > 3; create table only_in_copy()")
        run(durable, "insert into t values (10)")
        assert value(copy, "select count(*) from t") == "3"
        assert value(durable, "select count(*) from t") == "10"
        assert value(durable, "select to_regclass('only_in_copy')") is None


def test_the_copy_can_be_forked(durable: Engine) -> None:
    with durable.copy_to_memory() as copy, copy.fork() as fork:
        run(fork, "truncate t")
        assert value(copy, "select count(*) from t") == "9"


def test_the_directory_goes_on_and_keeps_everything(durable: Engine, ram_path: Path) -> None:
    durable.copy_to_memory().close()
    run(durable, "insert into t values (10)")
    durable.close()
    with Engine(ram_path / "data") as again:
        assert value(again, "select count(*) from t") == "10"


def test_what_is_large_is_copied_whole(durable: Engine) -> None:
    run(
        durable,
        "create table l as select g, repeat(md5(g::text), 8) from generate_series(1, 20000) g",
    )
    summary = "select count(*), md5(string_agg(l::text, ',' order by g)) from l"
    with durable.copy_to_memory() as copy:
        assert run(copy, summary) == run(durable, summary)


def test_a_copy_of_an_engine_in_memory() -> None:
    with Engine() as engine:
        run(engine, "create table t as select 1 as n; create temp table gone()")
        with engine.copy_to_memory() as copy:
            assert value(copy, "select n from t") == "1"
            assert value(copy, "select to_regclass('gone')") is None


def test_not_in_a_transaction(durable: Engine) -> None:
    run(durable, "begin; insert into t values (10)")
    with pytest.raises(SnapshotError, match="transaction is in progress"):
        durable.copy_to_memory()
    run(durable, "commit")
    with durable.copy_to_memory() as copy:
        assert value(copy, "select count(*) from t") == "10"


def test_not_in_the_middle_of_copy(durable: Engine) -> None:
    durable.exec_protocol_raw(wire.query("copy t from stdin"))
    with pytest.raises(SnapshotError, match="COPY"):
        durable.copy_to_memory()
    durable.exec_protocol_raw(wire.copy_data(b"10\n") + wire.copy_done())
    assert value(durable, "select count(*) from t") == "10"


def test_not_while_a_stream_is_open(durable: Engine) -> None:
    with durable.exec_protocol_stream(wire.query("select generate_series(1, 1000000)")) as stream:
        next(stream)
        with pytest.raises(EngineBusy):
            durable.copy_to_memory()
    assert value(durable, "select count(*) from t") == "9"


def test_not_of_a_closed_engine(durable: Engine) -> None:
    durable.close()
    with pytest.raises(EngineClosed):
        durable.copy_to_memory()


def test_a_data_directory_has_no_snapshots(durable: Engine) -> None:
    with Engine() as other:
        snapshot = other.snapshot()
    for refused in (durable.snapshot, durable.fork, lambda: durable.restore(snapshot)):
        with pytest.raises(SnapshotError, match="copy_to_memory"):
            refused()
    assert value(durable, "select count(*) from t") == "9"

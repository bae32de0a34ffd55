"""The engine checkpoints when 64 MiB have been written, as a server's checkpointer would.

How it does is in tests/concurrency/test_checkpointer.py; here, what a client notices of it.
"""

from __future__ import annotations

import resource
import time
from pathlib import Path

import pytest

from pglite_native import Engine
from tests import wire
from tests.engine.sql import run, value

MIB = 1 << 20
DUE = 64 * MIB  # csrc/engine/instance/limits.h

# Some 8 MiB of WAL and nothing else; a dozen of them make a checkpoint due.
WRITE = "select pg_logical_emit_message(true, 'test', repeat('x', 8000000))"
DOZEN = range(12)
PATIENCE_S = 30.0


def wal_size(engine: Engine) -> int:
    return int(value(engine, "select sum(size) from pg_ls_waldir()") or 0)


def last_checkpoint(engine: Engine) -> str | None:
    return value(engine, "select checkpoint_lsn from pg_control_checkpoint()")


def until_another(engine: Engine, before: str | None) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while last_checkpoint(engine) == before:
        assert time.monotonic() < deadline, "there is no checkpoint"
        time.sleep(0.01)


@pytest.mark.parametrize("durable", [False, True], ids=["memory", "directory"])
def test_the_wal_does_not_grow_for_ever(durable: bool, ram_path: Path) -> None:
    with Engine(ram_path / "data" if durable else None) as engine:
        sizes = []
        for _ in range(3):
            for _ in DOZEN:
                run(engine, WRITE)
            sizes.append(wal_size(engine))
        assert max(sizes) < 2 * DUE


def test_the_client_hears_nothing_of_it() -> None:
    """Neither a user without the right to checkpoint, nor one whose settings would show it."""
    with Engine() as engine:
        before = last_checkpoint(engine)
        run(engine, "set log_statement = 'all'; set client_min_messages = debug1")
        run(engine, "create role alice; set role alice")
        message = wire.parse("", WRITE) + wire.bind("", "") + wire.execute() + wire.sync()
        assert len({wire.kinds(engine.exec_protocol_raw(message)) for _ in DOZEN}) == 1
        assert value(engine, "select current_user") == "alice"
        run(engine, "reset role")
        until_another(engine, before)


def test_the_unnamed_statement_survives_it() -> None:
    with Engine() as engine:
        before = last_checkpoint(engine)
        engine.exec_protocol_raw(wire.parse("", WRITE) + wire.sync())
        again = wire.bind("", "") + wire.execute() + wire.sync()
        assert {wire.kinds(engine.exec_protocol_raw(again)) for _ in DOZEN} == {"2DCZ"}
        until_another(engine, before)


def test_an_open_transaction_does_not_put_it_off() -> None:
    with Engine() as engine:
        before = last_checkpoint(engine)
        run(engine, "begin")
        for _ in DOZEN:
            run(engine, WRITE)
        until_another(engine, before)
        run(engine, "commit")


def test_nor_does_an_implicit_one() -> None:
    """That of an extended query whose Sync is still to come."""
    ask = "select checkpoint_lsn from pg_control_checkpoint()"
    with Engine() as engine:
        before = last_checkpoint(engine)

        def answer(sql: str) -> str | None:
            message = wire.parse("", sql) + wire.bind("", "") + wire.execute() + wire.flush()
            reply = engine.exec_protocol_raw(message)
            assert wire.kinds(reply) == "12DC"
            ((field,),) = wire.rows(reply)
            return field.decode() if field else None

        for _ in DOZEN:
            answer(WRITE)
        deadline = time.monotonic() + PATIENCE_S
        while answer(ask) == before:
            assert time.monotonic() < deadline, "there is no checkpoint"
            time.sleep(0.01)
        engine.exec_protocol_raw(wire.sync())


def test_a_checkpoint_that_fails_costs_nothing(ram_path: Path) -> None:
    """The system refuses to write where the table has long been; the client hears nothing of it."""
    limit = 4 * MIB
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Engine(ram_path / "data") as engine:
        run(
            engine,
            "create table t as select repeat(md5(n::text), 60) s from generate_series(1, 4200) n",
        )
        assert int(value(engine, "select pg_relation_size('t')") or 0) > limit
        before = last_checkpoint(engine)
        engine.open_session().close()  # shared memory is a file from now on, which is larger
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        failed = "select num_requested > num_done from pg_stat_checkpointer"
        try:
            for _ in DOZEN:
                assert wire.kinds(engine.exec_protocol_raw(wire.query(WRITE))) == "TDCZ"
            deadline = time.monotonic() + PATIENCE_S
            while value(engine, failed) != "t":
                assert time.monotonic() < deadline, "there is no checkpoint that fails"
                time.sleep(0.01)
            time.sleep(0.5)  # it has only begun
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert last_checkpoint(engine) == before
        for _ in DOZEN:
            run(engine, WRITE)
        until_another(engine, before)
        assert value(engine, "select count(*) from t") == "4200"

"""Ctrl-C: whenever it comes, the session can be used afterwards."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

# Before any interrupt, as CPython 3.11 makes a SystemError of one while pytest parses a module.
import pglite_native.engine.sql_dump  # noqa: F401
from pglite_native import Engine, PGlite
from tests import wire
from tests.interrupts import interrupted_after

LONG = "select sum(n) from generate_series(1, 3000000) n"
LONG_COPY = "copy (select repeat('x', 1000) from generate_series(1, 100000)) to stdout"

# The first break of a call comes after 50 ms; a short call is over in less than one.
DELAYS_S = [0.0002 * step for step in range(1, 20)] + [0.01, 0.03, 0.048, 0.05, 0.052, 0.1, 0.25]


def raw(db: PGlite) -> None:
    for _ in range(3000):
        db.engine.exec_protocol_raw(wire.query("select 1"))


def stream(db: PGlite) -> None:
    with db.engine.exec_protocol_stream(wire.query(LONG)) as parts:
        for _ in parts:
            pass


def short(db: PGlite) -> None:
    for _ in range(1000):
        db.query("select $1::int", [1])


def long(db: PGlite) -> None:
    db.query(LONG)


def copy_in(db: PGlite) -> None:
    db.copy_from("copy t from stdin", (b"1\n" for _ in range(10**9)))


def copy_out(db: PGlite) -> None:
    db.copy_to(LONG_COPY, io.BytesIO())


def transactions(db: PGlite) -> None:
    for _ in range(1000):
        with db.transaction() as transaction:
            transaction.query("insert into t values (1)")
            transaction.rollback()


def dump(db: PGlite) -> None:
    db.dump_sql()


@pytest.mark.parametrize("work", [raw, stream, short, long, copy_in, copy_out, transactions, dump])
def test_an_interrupt_at_any_moment_leaves_the_session_usable(
    work: Callable[[PGlite], None],
) -> None:
    with PGlite() as db:
        db.exec("create table t (a int)")
        for delay_s in DELAYS_S:
            try:
                with interrupted_after(delay_s):
                    work(db)
            except KeyboardInterrupt:  # which holds all frames: what they have is not dropped yet
                assert db.query("select count(*) as n from t").rows == [{"n": 0}]
                db.exec("vacuum t")  # not in a transaction
            db.query("select 1")


def test_an_interrupt_of_one_session_is_none_of_the_others() -> None:
    with Engine() as engine:
        other = engine.open_session()
        other.exec_protocol_raw(wire.query("begin"))
        for delay_s in DELAYS_S:
            try:
                with interrupted_after(delay_s):
                    engine.exec_protocol_raw(wire.query(LONG))
            except KeyboardInterrupt:
                assert other.exec_protocol_raw(wire.query("select 1")).endswith(b"T")

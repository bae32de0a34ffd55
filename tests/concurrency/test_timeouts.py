"""Timeouts strike when they are due: in a statement, between two, and without a call."""

from __future__ import annotations

import pytest

from tests.concurrency.stage import Actor, script

TABLE = "create table t as select 1 as n"


@script
def test_statement_timeout_ends_a_wait_for_a_lock(a: Actor, b: Actor) -> None:
    a.run(TABLE)
    a.run("begin; update t set n = 2")
    b.run("set statement_timeout = '60ms'")
    for sql in ("update t set n = 3", "begin; lock table t", "rollback; select pg_sleep(600)"):
        assert b.fails(sql) == "57014"
    b.run("rollback")
    a.run("commit")
    assert b.run("update t set n = n + 1 returning n") == [("3",)]


@script
def test_statement_timeout_while_another_computes(a: Actor, b: Actor) -> None:
    a.start("do $$ begin loop end loop; end $$")
    b.run("set statement_timeout = '60ms'")
    assert b.fails("do $$ begin loop end loop; end $$") == "57014"
    assert a.is_running()
    a.cancel()
    assert a.error() == "57014"


@script
def test_lock_timeout_and_statement_timeout_whichever_comes_first(a: Actor, b: Actor) -> None:
    a.run(TABLE)
    a.run("begin; lock table t")
    b.run("set lock_timeout = '60ms'; set statement_timeout = '1h'")
    assert b.fails("select from t") == "55P03"
    b.run("set lock_timeout = '1h'; set statement_timeout = '60ms'")
    assert b.fails("select from t") == "57014"


@script
def test_transaction_timeout_strikes_in_a_wait(a: Actor, b: Actor) -> None:
    a.run(TABLE)
    a.run("begin; update t set n = 2")
    b.run("set transaction_timeout = '100ms'")
    b.start("begin; update t set n = 3")
    assert b.error() == "25P04"
    b.has_gone()


IDLE = [
    ("idle_in_transaction_session_timeout", "begin; update t set n = 5", "25P03"),
    ("transaction_timeout", "begin; update t set n = 5", "25P04"),
    ("idle_session_timeout", "update t set n = 0", "57P05"),
]


@pytest.mark.parametrize(("setting", "doing", "code"), IDLE, ids=[row[0] for row in IDLE])
@script
def test_an_idle_session_ends_when_it_is_time(
    a: Actor, b: Actor, setting: str, doing: str, code: str
) -> None:
    """No call is made to it; those that wait for its locks get them then."""
    a.run(TABLE)
    a.run("update t set n = 0")
    b.run(f"set {setting} = '100ms'")
    b.run(doing)
    a.start("update t set n = n + 1 returning n")
    assert a.finish() == [("1",)]
    b.has_gone()
    assert b.last_words() == code


@script
def test_an_aborted_transaction_s_idle_timeout(a: Actor, b: Actor) -> None:
    b.run("set idle_in_transaction_session_timeout = '60ms'")
    assert b.fails("begin; select 1/0") == "22012"
    b.has_gone()
    assert b.last_words() == "25P03"
    assert a.value("select 1") == "1"


@script
def test_an_idle_timeout_does_not_strike_who_is_busy(a: Actor, b: Actor) -> None:
    a.run("select pg_advisory_lock(7)")
    b.run("set idle_in_transaction_session_timeout = '60ms'; set idle_session_timeout = '10s'")
    b.start("begin; select pg_advisory_lock(7)")
    b.waits("advisory")
    a.run("select pg_sleep(0.15)")
    a.run("select pg_advisory_unlock(7)")
    b.finish()

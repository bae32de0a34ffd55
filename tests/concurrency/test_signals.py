"""What one session does to another: cancel, terminate, notify, have it read its settings again."""

from __future__ import annotations

import pytest

from tests.concurrency.stage import Actor, Stage, script

pytestmark = pytest.mark.tiers

PID = "select pid from pg_stat_activity where application_name = '{}'"
CANCEL = f"select pg_cancel_backend(({PID}))"
TERMINATE = f"select pg_terminate_backend(({PID}))"
ENDLESS = "do $$ begin loop end loop; end $$"

BUSY = {
    "sleeping": ("select pg_sleep(600)", "PgSleep"),
    "waiting for a row": ("update t set n = 0", "transactionid"),
    "waiting for a table": ("lock table u", "relation"),
    "waiting for an advisory lock": ("select pg_advisory_lock(7)", "advisory"),
    "computing": (ENDLESS, None),
}
TABLES = "create table t as select 1 as n; create table u (); select pg_advisory_lock(7)"


def occupy(a: Actor, b: Actor, stage: Stage, what: str) -> None:
    """Have `b` be busy with something that does not end by itself, and `a` hold what it wants."""
    a.run(TABLES)
    a.run("begin; update t set n = 2; lock table u")
    statement, event = BUSY[what]
    b.start("begin; " + statement if event == "relation" else statement)
    if event:
        b.waits(event)
    else:
        stage.until(
            "select count(*) = 1 from pg_stat_activity where application_name = 'b'"
            " and state = 'active' and query like 'do %'"
        )


# --- cancel ---------------------------------------------------------------------------------


@pytest.mark.parametrize("what", BUSY)
@script
def test_pg_cancel_backend(a: Actor, b: Actor, stage: Stage, what: str) -> None:
    occupy(a, b, stage, what)
    assert a.value(CANCEL.format("b")) == "t"
    assert b.error() == "57014"
    b.run("rollback")
    a.run("commit")
    assert b.value("select n from t") == "2"


@pytest.mark.parametrize("what", BUSY)
@script
def test_a_client_s_cancel_request(a: Actor, b: Actor, stage: Stage, what: str) -> None:
    occupy(a, b, stage, what)
    b.cancel()
    assert b.error() == "57014"
    b.run("rollback")


@script
def test_cancelling_an_idle_session_does_nothing(a: Actor, b: Actor) -> None:
    assert a.value(CANCEL.format("b")) == "t"
    assert b.value("select 1") == "1"


@script
def test_cancelling_in_a_transaction_s_pause_does_nothing(a: Actor, b: Actor) -> None:
    b.run("begin; create table t ()")
    assert a.value(CANCEL.format("b")) == "t"
    b.run("commit")


@script
def test_who_may_cancel_and_terminate(a: Actor, b: Actor) -> None:
    a.run("create role guest")
    a.run("set role guest")
    assert a.fails(CANCEL.format("b")) == "42501"
    assert a.fails(TERMINATE.format("b")) == "42501"
    assert b.value("select 1") == "1"


@script
def test_a_process_that_is_not_there(a: Actor) -> None:
    assert a.value("select pg_cancel_backend(2147483647)") == "f"
    assert a.value("select pg_terminate_backend(2147483647)") == "f"


# --- terminate ------------------------------------------------------------------------------


@pytest.mark.parametrize("what", BUSY)
@script
def test_pg_terminate_backend(a: Actor, b: Actor, stage: Stage, what: str) -> None:
    occupy(a, b, stage, what)
    assert a.value(TERMINATE.format("b")) == "t"
    assert b.error() == "57P01"
    b.has_gone()


@pytest.mark.parametrize("doing", ["select 1", "begin; update t set n = 5"])
@script
def test_terminating_an_idle_session_gives_up_its_locks(a: Actor, b: Actor, doing: str) -> None:
    """At once: not when it is called next."""
    a.run("create table t as select 1 as n")
    b.run(doing)
    assert a.value(f"select pg_terminate_backend(({PID.format('b')}), 5000)") == "t"
    b.has_gone()
    assert a.run("update t set n = n + 1 returning n") == [("2",)]
    assert b.last_words() == "57P01"


@script
def test_terminating_itself(a: Actor, b: Actor) -> None:
    assert a.fails("select pg_terminate_backend(pg_backend_pid())") == "57P01"
    a.has_gone()
    assert b.value("select 1") == "1"


# --- notify ---------------------------------------------------------------------------------


@script
def test_idle_listeners_are_notified_at_commit(a: Actor, b: Actor, c: Actor) -> None:
    for actor in (b, c):
        actor.run("listen news")
    a.run("begin; notify news, 'first'; notify news, 'second'; notify other, 'x'")
    assert b.run("select 1") == [("1",)]
    a.run("commit")
    for actor in (b, c):
        assert actor.hears(2) == [("a", "news", "first"), ("a", "news", "second")]


@script
def test_a_rollback_notifies_nobody(a: Actor, b: Actor) -> None:
    b.run("listen news")
    a.run("begin; notify news, 'lost'")
    a.run("rollback")
    a.run("notify news, 'found'")
    assert b.hears() == [("a", "news", "found")]


@script
def test_a_busy_listener_is_notified_after_its_statement(a: Actor, b: Actor) -> None:
    b.run("listen news")
    a.run("select pg_advisory_lock(7)")
    b.start("select pg_advisory_lock(7)")
    b.waits("advisory")
    a.run("notify news, 'busy?'")
    a.run("select pg_advisory_unlock(7)")
    outcome = b.outcome()
    assert (outcome.notifications or b.hears()) == [("a", "news", "busy?")]


@script
def test_a_listener_in_a_transaction_is_notified_after_it(a: Actor, b: Actor) -> None:
    b.run("listen news")
    b.run("begin")
    a.run("notify news, 'later'")
    b.start("select 1")
    assert b.outcome().notifications == []
    b.start("commit")
    outcome = b.outcome()
    assert (outcome.notifications or b.hears()) == [("a", "news", "later")]


@script
def test_notifications_of_oneself(a: Actor) -> None:
    a.run("listen news")
    a.start("notify news, 'me'")
    outcome = a.outcome()
    assert (outcome.notifications or a.hears()) == [("a", "news", "me")]
    a.run("unlisten news")
    a.start("notify news, 'me'")
    assert a.outcome().notifications == []


@script
def test_notifications_of_a_trigger(a: Actor, b: Actor) -> None:
    a.run(
        "create table t (n int); create function tell() returns trigger language plpgsql as"
        " 'begin perform pg_notify(''t'', new.n::text); return new; end';"
        " create trigger tell after insert on t for each row execute function tell()"
    )
    b.run("listen t")
    a.run("insert into t select generate_series(1, 50)")
    assert [payload for _, _, payload in b.hears(50)] == [str(n) for n in range(1, 51)]


# --- settings -------------------------------------------------------------------------------


@script
def test_a_reload_is_seen_by_all(a: Actor, b: Actor, c: Actor, stage: Stage) -> None:
    c.run("set work_mem = '7MB'")
    a.run("alter system set work_mem = '9MB'")
    assert b.value("show work_mem") == "4MB"
    a.run("select pg_reload_conf()")
    for actor in (a, b):
        for _ in stage.patiently("the new setting"):
            if actor.secret("show work_mem") == "9MB":
                break
    assert c.value("show work_mem") == "7MB"
    c.run("reset work_mem")
    assert c.value("show work_mem") == "9MB"
    a.run("alter system reset work_mem")
    a.run("select pg_reload_conf()")
    for _ in stage.patiently("the old setting"):
        if b.secret("show work_mem") == "4MB":
            break


@script
def test_a_reload_does_not_change_a_statement_that_runs(a: Actor, b: Actor, stage: Stage) -> None:
    a.run("select pg_advisory_lock(7)")
    b.start(
        "do $$ begin perform pg_advisory_lock(7);"
        " raise notice '%', current_setting('work_mem'); end $$"
    )
    b.waits("advisory")
    a.run("alter system set work_mem = '9MB'")
    a.run("select pg_reload_conf()")
    a.run("select pg_advisory_unlock(7)")
    b.finish()
    for _ in stage.patiently("the new setting"):
        if b.secret("show work_mem") == "9MB":
            break


@script
def test_a_session_begins_with_the_settings_of_the_files(a: Actor, stage: Stage) -> None:
    a.run("alter system set work_mem = '9MB'")
    a.run("select pg_reload_conf()")
    for _ in stage.patiently("the new setting"):
        if a.secret("show work_mem") == "9MB":
            break
    assert stage.actor("b").value("show work_mem") == "9MB"

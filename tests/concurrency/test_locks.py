"""Locks that conflict: who waits, for what, and who is woken when they are given up."""

from __future__ import annotations

import pytest

from tests.concurrency.stage import Actor, Stage, script

pytestmark = pytest.mark.tiers

ROW = "create table t as select 1 as id, 10 as n; alter table t add primary key (id)"
ROWS = "create table t as select id, 10 as n from generate_series(1, 4) id;" \
    " alter table t add primary key (id)"  # fmt: skip

# --- rows -----------------------------------------------------------------------------------


@script
def test_an_update_waits_for_the_row_s_other_update(a: Actor, b: Actor) -> None:
    a.run(ROW)
    a.run("begin; update t set n = n + 1")
    b.start("update t set n = n * 2 returning n")
    b.waits("transactionid")
    a.run("commit")
    assert b.finish() == [("22",)]


@script
def test_a_rollback_wakes_too(a: Actor, b: Actor) -> None:
    a.run(ROW)
    a.run("begin; update t set n = n + 1")
    b.start("update t set n = n * 2 returning n")
    b.waits("transactionid")
    a.run("rollback")
    assert b.finish() == [("20",)]


@script
def test_a_savepoint_s_rollback_gives_its_locks_up(a: Actor, b: Actor) -> None:
    a.run(ROWS)
    a.run("begin; update t set n = 11 where id = 1; savepoint s; update t set n = 12 where id = 2")
    b.start("update t set n = 20 where id = 2 returning n")
    b.waits("transactionid")
    a.run("rollback to s")
    assert b.finish() == [("20",)]
    b.start("update t set n = 20 where id = 1 returning n")
    b.waits("transactionid")
    a.run("commit")
    assert b.finish() == [("20",)]


@script
def test_a_client_that_goes_away_gives_its_locks_up(a: Actor, b: Actor) -> None:
    b.run(ROW)
    a.run("begin; update t set n = n + 1")
    b.start("update t set n = n * 2 returning n")
    b.waits("transactionid")
    a.leave()
    assert b.finish() == [("20",)]


@script
def test_those_who_wait_for_a_row_get_it_one_after_the_other(
    a: Actor, b: Actor, c: Actor, d: Actor
) -> None:
    a.run("create table t as select '' as s")
    a.run("begin; update t set s = s || 'a'")
    for actor, event in ((b, "transactionid"), (c, "tuple"), (d, "tuple")):
        actor.start(f"update t set s = s || '{actor.name}'")
        actor.waits(event)
    a.run("commit")
    for actor in (b, c, d):
        actor.finish()
    assert sorted(a.secret("select s from t")) == ["a", "b", "c", "d"]


LOCKS = ["key share", "share", "no key update", "update"]


@pytest.mark.parametrize("held", LOCKS)
@script
def test_row_locks_conflict_as_their_strength_says(
    a: Actor, b: Actor, stage: Stage, held: str
) -> None:
    a.run(ROW)
    conflicts = []
    for wanted in LOCKS:
        a.run(f"begin; select id from t for {held}")
        conflicts.append(b.fails(f"select id from t for {wanted} nowait"))
        if conflicts[-1] == "55P03":
            b.start(f"select id from t for {wanted}")
            b.waits("transactionid")
            a.run("commit")
            assert b.finish() == [("1",)]
        else:
            a.run("commit")
    stage.note("conflicts", conflicts)


@script
def test_many_share_a_row_and_a_writer_waits_for_all(a: Actor, b: Actor, c: Actor) -> None:
    a.run(ROW)
    for actor in (a, b):
        assert actor.run("begin; select id from t for share") == [("1",)]
    c.start("update t set n = 11 returning n")
    c.waits("transactionid")
    a.run("commit")
    c.waits("transactionid")
    b.run("commit")
    assert c.finish() == [("11",)]


@script
def test_a_reader_waits_for_nobody(a: Actor, b: Actor) -> None:
    a.run(ROW)
    a.run("begin; update t set n = 11; delete from t")
    assert b.run("select n from t") == [("10",)]


@script
def test_nowait_fails_at_once(a: Actor, b: Actor) -> None:
    a.run(ROW)
    a.run("begin; select from t for update")
    assert b.fails("select n from t for update nowait") == "55P03"
    assert b.fails("begin; lock table t in exclusive mode nowait") == "55P03"


@script
def test_skip_locked_takes_the_others(a: Actor, b: Actor, c: Actor) -> None:
    """As workers take jobs out of a queue."""
    a.run(ROWS)
    take = "begin; select id from t order by id limit 1 for update skip locked"
    assert [actor.run(take) for actor in (a, b, c)] == [[("1",)], [("2",)], [("3",)]]
    a.run("delete from t where id = 1; commit")
    b.run("rollback")
    assert a.run(take) == [("2",)]
    assert b.run("begin; select id from t order by id for update skip locked") == [("4",)]


@script
def test_a_unique_key_waits_for_its_other_insert(a: Actor, b: Actor) -> None:
    a.run(ROW)
    a.run("begin; insert into t values (2)")
    b.start("insert into t values (2)")
    b.waits("transactionid")
    a.run("commit")
    assert b.error() == "23505"
    a.run("begin; insert into t values (3)")
    b.start("insert into t values (3)")
    b.waits("transactionid")
    a.run("rollback")
    assert b.finish() == []


@script
def test_on_conflict_waits_and_then_updates(a: Actor, b: Actor) -> None:
    a.run(ROW)
    upsert = "insert into t values (2, 5) on conflict (id) do update set n = t.n + 1 returning n"
    a.run(f"begin; {upsert}")
    b.start(upsert)
    b.waits("transactionid")
    a.run("commit")
    assert b.finish() == [("6",)]


@script
def test_an_exclusion_constraint_waits(a: Actor, b: Actor) -> None:
    a.run("create table t (r int4range, exclude using gist (r with &&))")
    a.run("begin; insert into t values ('[1, 5]')")
    b.start("insert into t values ('[3, 7]')")
    b.waits("transactionid")
    a.run("commit")
    assert b.error() == "23P01"


@script
def test_a_foreign_key_and_the_deletion_of_what_it_names(a: Actor, b: Actor) -> None:
    a.run(ROW + "; create table u (t int references t)")
    a.run("begin; insert into u values (1)")
    b.run("update t set n = 11")  # no key is changed, so nothing conflicts
    b.start("delete from t")
    b.waits("transactionid")
    a.run("commit")
    assert b.error() == "23503"
    b.run("truncate u")
    b.run("begin; delete from t")
    a.start("insert into u values (1)")
    a.waits("transactionid")
    b.run("commit")
    assert a.error() == "23503"


# --- tables ---------------------------------------------------------------------------------


@script
def test_lock_table_waits_and_wakes(a: Actor, b: Actor, c: Actor) -> None:
    a.run(ROW)
    a.run("begin; lock table t")
    for actor in (b, c):
        actor.start("select n from t")
        actor.waits("relation")
    a.run("commit")
    assert [actor.finish() for actor in (b, c)] == [[("10",)], [("10",)]]


MODES = ["access share", "row share", "row exclusive", "share update exclusive", "share",
         "share row exclusive", "exclusive", "access exclusive"]  # fmt: skip


@script
def test_table_locks_conflict_as_their_modes_say(a: Actor, b: Actor) -> None:
    a.run("create table t ()")
    for held in MODES:
        a.run(f"begin; lock table t in {held} mode")
        for wanted in MODES:
            b.fails(f"select 1; lock table t in {wanted} mode nowait")
        a.run("rollback")


@script
def test_who_waits_for_a_table_goes_before_who_comes_later(a: Actor, b: Actor, c: Actor) -> None:
    """Readers do not starve a session that wants the table for itself."""
    a.run(ROW)
    a.run("begin; select from t")
    b.start("lock table t; select 'locked'")
    b.waits("relation")
    c.start("select n from t")
    c.waits("relation")
    a.run("commit")
    assert b.finish() == [("locked",)]
    assert c.finish() == [("10",)]


@script
def test_blocking_pids_name_who_is_in_the_way(a: Actor, b: Actor, c: Actor, d: Actor) -> None:
    a.run(ROW)
    a.run("begin; update t set n = 11")
    b.start("update t set n = 12")
    b.waits("transactionid")
    c.start("update t set n = 13")
    c.waits("tuple")
    blocked = """
        select w.application_name, array(
            select h.application_name from pg_stat_activity h
            where h.pid = any (pg_blocking_pids(w.pid)) order by 1)
        from pg_stat_activity w where w.application_name > '' order by 1
    """
    assert d.run(blocked) == [("a", "{}"), ("b", "{a}"), ("c", "{b}"), ("d", "{}")]
    a.run("commit")
    b.finish()
    c.finish()
    assert d.run(blocked) == [("a", "{}"), ("b", "{}"), ("c", "{}"), ("d", "{}")]


@script
def test_pg_locks_shows_what_is_held_and_what_is_waited_for(a: Actor, b: Actor, c: Actor) -> None:
    a.run(ROW)
    locks = """
        select application_name, locktype, coalesce(relation::regclass::text, ''), mode, granted,
            waitstart is not null, fastpath
        from pg_locks join pg_stat_activity using (pid)
        where application_name in ('a', 'b') order by 1, 2, 3, 4, 5
    """
    a.run("begin; update t set n = 11; select pg_advisory_xact_lock(7)")
    b.start("begin; update t set n = 12")
    b.waits("transactionid")
    c.run(locks)
    a.run("commit")
    b.finish()
    c.run(locks)
    b.run("commit")
    assert c.run(locks) == []


@script
def test_activity_shows_states_queries_and_waits(a: Actor, b: Actor, c: Actor) -> None:
    activity = """
        select application_name, state, query, datname, usename, xact_start is not null,
            backend_xid is not null, wait_event_type, wait_event
        from pg_stat_activity where application_name in ('a', 'b') order by 1
    """
    a.run(ROW)
    a.run("begin; lock table t; savepoint s")
    b.start("select 'b' from t")
    b.waits("relation")
    assert a.fails("select 1/0") == "22012"
    a.rests()
    seen = c.run(activity)
    assert [row[1] for row in seen] == ["idle in transaction (aborted)", "active"]
    a.run("rollback")
    b.finish()
    a.rests()
    b.rests()
    seen = c.run(activity)
    assert [row[1:3] for row in seen] == [("idle", "rollback"), ("idle", "select 'b' from t")]
    a.start("select pg_sleep(600)")
    a.waits("PgSleep")
    a.cancel()
    assert a.error() == "57014"


# --- advisory -------------------------------------------------------------------------------


@script
def test_an_advisory_lock_of_a_session_waits(a: Actor, b: Actor) -> None:
    a.run("select pg_advisory_lock(7)")
    assert b.value("select pg_try_advisory_lock(7)") == "f"
    b.start("select pg_advisory_lock(7)")
    b.waits("advisory")
    a.run("begin; commit")
    assert b.is_running()
    assert a.value("select pg_advisory_unlock(7)") == "t"
    b.finish()
    assert a.value("select pg_try_advisory_lock(7)") == "f"


@script
def test_an_advisory_lock_of_a_transaction_waits(a: Actor, b: Actor) -> None:
    a.run("begin; select pg_advisory_xact_lock(1, 2)")
    b.start("select pg_advisory_xact_lock(1, 2)")
    b.waits("advisory")
    a.run("commit")
    b.finish()
    assert a.value("select pg_try_advisory_xact_lock(1, 2)") == "t"


@script
def test_shared_advisory_locks(a: Actor, b: Actor, c: Actor) -> None:
    for actor in (a, b):
        actor.run("select pg_advisory_lock_shared(7)")
    c.start("select pg_advisory_lock(7)")
    c.waits("advisory")
    a.run("select pg_advisory_unlock_all()")
    c.waits("advisory")
    b.leave()
    c.finish()


# --- deadlocks ------------------------------------------------------------------------------


@script
def test_a_deadlock_fails_for_the_one_that_looks_first(a: Actor, b: Actor) -> None:
    """Both look after deadlock_timeout; here only one's is short."""
    a.run(ROWS)
    a.run("set deadlock_timeout = '1h'; begin; update t set n = 11 where id = 1")
    b.run("set deadlock_timeout = '10ms'; begin; update t set n = 12 where id = 2")
    a.start("update t set n = 11 where id = 2 returning n")
    a.waits("transactionid")
    b.start("update t set n = 12 where id = 1 returning n")
    assert b.error() == "40P01"
    assert a.finish() == [("11",)]
    a.run("commit")
    b.run("rollback")


@script
def test_a_deadlock_of_three(a: Actor, b: Actor, c: Actor) -> None:
    a.run(ROWS)
    for number, actor in enumerate((a, b, c), 1):
        actor.run(f"set deadlock_timeout = '{'10ms' if actor is c else '1h'}'")
        actor.run(f"begin; update t set n = 11 where id = {number}")
    for number, actor in ((2, a), (3, b)):
        actor.start(f"update t set n = 12 where id = {number}")
        actor.waits("transactionid")
    c.start("update t set n = 13 where id = 1")
    assert c.error() == "40P01"
    c.run("rollback")
    b.finish()
    b.run("commit")
    a.finish()


@script
def test_a_deadlock_of_tables_and_advisory_locks(a: Actor, b: Actor) -> None:
    a.run(ROW)
    a.run("set deadlock_timeout = '1h'; begin; lock table t")
    b.run("set deadlock_timeout = '10ms'; begin; select pg_advisory_xact_lock(7)")
    a.start("select pg_advisory_xact_lock(7)")
    a.waits("advisory")
    b.start("select * from t")
    assert b.error() == "40P01"
    a.finish()


@script
def test_a_soft_deadlock_is_resolved_by_another_order(a: Actor, b: Actor, c: Actor) -> None:
    """b waits for a only because it stands behind c in the queue, so it goes first."""
    a.run("create table t (); create table u ()")
    a.run("set deadlock_timeout = '1h'; begin; lock table t in access share mode")
    b.run("set deadlock_timeout = '10ms'; begin; lock table u")
    c.run("set deadlock_timeout = '1h'; begin")
    c.start("lock table t")
    c.waits("relation")
    a.start("lock table u in access share mode")
    a.waits("relation")
    b.start("lock table t in access share mode; select 'passed by'")
    assert b.finish() == [("passed by",)]
    b.run("commit")
    a.finish()
    a.run("commit")
    c.finish()


@script
def test_lock_timeout_ends_the_wait_alone(a: Actor, b: Actor) -> None:
    a.run(ROW)
    a.run("begin; update t set n = 11")
    b.run("set lock_timeout = '50ms'; begin")
    b.run("select pg_sleep(0.1)")  # no lock
    b.run("savepoint s")
    assert b.fails("update t set n = 12") == "55P03"
    b.run("rollback to s")
    assert b.fails("lock table t") == "55P03"
    b.run("rollback to s; set lock_timeout = 0")
    b.start("update t set n = n + 1 returning n")
    b.waits("transactionid")
    a.run("commit")
    assert b.finish() == [("12",)]

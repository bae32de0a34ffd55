"""Isolation levels: what a transaction sees of others, and when it cannot go on."""

from __future__ import annotations

import pytest

from tests.concurrency.stage import Actor, script

ACCOUNTS = "create table t as select id, 10 as n from generate_series(1, 3) id"

# --- READ COMMITTED -------------------------------------------------------------------------


@script
def test_each_statement_sees_what_is_committed(a: Actor, b: Actor) -> None:
    a.run(ACCOUNTS)
    a.run("begin isolation level read committed")
    assert a.value("select sum(n) from t") == "30"
    b.run("update t set n = 11")
    assert a.value("select sum(n) from t") == "33"


@script
def test_a_row_that_was_waited_for_is_looked_at_again(a: Actor, b: Actor) -> None:
    """EvalPlanQual: the condition and the new value are of the row as it is now."""
    a.run(ACCOUNTS)
    a.run("begin; update t set n = n - 5 where id = 1; update t set n = n + 5 where id = 2")
    b.start("update t set n = n * 2 where n >= 10 returning id, n")
    b.waits("transactionid")
    a.run("commit")
    assert sorted(b.finish()) == [("2", "30"), ("3", "20")]


@script
def test_a_row_that_has_gone_meanwhile_is_left_out(a: Actor, b: Actor) -> None:
    a.run(ACCOUNTS)
    a.run("begin; delete from t where id = 1")
    b.start("update t set n = 0 returning id")
    b.waits("transactionid")
    a.run("commit")
    assert sorted(b.finish()) == [("2",), ("3",)]


@script
def test_a_join_is_made_again_for_the_row_of_now(a: Actor, b: Actor) -> None:
    a.run(ACCOUNTS + "; create table u as select 10 as n, 'ten' as s union select 11, 'eleven'")
    a.run("begin; update t set n = 11 where id = 1")
    b.start("select id, s from t join u using (n) where id = 1 for update of t")
    b.waits("transactionid")
    a.run("commit")
    b.finish()  # what it is, native says


@script
def test_for_update_returns_what_was_committed_meanwhile(a: Actor, b: Actor) -> None:
    a.run(ACCOUNTS)
    a.run("begin; update t set n = 0 where id = 1")
    b.start("select n from t where id = 1 for update")
    b.waits("transactionid")
    a.run("commit")
    assert b.finish() == [("0",)]


@script
def test_merge_looks_again(a: Actor, b: Actor) -> None:
    a.run(ACCOUNTS)
    a.run("begin; update t set n = 0 where id = 1")
    b.start(
        "merge into t using (values (1)) v (id) on t.id = v.id"
        " when matched and n > 5 then update set n = 100"
        " when matched then delete returning merge_action(), t.n"
    )
    b.waits("transactionid")
    a.run("commit")
    assert b.finish() == [("DELETE", "0")]


@script
def test_a_row_that_moved_to_another_partition(a: Actor, b: Actor) -> None:
    a.run(
        "create table t (k int, n int) partition by list (k);"
        " create table t1 partition of t for values in (1);"
        " create table t2 partition of t for values in (2); insert into t values (1, 1)"
    )
    a.run("begin; update t set k = 2")
    b.start("update t set n = 2")
    b.waits("transactionid")
    a.run("commit")
    assert b.error() == "40001"


# --- REPEATABLE READ ------------------------------------------------------------------------


@script
def test_a_snapshot_stays(a: Actor, b: Actor) -> None:
    a.run(ACCOUNTS)
    a.run("begin isolation level repeatable read; select 1")
    b.run("update t set n = 11; insert into t values (4, 4)")
    assert a.run("select sum(n), count(*) from t") == [("30", "3")]
    a.run("commit")
    assert a.run("select sum(n), count(*) from t") == [("37", "4")]


@pytest.mark.parametrize("statement", [
    "update t set n = n + 1 where id = 1",
    "delete from t where id = 1",
    "select * from t where id = 1 for update",
    "select * from t where id = 1 for share",
])  # fmt: skip
@pytest.mark.parametrize("end", ["commit", "rollback"])
@script
def test_a_row_that_was_changed_meanwhile_cannot_be_had(
    a: Actor, b: Actor, statement: str, end: str
) -> None:
    a.run(ACCOUNTS)
    b.run("begin isolation level repeatable read; select 1")
    a.run("begin; update t set n = 20 where id = 1")
    b.start(statement)
    b.waits("transactionid")
    a.run(end)
    assert b.error() == ("40001" if end == "commit" else "00000")
    b.run("rollback")


@script
def test_a_snapshot_is_passed_on(a: Actor, b: Actor, c: Actor) -> None:
    a.run(ACCOUNTS)
    snapshot = a.secret("begin isolation level repeatable read; select pg_export_snapshot()")
    c.run("update t set n = 0")
    b.run(f"begin isolation level repeatable read; set transaction snapshot '{snapshot}'")
    assert b.value("select sum(n) from t") == "30"


# --- SERIALIZABLE ---------------------------------------------------------------------------

SERIALIZABLE = "begin isolation level serializable; "


@script
def test_write_skew_fails(a: Actor, b: Actor) -> None:
    """Each empties an account as the other one still has money."""
    a.run("create table t as select id, 10 as n from generate_series(1, 2) id")
    for actor in (a, b):
        assert actor.run(SERIALIZABLE + "select sum(n) from t") == [("20",)]
    a.run("update t set n = n - 15 where id = 1")
    b.run("update t set n = n - 15 where id = 2")
    a.run("commit")
    assert b.fails("commit") == "40001"
    assert a.value("select sum(n) from t") == "5"


@script
def test_write_skew_passes_where_it_is_not_asked_for(a: Actor, b: Actor) -> None:
    a.run("create table t as select id, 10 as n from generate_series(1, 2) id")
    for actor in (a, b):
        actor.run("begin isolation level repeatable read; select sum(n) from t")
    a.run("update t set n = n - 15 where id = 1")
    b.run("update t set n = n - 15 where id = 2")
    for actor in (a, b):
        actor.run("commit")
    assert a.value("select sum(n) from t") == "-10"


@script
def test_two_sums_inserted_by_each_other_s_rows(a: Actor, b: Actor) -> None:
    """The manual's example, by predicate locks on rows that are not there yet."""
    a.run("create table t (class int, n int); insert into t values (1, 10), (1, 20), (2, 100)")
    a.run(SERIALIZABLE + "insert into t select 2, sum(n) from t where class = 1")
    b.run(SERIALIZABLE + "insert into t select 1, sum(n) from t where class = 2")
    b.run("commit")
    assert a.fails("commit") == "40001"


@script
def test_a_reader_is_part_of_the_cycle(a: Actor, b: Actor, c: Actor) -> None:
    """Batch processing: the report misses a receipt of a day that it says is closed."""
    a.run("create table day as select 1 as d; create table receipt (d int)")
    a.run(SERIALIZABLE + "insert into receipt select d from day")
    b.run(SERIALIZABLE + "update day set d = 2; commit")
    c.run(SERIALIZABLE + "select d from day; select count(*) from receipt where d = 1; commit")
    assert a.fails("commit") in ("40001", "00000")


@script
def test_siread_locks_are_seen(a: Actor, b: Actor) -> None:
    a.run("create table t as select 1 as n")
    a.run(SERIALIZABLE + "select * from t")
    b.run("select locktype, mode, granted from pg_locks where mode = 'SIReadLock'")
    a.run("commit")
    assert b.run("select 1 from pg_locks where mode = 'SIReadLock'") == []


@script
def test_a_deferrable_reader_waits_for_a_safe_snapshot(a: Actor, b: Actor) -> None:
    a.run(ACCOUNTS)
    a.run(SERIALIZABLE + "update t set n = 0 where id = 1")
    b.run("begin isolation level serializable read only deferrable")
    b.start("select sum(n) from t")
    b.waits("SafeSnapshot")
    a.run("commit")
    b.finish()

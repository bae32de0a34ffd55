"""Commands that wait for other transactions, and those that everybody has to make way for."""

from __future__ import annotations

import pytest

from tests.concurrency.stage import Actor, Stage, script

TABLE = "create table t as select n, n % 7 as m from generate_series(1, 1000) n"


@script
def test_create_index_concurrently_waits_for_writers(a: Actor, b: Actor, c: Actor) -> None:
    a.run(TABLE)
    a.run("begin; insert into t values (0, 0)")
    b.start("create index concurrently i on t (m)")
    b.waits("virtualxid", "transactionid")
    c.run("insert into t values (-1, 1)")  # continues meanwhile
    a.run("commit")
    b.finish()
    c.run("set enable_seqscan = off")
    assert c.value("select count(*) from t where m = 1") == "144"
    assert c.run("select indisvalid, indisready from pg_index where indrelid = 't'::regclass") == [
        ("t", "t")
    ]


@script
def test_create_index_concurrently_waits_for_old_snapshots(a: Actor, b: Actor) -> None:
    a.run(TABLE)
    a.run("begin isolation level repeatable read; select 1")
    b.start("create index concurrently i on t (m)")
    b.waits("virtualxid")
    a.run("commit")
    b.finish()


@script
def test_a_create_index_concurrently_that_is_cancelled(a: Actor, b: Actor) -> None:
    a.run(TABLE)
    a.run("begin; insert into t values (0, 0)")
    b.start("create index concurrently i on t (m)")
    b.waits("virtualxid", "transactionid")
    b.cancel()
    assert b.error() == "57014"
    assert b.run("select indisvalid from pg_index where indrelid = 't'::regclass") == [("f",)]
    a.run("commit")
    b.run("drop index concurrently i")


@script
def test_reindex_concurrently_beside_a_writer(a: Actor, b: Actor, c: Actor) -> None:
    a.run(TABLE + "; create index i on t (m)")
    a.run("begin; insert into t values (0, 0)")
    b.start("reindex table concurrently t")
    b.waits("virtualxid", "transactionid")
    c.run("update t set m = 6 where n = 1")
    a.run("commit")
    b.finish()
    c.run("set enable_seqscan = off")
    assert c.value("select count(*) from t where m = 6") == "144"


@script
def test_drop_index_concurrently_waits_for_its_users(a: Actor, b: Actor) -> None:
    a.run(TABLE + "; create index i on t (m)")
    a.run("begin; select count(*) from t where m = 1")
    b.start("drop index concurrently i")
    b.waits("virtualxid")
    a.run("commit")
    b.finish()


@script
def test_detach_partition_concurrently_waits_for_its_readers(a: Actor, b: Actor, c: Actor) -> None:
    a.run(
        "create table t (n int) partition by list (n);"
        " create table t1 partition of t for values in (1);"
        " create table t2 partition of t for values in (2); insert into t values (1), (2)"
    )
    a.run("begin; select * from t")
    b.start("alter table t detach partition t1 concurrently")
    b.waits("virtualxid")
    assert c.run("select n from t") == [("2",)]
    assert a.run("select count(*) from t") == [("1",)]
    a.run("commit")
    b.finish()
    assert c.run("select n from t1") == [("1",)]


@script
def test_alter_table_waits_for_readers_and_then_all_see_it(a: Actor, b: Actor, c: Actor) -> None:
    a.run("create table t as select 1 as n")
    c.run("prepare p as select * from t where n > $1")
    c.run("execute p(0)")
    a.run("begin; select * from t")
    b.start("alter table t alter n type text")
    b.waits("relation")
    c.start("execute p(0)")
    c.waits("relation")
    a.run("commit")
    b.finish()
    c.outcome()
    assert a.run("select n || '!' from t") == [("1!",)]


@script
def test_alter_table_that_does_not_want_to_wait(a: Actor, b: Actor) -> None:
    a.run("create table t as select 1 as n")
    a.run("begin; select * from t")
    assert b.fails("set lock_timeout = '50ms'; alter table t add m int") == "55P03"
    assert a.run("select * from t") == [("1",)]


@script
def test_vacuum_keeps_what_an_old_snapshot_sees(a: Actor, b: Actor) -> None:
    a.run(TABLE)
    a.run("begin isolation level repeatable read; select count(*) from t")
    b.run("delete from t")
    b.run("vacuum (truncate false) t")  # to truncate it would wait for five seconds
    assert a.value("select count(*) from t") == "1000"
    assert b.value("select pg_relation_size('t') > 0") == "t"
    a.run("commit")
    b.run("vacuum t")
    assert b.value("select pg_relation_size('t')") == "0"


@script
def test_vacuum_passes_by_and_vacuum_full_waits(a: Actor, b: Actor) -> None:
    a.run(TABLE)
    a.run("begin; update t set m = 0 where n = 1")
    b.run("vacuum (analyze) t")
    b.start("vacuum full t")
    b.waits("relation")
    a.run("commit")
    b.finish()
    assert a.value("select count(*) from t") == "1000"


@script
def test_vacuum_skips_what_is_locked(a: Actor, b: Actor) -> None:
    a.run(TABLE)
    a.run("begin; lock table t")
    b.start("vacuum (skip_locked) t")
    assert [severity for severity, _ in b.outcome().notices] == ["WARNING"]


@script
def test_truncate_waits_and_empties_for_all(a: Actor, b: Actor) -> None:
    a.run(TABLE)
    a.run("begin; select * from t limit 1")
    b.start("truncate t")
    b.waits("relation")
    a.run("commit")
    b.finish()
    assert a.value("select count(*) from t") == "0"


@script
def test_drop_table_waits_and_then_it_has_gone(a: Actor, b: Actor) -> None:
    a.run(TABLE)
    a.run("begin; drop table t")
    b.start("select count(*) from t")
    b.waits("relation")
    a.run("commit")
    assert b.error() == "42P01"


@script
def test_two_create_the_same_table(a: Actor, b: Actor) -> None:
    a.run("begin; create table t ()")
    b.start("create table t ()")
    b.waits("transactionid")
    a.run("commit")
    assert b.error() in ("42P07", "23505")


@script
def test_refresh_concurrently_beside_a_reader(a: Actor, b: Actor) -> None:
    a.run(TABLE + "; create materialized view v as select n from t; create unique index on v (n)")
    a.run("begin; select count(*) from v")
    b.run("insert into t values (0, 0)")
    b.run("refresh materialized view concurrently v")
    assert a.value("select count(*) from v") == "1001"
    b.start("refresh materialized view v")
    b.waits("relation")
    a.run("commit")
    b.finish()


@pytest.mark.parametrize(("strategy", "how"), [("wal_log", ""), ("file_copy", " with (force)")])
@script
def test_databases_are_made_and_dropped_beside_open_transactions(
    a: Actor, b: Actor, c: Actor, how: str, strategy: str
) -> None:
    """All sessions close the files of the dropped; idle and waiting ones too."""
    a.run("create table t as select 1 as n")
    a.run("begin; update t set n = 2")
    b.start("update t set n = n + 1 returning n")
    b.waits("transactionid")
    c.run(f"create database d strategy {strategy}")
    c.run(f"drop database d{how}")
    assert c.run("select 1 from pg_database where datname = 'd'") == []
    a.run("commit")
    assert b.finish() == [("3",)]


@script
def test_a_database_in_use_is_not_dropped(a: Actor, b: Actor, stage: Stage) -> None:
    assert b.fails("drop database postgres") == "55006"
    assert a.fails("begin; drop database template1") == "25001"


@script
def test_checkpoints_beside_open_transactions(a: Actor, b: Actor) -> None:
    a.run("create table t as select 1 as n")
    a.run("begin; update t set n = 2")
    b.run("checkpoint")
    a.run("commit")
    assert b.value("select n from t") == "2"


# --- prepared transactions ------------------------------------------------------------------


@script
def test_a_prepared_transaction_keeps_its_locks_and_outlives_its_session(
    a: Actor, b: Actor, c: Actor
) -> None:
    a.run("create table t as select 1 as n")
    a.run("begin; update t set n = 2")
    a.run("prepare transaction 'p'")
    assert a.value("select n from t") == "1"
    a.leave()
    b.start("update t set n = n + 10 returning n")
    b.waits("transactionid")
    assert c.run("select gid, owner, database from pg_prepared_xacts") == [
        ("p", "postgres", "postgres")
    ]
    c.run("select pid is null, mode from pg_locks where relation = 't'::regclass and pid is null")
    c.run("commit prepared 'p'")
    assert b.finish() == [("12",)]


@script
def test_a_prepared_transaction_is_rolled_back_by_another(a: Actor, b: Actor) -> None:
    a.run("create table t as select 1 as n")
    a.run("begin; update t set n = 2")
    a.run("prepare transaction 'p'")
    assert b.fails("rollback prepared 'q'") == "42704"
    b.run("rollback prepared 'p'")
    assert a.run("update t set n = n + 1 returning n") == [("2",)]


@script
def test_a_prepared_transaction_in_a_deadlock(a: Actor, b: Actor) -> None:
    a.run("create table t as select id, 0 as n from generate_series(1, 2) id")
    a.run("begin; update t set n = 1 where id = 1")
    a.run("prepare transaction 'p'")
    b.run("set lock_timeout = '60ms'")
    assert b.fails("update t set n = 2 where id = 1") == "55P03"
    a.run("commit prepared 'p'")
    assert b.run("update t set n = n + 1 where id = 1 returning n") == [("2",)]


# --- temporary tables -----------------------------------------------------------------------


@script
def test_temporary_tables_of_others_cannot_be_read(a: Actor, b: Actor) -> None:
    for actor in (a, b):
        actor.run(f"create temp table t as select '{actor.name}' as s")
    for actor in (a, b):
        assert actor.value("select s from t") == actor.name
    schema = a.secret("select relnamespace::regnamespace from pg_class where oid = 't'::regclass")
    b.start(f"select s from {schema}.t")
    assert b.outcome().errors[0][1] == "0A000"


@script
def test_temporary_tables_go_with_their_session(a: Actor, b: Actor, stage: Stage) -> None:
    a.run("create temp table gone as select 1 as n")
    a.leave()
    stage.until("select count(*) = 0 from pg_class where relname = 'gone'")
    b.run("create temp table gone ()")

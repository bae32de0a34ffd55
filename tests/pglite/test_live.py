"""Live queries: their results come again when any session has committed another one."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from subprocess import run
from typing import Any

import psycopg
import pytest

from pglite_native import (
    DatabaseError,
    EngineClosed,
    EngineError,
    LiveChange,
    LiveQuery,
    PGlite,
    Results,
    TransactionError,
    WindowResults,
)
from tests.interrupts import interrupted_after
from tests.pglite.forked import passes_in_a_child
from tests.waiting import DEADLINE_S, in_thread, until, until_blocked

LEFT = """
select tgname from pg_trigger where starts_with(tgname, 'pglite') union all
select proname from pg_proc where starts_with(proname, 'pglite') union all
select usename from pg_stat_activity where backend_type = 'client backend' offset 1"""
LISTED = "select * from t order by id"


@pytest.fixture
def db() -> Iterator[PGlite]:
    threads = set(threading.enumerate())
    with PGlite() as database:
        database.exec("create table t (id int primary key, word text)")
        database.exec("insert into t values (1, 'a'), (2, 'b')")
        yield database
        until(lambda: database.query(LEFT).rows == [])
        until(
            lambda: [thread for thread in threading.enumerate() if is_ours(thread, threads)] == []
        )


def is_ours(thread: threading.Thread, others: set[threading.Thread]) -> bool:
    return thread not in others and thread.name.startswith(("pglite-live", "pglite-listen"))


def news(live: LiveQuery) -> list[dict[str, Any]]:
    results = live.wait(DEADLINE_S)
    assert results is not None
    return results.rows


def test_a_callback_gets_the_results_first_and_again(db: PGlite) -> None:
    heard: list[Results[Any]] = []
    with db.live_query("select word from t where id >= $1 order by id", [2], heard.append) as live:
        assert live.initial_results.rows == [{"word": "b"}]
        assert heard == [live.initial_results]
        db.exec("insert into t values (3, 'c')")
        until(lambda: len(heard) == 2)
        assert heard[1].rows == live.results.rows == [{"word": "b"}, {"word": "c"}]
        db.exec("insert into t values (0, 'z')")  # no other result
        db.exec("update t set word = 'd' where id = 3")
        until(lambda: len(heard) == 3)
        assert heard[2].rows == [{"word": "b"}, {"word": "d"}]


def test_commits_of_every_session_are_noticed(db: PGlite) -> None:
    with db.live_query("select max(id) as id from t") as live, db.connect() as other:
        with other.transaction() as transaction:
            transaction.exec("insert into t values (10)")
            transaction.rollback()
        with other.transaction() as transaction:
            transaction.exec("insert into t values (11)")
            assert live.wait(0) is None
        assert news(live) == [{"id": 11}]
        with psycopg.connect(db.dsn) as client:
            client.execute("insert into t values (12)")
        assert news(live) == [{"id": 12}]
        db.exec("insert into t values (13)")
        assert news(live) == [{"id": 13}]


SCHEMA = """
create view v as select word from t; create view w as select count(*) from v;
create function f() returns bigint begin atomic select count(*) from t; end;
create table parent (n int) partition by range (n);
create table child partition of parent for values from (0) to (100);
create table old (n int); create table young () inherits (old);
create table referring (t int references t on delete cascade);
insert into referring values (1);
"""


@pytest.mark.parametrize(
    ("sql", "change"),
    [
        ("select count(*) from t", "delete from t where id = 2"),
        ("select count(*) from t", "truncate t cascade"),
        ("with x as (select * from t) select (select count(*) from x)", "delete from t"),
        ("table t;", "update t set word = 'c'"),
        ("select * from w -- a comment", "insert into t values (5)"),
        ("select f()", "insert into t values (5)"),
        ("select count(*) from parent", "insert into parent values (1)"),
        ("select count(*) from parent", "insert into child values (1)"),
        ("select count(*) from child", "insert into parent values (1)"),
        ("select count(*) from old", "insert into young values (1)"),
        ("select count(*) from referring", "delete from t where id = 1"),
        ("select count(*) from other.t", "insert into other.t values (1)"),
    ],
)
def test_tables_are_found_behind_views_functions_and_partitions(
    db: PGlite, sql: str, change: str
) -> None:
    db.exec(SCHEMA + 'create schema other; create table other.t ("odd ""name" int)')
    with db.live_query(sql) as live:
        db.exec(change)
        assert news(live) != live.initial_results.rows


def test_a_copy_is_a_change(db: PGlite) -> None:
    with db.live_query("select count(*) as n from t") as live:
        db.copy_from("copy t from stdin", b"7\tc\n")
        assert news(live) == [{"n": 3}]


def test_iteration_begins_with_what_there_is(db: PGlite) -> None:
    found = []
    with db.live_query("select count(*) as n from t") as live:
        for results in live:
            found.append(results.rows[0]["n"])
            if len(found) == 3:
                live.unsubscribe()
            db.query("insert into t values ($1)", [10 + len(found)])
    assert found == [2, 3, 4]
    with pytest.raises(EngineClosed, match="unsubscribed"):
        live.wait()
    with pytest.raises(EngineClosed):
        live.refresh()
    with pytest.raises(EngineClosed):
        live.subscribe(print)


def test_a_window_of_the_result(db: PGlite) -> None:
    db.exec("insert into t select n from generate_series(3, 10) n")
    with db.live_query("select id from t order by id desc;", offset=2, limit=3) as live:
        first = live.initial_results
        assert isinstance(first, WindowResults)
        assert [row["id"] for row in first.rows] == [8, 7, 6]
        assert (first.offset, first.limit, first.total_count) == (2, 3, 10)
        db.exec("delete from t where id = 1")  # outside of it: the number is another
        results = live.wait(DEADLINE_S)
        assert isinstance(results, WindowResults)
        assert (results.rows, results.total_count) == (first.rows, 9)
        live.refresh(offset=0)
        assert [row["id"] for row in live.results.rows] == [10, 9, 8]
        live.refresh(offset=8, limit=5)
        assert [row["id"] for row in live.results.rows] == [2]
        with pytest.raises(ValueError, match="numbers of rows"):
            live.refresh(limit=-1)
    with db.live_query("select $1::int as n", [5], limit=1, offset=0) as live:
        assert live.initial_results.rows == [{"n": 5}]


def test_wrong_arguments_are_refused(db: PGlite) -> None:
    with pytest.raises(ValueError, match="together"):
        db.live_query(LISTED, offset=1)
    with pytest.raises(ValueError, match="numbers of rows"):
        db.live_query(LISTED, offset=0, limit="1")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a column's name"):
        db.live_changes(LISTED, None, "")
    with pytest.raises(ValueError, match="no column of the result"):
        db.live_changes(LISTED, None, "nothing")
    with pytest.raises(TypeError):
        db.live_query("select $1::int", "1")
    with db.live_query(LISTED) as live, pytest.raises(ValueError, match="without offset"):
        live.refresh(limit=1)


@pytest.mark.parametrize(
    ("sql", "sqlstate"),
    [
        ("select * from nowhere", "42P01"),
        ("insert into t values (5) returning id", "25006"),
        ("with x as (delete from t returning id) select * from x", "25006"),
        ("select 1; select 2", "42601"),
        ("create table u ()", "0A000"),
        ("select 1; end; select 2", "42601"),
        ("select 1 / (id - 1) from t", "22012"),
    ],
)
def test_what_is_no_query_is_refused(db: PGlite, sql: str, sqlstate: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        db.live_query(sql)
    assert caught.value.sqlstate == sqlstate
    assert db.query("select count(*) from t").rows == [{"count": 2}]


def test_an_incremental_query_keeps_rows(db: PGlite) -> None:
    heard: list[Results[Any]] = []
    with db.live_incremental_query(LISTED, None, "id", heard.append) as live:
        assert live.initial_results.rows == [{"id": 1, "word": "a"}, {"id": 2, "word": "b"}]
        db.exec("insert into t values (0, 'z'); update t set word = 'c' where id = 2")
        results = live.wait(DEADLINE_S)
        assert results is live.results
        assert [row["word"] for row in live.results.rows] == ["z", "a", "c"]
        assert live.results.rows[1] is live.initial_results.rows[0]
        assert [field.name for field in live.results.fields] == ["id", "word"]
        until(lambda: len(heard) == 2)


def test_changes_of_a_result(db: PGlite) -> None:
    heard: list[list[LiveChange]] = []
    with db.live_changes(LISTED, None, "id", heard.append) as live:
        assert [field.name for field in live.fields] == ["id", "word"]
        assert live.initial_changes == [
            LiveChange("insert", 1, {"id": 1, "word": "a"}),
            LiveChange("insert", 2, {"id": 2, "word": "b"}, 1),
        ]
        db.exec("update t set word = 'c' where id = 2")
        until(lambda: len(heard) == 2)
        db.exec("delete from t where id = 1")
        until(lambda: len(heard) == 3)
        assert heard[1:] == [
            [LiveChange("update", 2, {"word": "c"})],
            [LiveChange("delete", 1, {}), LiveChange("update", 2, {}, None, moved=True)],
        ]
        # Who has not waited meanwhile gets both at once.
        assert live.wait(DEADLINE_S) == [
            LiveChange("delete", 1, {}),
            LiveChange("update", 2, {"word": "c"}, None, moved=True),
        ]
        iterator = iter(live)
        assert next(iterator) == [LiveChange("insert", 2, {"id": 2, "word": "c"})]
        db.exec("delete from t")
        assert next(iterator) == [LiveChange("delete", 2, {})]


def test_an_error_is_told_and_the_next_change_is_seen(
    db: PGlite, caplog: pytest.LogCaptureFixture
) -> None:
    errors: list[Exception] = []
    sql = "select 1 / id as n from t where id < 2"
    with db.live_query(sql, on_error=errors.append) as live, db.live_query(sql):
        db.exec("insert into t values (0)")
        with pytest.raises(DatabaseError, match="division by zero"):
            live.wait(DEADLINE_S)
        until(lambda: errors)
        with pytest.raises(DatabaseError):
            live.refresh()
        db.exec("update t set id = -1 where id = 0")
        assert sorted(row["n"] for row in news(live)) == [-1, 1]
        until(lambda: "a live query has failed: 22012: division by zero" in caplog.messages)


def test_a_key_that_comes_twice_later_is_an_error(db: PGlite) -> None:
    with db.live_changes("select * from t order by id", None, "word") as live:
        db.exec("insert into t values (3, 'a')")
        with pytest.raises(ValueError, match="comes twice"):
            live.wait(DEADLINE_S)


def test_a_failing_callback_harms_no_other(db: PGlite, caplog: pytest.LogCaptureFixture) -> None:
    def fail(results: Results[Any]) -> None:
        raise RuntimeError

    heard: list[Results[Any]] = []
    with db.live_query(LISTED, callback=fail) as live:
        live.subscribe(heard.append)
        db.exec("delete from t")
        until(lambda: heard)
        assert "a callback of a live query has failed" in caplog.messages


def test_a_callback_may_use_the_database_and_unsubscribe(db: PGlite) -> None:
    seen: list[int] = []

    def callback(results: Results[Any]) -> None:
        seen.append(len(results.rows))
        if len(results.rows) < 5:
            db.query("insert into t values ($1)", [10 + len(results.rows)])
        elif len(seen) > 1:
            until(lambda: lives)  # as this thread may be ahead of the other
            lives[0].unsubscribe()

    lives: list[LiveQuery] = []
    lives.append(db.live_query(LISTED, callback=callback))
    until(lambda: lives[0].closed)
    assert seen == [2, 3, 4, 5]


def test_callbacks_are_unsubscribed_one_by_one(db: PGlite) -> None:
    first: list[Any] = []
    second: list[Any] = []
    live = db.live_query(LISTED, None, first.append)
    live.subscribe(second.append)
    live.unsubscribe(first.append)
    db.exec("delete from t where id = 1")
    until(lambda: second)
    assert (len(first), live.closed) == (1, False)
    live.unsubscribe(second.append)
    assert live.closed
    live.unsubscribe()


def test_live_queries_share_triggers_and_sessions(db: PGlite) -> None:
    db.exec("create table u (n int)")
    first, second = db.live_query(LISTED), db.live_query("select * from t, u")
    triggers = "select tgrelid::regclass::text as t from pg_trigger order by 1"
    assert [row["t"] for row in db.query(triggers).rows] == ["t", "u"]
    second.unsubscribe()
    assert [row["t"] for row in db.query(triggers).rows] == ["t"]
    db.exec("delete from t where id = 1")
    assert len(news(first)) == 1
    first.unsubscribe()
    assert db.query(triggers).rows == []
    with db.live_query(LISTED) as third:
        db.exec("delete from t")
        assert news(third) == []


def test_each_database_object_has_its_own(db: PGlite) -> None:
    with db.connect() as other, other.live_query(LISTED) as live, db.live_query(LISTED) as second:
        db.exec("delete from t where id = 1")
        assert news(live) == news(second) == [{"id": 2, "word": "b"}]
    assert live.closed


def test_a_table_in_use_keeps_no_one_waiting(db: PGlite) -> None:
    """Its trigger is dropped when it is free."""
    live = db.live_query(LISTED)
    with db.connect() as other:
        with other.transaction() as transaction:
            transaction.query(LISTED)
            live.unsubscribe()
            assert live.closed
        until(lambda: db.query("select from pg_trigger").rows == [])


def test_refresh_looks_for_tables_again(db: PGlite) -> None:
    db.exec("create view v as select id from t; create table u (id int)")
    with db.live_query("select count(*) as n from v") as live:
        db.exec("create or replace view v as select id from u")
        live.refresh()
        assert live.results.rows == [{"n": 0}]
        assert news(live) == [{"n": 0}]
        db.exec("insert into u values (1)")
        assert news(live) == [{"n": 1}]
        tables = db.query("select tgrelid::regclass::text as t from pg_trigger").rows
        assert tables == [{"t": "u"}]


def test_a_table_can_be_altered_and_dropped_meanwhile(db: PGlite) -> None:
    with db.live_query("select * from t") as live:
        db.exec("alter table t add more int default 5; delete from t where id = 1")
        assert news(live) == [{"id": 2, "word": "b", "more": 5}]
        db.exec("drop table t")
        with pytest.raises(DatabaseError, match="does not exist"):
            live.refresh()
    db.exec("create table t (id int)")


def test_it_does_not_begin_in_a_transaction_of_its_own(db: PGlite) -> None:
    with db.transaction(), pytest.raises(TransactionError):
        db.live_query(LISTED)


def test_it_has_the_session_s_settings_role_and_converters(db: PGlite) -> None:
    db.exec("create schema s; create table s.t (n numeric, owner text default current_user)")
    db.exec("alter table s.t enable row level security; create role r")
    db.exec("create policy p on s.t using (owner = current_user)")
    db.exec("grant usage on schema s to r; grant select, insert, trigger on s.t to r")
    db.exec("insert into s.t values (1, 'other'); set search_path = s; set role r")
    db.parsers[1700] = Fraction
    with db.live_query("select n from t") as live:
        assert live.initial_results.rows == []
        db.exec("insert into t values (0.5)")
        assert news(live) == [{"n": Fraction(1, 2)}]
    db.exec("reset role; reset search_path")


def test_closing_the_database_ends_it() -> None:
    db = PGlite()
    db.exec("create table t (id int)")
    live = db.live_query(LISTED)
    with in_thread(live.wait) as waiting:
        db.close()
        with pytest.raises(EngineClosed):
            waiting.result()
    live.unsubscribe()
    assert live.closed
    with pytest.raises(EngineClosed):
        db.live_query(LISTED)


def test_closing_the_cluster_ends_those_of_its_other_sessions() -> None:
    db = PGlite()
    db.exec("create table t (id int)")
    other = db.connect()
    live = other.live_query(LISTED)
    db.close()
    with pytest.raises(EngineClosed):
        live.wait(DEADLINE_S)
    live.unsubscribe()
    other.close()


def test_ctrl_c_while_it_waits_for_a_lock_leaves_nothing(db: PGlite) -> None:
    with db.connect() as other, other.transaction() as transaction:
        transaction.query("insert into t values (5)")
        with pytest.raises(KeyboardInterrupt), interrupted_after(0.3):
            db.live_query(LISTED)
    with db.live_query(LISTED) as live:
        assert len(live.initial_results.rows) == 3


def test_it_begins_when_a_writer_has_ended(db: PGlite) -> None:
    with db.connect() as other, in_thread(lambda: None):
        with other.transaction() as transaction:
            transaction.query("insert into t values (5)")
            thread = threading.Thread(target=lambda: lives.append(db.live_query(LISTED)))
            lives: list[LiveQuery] = []
            thread.start()
            until_blocked(other)
        thread.join()
    assert len(lives[0].initial_results.rows) == 3
    lives[0].unsubscribe()


def test_a_clone_has_nothing_of_it(db: PGlite) -> None:
    with db.live_query(LISTED), db.clone() as clone:
        assert clone.query("select tgname from pg_trigger").rows == []
        assert clone.query("select from pg_proc where starts_with(proname, 'pglite')").rows == []
        clone.exec("insert into t values (3)")


def test_what_a_killed_process_has_left_is_dropped(tmp_path: Path) -> None:
    program = f"""if True:
        import os
        from pglite_native import PGlite
        db = PGlite({str(tmp_path / "data")!r})
        db.exec("create table t (id int); create table u ()")
        live = db.live_query("select * from t")
        os._exit(0)
    """
    run([sys.executable, "-c", program], check=True)
    with PGlite(tmp_path / "data") as db:
        db.exec("insert into t values (1)")
        db.live_query("select * from u").unsubscribe()
        assert db.query(LEFT).rows == []


def test_a_child_of_fork_leaves_it_alone(db: PGlite) -> None:
    with db.live_query(LISTED) as live:

        def refuses_and_closes() -> None:
            live.unsubscribe()
            with pytest.raises(EngineError):
                db.live_query(LISTED)
            db.close()

        assert passes_in_a_child(refuses_and_closes)
        db.exec("delete from t")
        assert news(live) == []

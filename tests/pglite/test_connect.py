"""PGlite.connect: sessions of one cluster that work at the same time, each from its thread."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator

import pytest

from pglite_native import DatabaseError, Engine, EngineClosed, PGlite
from tests.waiting import DEADLINE_S, in_thread, until, until_blocked


@pytest.fixture
def db(db: PGlite) -> PGlite:
    db.exec("create table t (id int primary key, n int); insert into t values (1, 0), (2, 0)")
    return db


@pytest.fixture
def other(db: PGlite) -> Iterator[PGlite]:
    with db.connect() as connected:
        yield connected


def add(db: PGlite, number: int = 1, row: int = 1) -> int:
    sql = "update t set n = n + $1 where id = $2 returning n"
    return int(db.query(sql, [number, row]).rows[0]["n"])


def kept(db: PGlite, row: int = 1) -> int:
    return int(db.query("select n from t where id = $1", [row]).rows[0]["n"])


def test_transactions_are_each_ones_own(db: PGlite, other: PGlite) -> None:
    with db.transaction(), other.transaction() as second:
        add(db, row=1)
        add(other, row=2)
        assert (kept(db, 2), kept(other, 1)) == (0, 0)
        second.rollback()
    assert (kept(other, 1), kept(db, 2)) == (1, 0)


def test_settings_and_temporary_tables_are_each_ones_own(db: PGlite, other: PGlite) -> None:
    for number, session in enumerate((db, other)):
        session.exec(f"set work_mem = '{7 + number}MB'; create temp table own as select {number} n")
    for number, session in enumerate((db, other)):
        assert session.query("show work_mem").rows == [{"work_mem": f"{7 + number}MB"}]
        assert session.query("select n from own").rows == [{"n": number}]


def test_converters_go_along(db: PGlite) -> None:
    db.parsers[23] = float
    with db.connect() as other:
        assert repr(other.query("select 1 as a").rows) == "[{'a': 1.0}]"
        other.parsers[23] = str
    assert repr(db.query("select 1 as a").rows) == "[{'a': 1.0}]"


def test_types_that_another_session_has_made_are_known(db: PGlite, other: PGlite) -> None:
    db.exec("create type mood as enum ('sad', 'glad'); create table m (a mood[])")
    other.query("insert into m values ($1)", [["glad", None]])
    assert db.query("select a from m").rows == [{"a": ["glad", None]}]


def test_a_session_of_a_session_is_one_of_the_same_cluster(db: PGlite, other: PGlite) -> None:
    with other.connect() as third:
        assert third.engine is other.engine is db.engine
        assert db.session is db.engine
        add(third)
    assert kept(db) == 1


def test_a_session_will_do_in_place_of_an_engine() -> None:
    with Engine() as engine, PGlite(engine=engine.open_session()) as db:
        assert db.query("select pg_backend_pid() as pid").rows == [{"pid": db.session.pid}]


def test_a_row_lock_is_waited_for(db: PGlite, other: PGlite) -> None:
    db.exec("begin; update t set n = 5 where id = 1")
    with in_thread(lambda: add(other)) as waiting:
        until_blocked(db)
        assert not waiting.done()
        db.exec("commit")
        assert waiting.result(DEADLINE_S) == 6


def test_who_waits_for_whom_can_be_seen(db: PGlite, other: PGlite) -> None:
    db.exec("begin; update t set n = 5 where id = 1")
    with in_thread(lambda: add(other)):
        until_blocked(db)
        blockers = db.query("select pg_blocking_pids($1) as pids", [other.session.pid]).rows
        db.exec("commit")
    assert blockers == [{"pids": [db.session.pid]}]


def test_threads_that_add_to_one_row_lose_nothing(db: PGlite) -> None:
    def work() -> None:
        with db.connect() as session:
            for _ in range(25):
                with session.transaction() as transaction:
                    sql = "select n from t where id = 1 for update"
                    number = transaction.query(sql).rows[0]["n"]
                    transaction.query("update t set n = $1 where id = 1", [number + 1])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert kept(db) == 100


def test_a_deadlock_is_the_error_of_one(db: PGlite, other: PGlite) -> None:
    def crosswise() -> int:
        with other.transaction():
            add(other, row=2)
            held.set()
            return add(other, row=1)

    held = threading.Event()
    db.exec("set deadlock_timeout = '50ms'; begin")
    other.exec("set deadlock_timeout = '60s'")
    add(db, row=1)
    with in_thread(crosswise) as crossing:
        assert held.wait(DEADLINE_S)
        until_blocked(db)
        with pytest.raises(DatabaseError) as caught:
            add(db, row=2)
        assert caught.value.sqlstate == "40P01"
        db.exec("rollback")
        assert crossing.result(DEADLINE_S) == 1


def test_a_serializable_transaction_that_cannot_be_one_after_the_other_fails(
    db: PGlite, other: PGlite
) -> None:
    """Each reads what the other writes: write skew."""
    for session in (db, other):
        session.exec("begin isolation level serializable")
        session.query("select sum(n) from t")
    add(db, row=1)
    add(other, row=2)
    db.exec("commit")
    with pytest.raises(DatabaseError) as caught:
        other.exec("commit")
    assert caught.value.sqlstate == "40001"
    assert (kept(db, 1), kept(other, 2)) == (1, 0)


def test_a_lock_timeout_strikes_while_waiting(db: PGlite, other: PGlite) -> None:
    other.exec("set lock_timeout = '50ms'")
    with db.transaction():
        add(db)
        with pytest.raises(DatabaseError) as caught:
            add(other)
    assert caught.value.sqlstate == "55P03"
    assert add(other) == 2


def test_notifications_come_with_the_next_call(db: PGlite, other: PGlite) -> None:
    heard: list[str] = []
    other.listen("jobs", heard.append)
    with db.transaction() as transaction:
        transaction.query("select pg_notify('jobs', 'one')")
        other.exec("")
        assert heard == []
    other.exec("")
    assert heard == ["one"]


def test_a_statement_is_cancelled_by_another_session(db: PGlite, other: PGlite) -> None:
    with in_thread(lambda: other.query("select pg_sleep(600)")) as sleeping:
        sleeps = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'"
        until(lambda: db.query(sleeps, row_mode="array").rows == [(1,)])
        db.query("select pg_cancel_backend($1)", [other.session.pid])
        error = sleeping.exception(DEADLINE_S)
    assert isinstance(error, DatabaseError)
    assert error.sqlstate == "57014"
    assert kept(other) == 0


def test_waiting_for_a_lock_can_be_cancelled(db: PGlite, other: PGlite) -> None:
    with db.transaction():
        add(db)
        with in_thread(lambda: add(other)) as waiting:
            until_blocked(db)
            other.session.cancel()
            error = waiting.exception(DEADLINE_S)
    assert isinstance(error, DatabaseError)
    assert error.sqlstate == "57014"


def test_copies_in_two_sessions(db: PGlite, other: PGlite) -> None:
    with in_thread(lambda: other.copy_from("copy t from stdin", b"3\t0\n4\t0\n")) as copying:
        assert db.copy_to("copy (select 1) to stdout") == b"1\n"
        assert copying.result(DEADLINE_S) == 2
    assert db.copy_to("copy (select id from t order by id) to stdout") == b"1\n2\n3\n4\n"


def test_closing_a_session_undoes_what_it_has_not_committed(db: PGlite) -> None:
    with db.connect() as other:
        other.exec("begin; update t set n = 9")
    assert other.closed
    with pytest.raises(EngineClosed):
        other.query("select 1")
    assert add(db) == 1
    sessions = "select count(*) from pg_stat_activity where pid = $1"
    assert db.query(sessions, [other.session.pid]).rows == [{"count": 0}]


def test_closing_the_first_closes_all(db: PGlite, other: PGlite) -> None:
    db.close()
    with pytest.raises(EngineClosed):
        other.query("select 1")
    with pytest.raises(EngineClosed):
        db.connect()


@pytest.mark.parametrize("closes", ["the session", "its cluster"])
def test_closing_ends_a_wait_for_a_lock_in_another_thread(db: PGlite, closes: str) -> None:
    other = db.connect()
    db.exec("begin; update t set n = 5 where id = 1")
    with in_thread(lambda: add(other)) as waiting:
        until_blocked(db)
        (db if closes == "its cluster" else other).close()
        assert isinstance(waiting.exception(DEADLINE_S), DatabaseError | EngineClosed)
    other.close()


def test_a_session_that_is_terminated_is_one_of_many(db: PGlite, other: PGlite) -> None:
    db.query("select pg_terminate_backend($1)", [other.session.pid])
    with pytest.raises(DatabaseError) as caught:
        other.query("select 1")
    assert caught.value.sqlstate == "57P01"
    with pytest.raises(EngineClosed, match=r"^the session has ended$"):
        other.query("select 1")
    assert add(db) == 1


def begin(db: PGlite) -> None:
    with db.transaction():
        raise AssertionError("it has begun")


@pytest.mark.parametrize(
    "use",
    [
        lambda db: db.exec("select 1"),
        lambda db: db.copy_to("copy t to stdout", io.BytesIO()),
        lambda db: db.copy_from("copy t from stdin", io.BytesIO(b"3\t3\n")),
        begin,
    ],
    ids=["exec", "copy_to", "copy_from", "transaction"],
)
@pytest.mark.parametrize("is_used", [False, True], ids=["unused", "used"])
def test_why_a_session_has_ended_is_the_error(
    db: PGlite, other: PGlite, use: Callable[[PGlite], object], is_used: bool
) -> None:
    if is_used:
        other.query("select 1")
    db.query("select pg_terminate_backend($1)", [other.session.pid])
    with pytest.raises(DatabaseError) as caught:
        use(other)
    assert caught.value.sqlstate == "57P01"


def test_a_closed_one_has_nothing_to_connect_to(db: PGlite, other: PGlite) -> None:
    other.close()
    with pytest.raises(EngineClosed, match="before connecting"):
        other.connect()
    db.connect().close()


def test_another_database_and_another_user(db: PGlite) -> None:
    db.exec("create role clerk login")
    db.exec("create database shop")
    with db.connect("shop", "clerk") as shop, shop.connect() as again:
        who = "select current_database() as d, session_user as u"
        for session in (shop, again):
            assert session.query(who).rows == [{"d": "shop", "u": "clerk"}]
        assert again.query("select to_regclass('t') as t").rows == [{"t": None}]
    with pytest.raises(DatabaseError) as caught:
        db.connect("missing")
    assert caught.value.sqlstate == "3D000"

"""Transactions: when they begin, how they end, and in two phases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pglite_native import Engine, PGlite, dbapi
from tests.interrupts import Crossings

PREPARED_MAX = "max_prepared_transactions"


@pytest.mark.parametrize(
    ("level", "read_only", "deferrable"),
    [
        ("SERIALIZABLE", True, True),
        ("repeatable read", None, False),
        ("READ COMMITTED", False, None),
        (None, None, None),
    ],
)
def test_a_transaction_is_begun_as_it_is_to_be(
    connection: dbapi.Connection, level: str | None, read_only: bool | None, deferrable: bool | None
) -> None:
    connection.isolation_level, connection.read_only = level, read_only
    connection.deferrable = deferrable
    shown = connection.execute(
        "select current_setting('transaction_isolation'), "
        "current_setting('transaction_read_only'), current_setting('transaction_deferrable')"
    ).fetchone()
    on = {True: "on", False: "off", None: "off"}
    assert shown == ((level or "read committed").lower(), on[read_only], on[deferrable])


def test_an_isolation_level_that_does_not_exist_is_refused(connection: dbapi.Connection) -> None:
    connection.isolation_level = "read; drop table book"
    with pytest.raises(dbapi.ProgrammingError, match="isolation_level must be one of"):
        connection.execute("select 1")
    connection.isolation_level = None
    assert connection.execute("select 1").fetchone() == (1,)


def test_a_first_statement_that_fails_has_begun_a_transaction(connection: dbapi.Connection) -> None:
    for _ in range(3):
        with pytest.raises(dbapi.DataError):
            connection.execute("select 1 / %s", (0,))
        assert connection.status == "E"
        with pytest.raises(dbapi.InternalError) as caught:
            connection.execute("select 1")
        assert caught.value.sqlstate == "25P02"
        connection.rollback()
        assert connection.status == "I"


def test_a_first_statement_whose_table_has_changed_is_run_anew(
    connection: dbapi.Connection,
) -> None:
    for _ in range(3):
        connection.execute("select * from book").fetchall()
        connection.commit()
    with dbapi.connect(connection._session) as other:
        other.execute("alter table book add pages int")
        other.commit()
    assert connection.execute("select * from book").fetchall() == [(1, "Emma", None)]
    assert connection.status == "T"


def test_what_comes_with_the_begin_is_sorted_out(connection: dbapi.Connection) -> None:
    """Notices and notifications come before the reply to BEGIN, or after it."""
    with PGlite(engine=connection._session.open_session()) as other:
        connection.execute("listen news")
        connection.commit()
        for count in range(1, 4):
            other.query("notify news, 'x'")
            raising = "do $$ begin raise warning 'careful'; end $$"
            connection.execute(f"{raising}; set time zone 'UTC+{count}'; select 1")
            assert connection.execute("select 1").fetchall() == [(1,)]
            assert connection.status == "T"
            connection.commit()
            assert len(connection.notifications) == count
    assert [notice.message for notice in connection.notices] == ["careful"] * 3
    assert [heard[1:] for heard in connection.notifications] == [("news", "x")] * 3


def test_an_interrupt_anywhere_leaves_all_or_nothing() -> None:
    with dbapi.connect() as connection:
        connection.execute("create table t (n int)")
        connection.commit()
        crossing, where = 0, "somewhere"
        while where:
            crossing += 1
            crossings = Crossings(crossing)
            try:
                with crossings:
                    connection.execute("insert into t values (%s)", (crossing,))
                    connection.cursor().executemany("insert into t values (%s)", [(0,), (0,)])
                    connection.commit()
            except KeyboardInterrupt:
                pass
            where = crossings.where
            connection.rollback()
            assert connection.status == "I"
            counted = connection.execute(
                "select count(*) from t group by xmin having count(*) <> 3"
            ).fetchall()
            assert counted == [], where
            connection.rollback()
        assert crossing > 50


def divide(connection: dbapi.Connection) -> None:
    connection.execute("insert into t values (2)")
    _ = 1 // 0


def close_under(connection: dbapi.Connection) -> None:
    connection.execute("create table t (n int)")
    connection._session.engine.close()


def test_a_block_s_good_end_commits() -> None:
    db = PGlite()
    db.exec("create table t (n int unique deferrable initially deferred)")
    with dbapi.connect(db) as connection:
        connection.execute("insert into t values (1)")
    assert connection.closed
    with pytest.raises(ZeroDivisionError), dbapi.connect(db) as connection:
        divide(connection)
    assert connection.closed
    with dbapi.connect(db) as connection:
        connection.execute("insert into t values (3)")
        connection.close()
    with pytest.raises(dbapi.IntegrityError), dbapi.connect(db) as connection:
        connection.execute("insert into t values (1)")
    assert connection.closed
    assert db.query("table t").rows == [{"n": 1}]
    db.close()


def test_a_block_whose_session_is_closed_with_a_transaction_says_so() -> None:
    with pytest.raises(dbapi.OperationalError, match="closed"), dbapi.connect() as connection:
        close_under(connection)
    assert connection.closed


def test_autocommit_is_not_changed_in_a_transaction(connection: dbapi.Connection) -> None:
    connection.execute("select 1")
    connection.autocommit = False  # as it is
    with pytest.raises(dbapi.ProgrammingError, match="in a transaction"):
        connection.autocommit = True
    connection.rollback()
    connection.autocommit = True
    connection.execute("create table at_once (n int)")
    assert connection.status == "I"


def test_autocommit_is_not_changed_where_a_transaction_is_interrupted() -> None:
    with dbapi.connect() as connection:
        connection.execute("select 1")
        connection._conversation.text._status = None  # as an interrupt leaves it
        with pytest.raises(dbapi.ProgrammingError, match="in a transaction"):
            connection.autocommit = True


def test_threads_may_share_a_connection(connection: dbapi.Connection) -> None:
    import threading

    def work() -> None:
        for _ in range(50):
            cursor = connection.execute("update book set id = id + 1 returning id")
            assert len(cursor.fetchall()) == 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert connection.execute("select id from book").fetchone() == (201,)


# --- in two phases --------------------------------------------------------------------------


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(settings={PREPARED_MAX: "4"}) as opened:
        with dbapi.connect(opened) as connection:
            connection.execute("create table t (n int)")
            connection.commit()
        yield opened


def numbers(connection: dbapi.Connection) -> list[int]:
    found = [n for (n,) in connection.execute("select n from t order by n").fetchall()]
    connection.rollback()
    return found


def test_a_prepared_transaction_is_ended_by_another_connection(engine: Engine) -> None:
    with dbapi.connect(engine) as first:
        xid = first.xid(42, "gtrid", "bqual")
        assert str(xid) == "42_Z3RyaWQ=_YnF1YWw="
        first.tpc_begin(xid)
        first.execute("insert into t values (1)")
        with pytest.raises(dbapi.ProgrammingError, match="two phases"):
            first.commit()
        first.tpc_prepare()
        first.tpc_commit()
        assert numbers(first) == [1]
        for value, name in ((2, "it's mine"), (3, "other")):
            first.tpc_begin(name)
            first.execute("insert into t values (%s)", (value,))
            first.tpc_prepare()
            first._two_phase = None  # as if the program had ended
    with dbapi.connect(engine) as second:
        found = second.tpc_recover()
        assert sorted(found) == [(None, "it's mine", None), (None, "other", None)]
        second.tpc_commit("it's mine")
        second.tpc_rollback(found[1] if str(found[1]) == "other" else found[0])
        assert second.tpc_recover() == []
        assert numbers(second) == [1, 2]


def test_a_transaction_may_end_before_its_first_phase(engine: Engine) -> None:
    with dbapi.connect(engine) as connection:
        for end in (connection.tpc_rollback, connection.tpc_commit):
            connection.tpc_begin("t")
            connection.execute("insert into t values (1)")
            end()
            assert connection.status == "I"
        assert numbers(connection) == [1]
        for call in (connection.tpc_prepare, connection.tpc_commit, connection.tpc_rollback):
            with pytest.raises(dbapi.ProgrammingError, match="two phases"):
                call()
        connection.execute("select 1")
        with pytest.raises(dbapi.ProgrammingError, match="outside of a transaction"):
            connection.tpc_begin("t")


def test_what_cannot_be_prepared_is_rolled_back(connection: dbapi.Connection) -> None:
    connection.tpc_begin("t")
    connection.execute("delete from book")
    with pytest.raises(dbapi.OperationalError, match=PREPARED_MAX):
        connection.tpc_prepare()
    assert connection.status == "I"
    assert connection.execute("select id from book").fetchone() == (1,)

"""Transactions: what is kept, what is undone, and who waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor

import pytest

from pglite_native import DatabaseError, Engine, PGlite, Transaction, TransactionError
from tests import wire

PATIENCE_S = 60


@pytest.fixture
def db(db: PGlite) -> PGlite:
    db.exec("create table t (a int primary key)")
    return db


def insert(queries: PGlite | Transaction, *numbers: int) -> None:
    for number in numbers:
        queries.query("insert into t values ($1)", [number])


def kept(db: PGlite) -> list[int]:
    return [row["a"] for row in db.query("select a from t order by a").rows]


def test_a_block_is_committed(db: PGlite) -> None:
    with db.transaction() as transaction:
        insert(transaction, 1, 2)
        assert not transaction.closed
    assert transaction.closed
    assert kept(db) == [1, 2]
    with pytest.raises(DatabaseError, match="25P01"):
        db.exec("savepoint s")


def test_an_exception_rolls_back(db: PGlite) -> None:
    with pytest.raises(ZeroDivisionError), db.transaction() as transaction:
        insert(transaction, 1)
        _ = 1 // 0
    assert kept(db) == []


def test_an_error_of_sql_rolls_back(db: PGlite) -> None:
    with pytest.raises(DatabaseError, match="23505"), db.transaction() as transaction:
        insert(transaction, 1, 1)
    assert kept(db) == []


def test_what_failed_is_not_taken_for_committed(db: PGlite) -> None:
    with pytest.raises(TransactionError, match="has failed"), db.transaction() as transaction:
        insert(transaction, 1)
        with pytest.raises(DatabaseError):
            insert(transaction, 1)
    assert kept(db) == []


def test_rollback_ends_it(db: PGlite) -> None:
    with db.transaction() as transaction:
        insert(transaction, 1)
        transaction.rollback()
        assert transaction.closed
        with pytest.raises(TransactionError, match="has ended"):
            insert(transaction, 2)
        insert(db, 3)
    assert kept(db) == [3]


@pytest.mark.parametrize("method", ["query", "exec", "describe_query"])
def test_a_transaction_that_is_over_refuses(db: PGlite, method: str) -> None:
    with db.transaction() as transaction:
        pass
    with pytest.raises(TransactionError, match="has ended"):
        getattr(transaction, method)("select 1")
    with pytest.raises(TransactionError, match="has ended"):
        transaction.rollback()
    with pytest.raises(TransactionError, match="has ended"), transaction.transaction():
        pass
    with pytest.raises(TransactionError, match="one `with`"), transaction:
        pass
    with pytest.raises(TransactionError, match="not entered"):
        db.transaction().query("select 1")


def test_inner_ones_are_savepoints(db: PGlite) -> None:
    with db.transaction() as outer:
        insert(outer, 1)
        with outer.transaction() as inner:
            insert(inner, 2)
            with pytest.raises(LookupError), inner.transaction() as innermost:
                insert(innermost, 3)
                raise LookupError
        with pytest.raises(DatabaseError), outer.transaction() as inner:
            insert(inner, 4, 4)
        with outer.transaction() as inner:
            insert(inner, 5)
            inner.rollback()
        with db.transaction() as inner:  # of the same thread: it is within, too
            insert(inner, 6)
    assert kept(db) == [1, 2, 6]


def test_an_inner_one_is_undone_with_the_outer_one(db: PGlite) -> None:
    with pytest.raises(LookupError), db.transaction() as outer:
        with outer.transaction() as inner:
            insert(inner, 1)
        raise LookupError
    assert kept(db) == []


def test_a_failed_inner_one_can_be_left_behind(db: PGlite) -> None:
    with db.transaction() as outer:
        with pytest.raises(TransactionError), outer.transaction() as inner:
            with pytest.raises(DatabaseError):
                inner.query("select 1 / 0")
        insert(outer, 1)
    assert kept(db) == [1]


def test_a_statement_that_ends_it_is_found_out(db: PGlite) -> None:
    with pytest.raises(TransactionError, match="ended the transaction"):
        with db.transaction() as transaction:
            insert(transaction, 1)
            transaction.exec("rollback")
    assert kept(db) == []
    with pytest.raises(LookupError), db.transaction() as transaction:  # nothing left to be undone
        transaction.exec("commit")
        raise LookupError


def test_a_commit_may_fail(db: PGlite) -> None:
    db.exec("create table u (a int references t deferrable initially deferred)")
    with pytest.raises(DatabaseError, match="23503"), db.transaction() as transaction:
        transaction.query("insert into u values (1)")
    assert db.query("select * from u").rows == []
    with db.transaction() as transaction:  # the database is as it was
        insert(transaction, 1)


def test_an_open_transaction_is_respected() -> None:
    engine = Engine()
    engine.exec_protocol_raw(wire.query("create table t (a int)") + wire.query("begin"))
    with PGlite(engine=engine) as db:
        with pytest.raises(LookupError), db.transaction() as transaction:
            insert(transaction, 1)
            raise LookupError
        insert(db, 2)
        db.exec("commit")
        assert kept(db) == [2]


def test_the_end_of_the_session_within(db: PGlite) -> None:
    with pytest.raises(DatabaseError) as caught, db.transaction() as transaction:
        transaction.query("select pg_terminate_backend(pg_backend_pid())")
    assert caught.value.severity == "FATAL"


def test_other_threads_wait_for_its_end(db: PGlite) -> None:
    seen: list[list[int]] = []
    reader = threading.Thread(target=lambda: seen.append(kept(db)))
    with db.transaction() as transaction:
        insert(transaction, 1)
        reader.start()
        reader.join(0.3)
        assert seen == []
        insert(transaction, 2)
    reader.join(10)
    assert seen == [[1, 2]]


def test_another_thread_that_waited_finds_it_over(db: PGlite) -> None:
    caught: list[Exception] = []

    def late() -> None:
        try:
            insert(transaction, 2)
        except TransactionError as error:
            caught.append(error)

    thread = threading.Thread(target=late)
    with db.transaction() as transaction:
        thread.start()
        thread.join(0.2)
    thread.join(10)
    assert len(caught) == 1
    assert kept(db) == []


def test_another_thread_cannot_use_a_transaction(db: PGlite) -> None:
    raised: list[BaseException] = []

    def use(transaction: Transaction) -> None:
        within = transaction.transaction()
        for call in (lambda: insert(transaction, 2), transaction.rollback, within.__enter__):
            try:
                call()
            except TransactionError as error:
                raised.append(error)

    with db.transaction() as transaction:
        insert(transaction, 1)
        thread = threading.Thread(target=use, args=(transaction,))
        thread.start()
        thread.join()  # which would wait for the block, and the block for it
    assert len(raised) == 3 and "thread whose block it is" in str(raised[0])
    assert kept(db) == [1]


def in_another_thread(call: Callable[[], object]) -> BaseException | None:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).exception(PATIENCE_S)


def test_another_thread_cannot_use_what_has_ended_or_is_within(db: PGlite) -> None:
    with db.transaction() as transaction:
        within = transaction.transaction()
        error = in_another_thread(within.__enter__)
        assert isinstance(error, TransactionError) and "thread whose block it is" in str(error)
        transaction.rollback()
        error = in_another_thread(lambda: transaction.query("select 1"))
        assert isinstance(error, TransactionError) and "has ended" in str(error)


@pytest.mark.parametrize("fails", [False, True])
def test_a_block_may_end_in_another_thread(db: PGlite, fails: bool) -> None:
    def block() -> Generator[Transaction, None, None]:
        with db.transaction() as transaction:
            insert(transaction, 1)
            yield transaction

    opened = block()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(next, opened).result(PATIENCE_S)

        def end() -> None:
            if fails:
                opened.close()
            else:
                next(opened, None)

        assert in_another_thread(end) is None
        assert pool.submit(kept, db).result(PATIENCE_S) == ([] if fails else [1])
    assert kept(db) == ([] if fails else [1])

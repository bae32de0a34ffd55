"""PGlite.changes: what any session commits comes, once, in the order of commits."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from subprocess import run
from typing import Any

import psycopg
import pytest

from pglite_native import (
    UNCHANGED,
    Change,
    Changes,
    DatabaseError,
    Engine,
    EngineClosed,
    EngineError,
    PGlite,
    Snapshot,
    TransactionError,
)
from pglite_native.changes import slot
from tests.interrupts import interrupted_after
from tests.pglite.forked import passes_in_a_child
from tests.waiting import in_thread, until

LOGICAL = {"wal_level": "logical"}
NUMERIC = 1700


@pytest.fixture(scope="module")
def snapshot() -> Iterator[Snapshot]:
    with Engine(settings=LOGICAL) as engine, PGlite(engine=engine) as db:
        db.exec("create table t (id int primary key, word text, price numeric)")
        yield engine.snapshot()


@pytest.fixture
def db(snapshot: Snapshot) -> Iterator[PGlite]:
    with PGlite(image=snapshot) as database:
        yield database
        left = "select slot_name from pg_replication_slots where temporary union all "
        left += "select pubname from pg_publication where starts_with(pubname, 'pglite_')"
        assert database.query(left).rows == []
        assert database.query("select count(*) from pg_stat_activity").rows  # it can be used


def shown(change: Change) -> tuple[Any, ...]:
    return (change.operation, change.table, change.old, change.new)


def ids(changes: Changes) -> list[int]:
    return [change.new["id"] for change in changes if change.new]


def test_each_operation_has_its_values(db: PGlite) -> None:
    db.exec("create schema s; create table s.u (a int[], at timestamptz, m jsonb)")
    with db.changes(timeout=0) as changes:
        before = datetime.now(timezone.utc) - timedelta(seconds=1)
        db.exec("insert into t values (1, 'ä', 1.50), (2, null, null)")
        db.exec("update t set word = 'b' where id = 1; update t set id = 3 where id = 2")
        db.exec("delete from t where id = 1; truncate t")
        db.exec("""insert into s.u values ('{1,null}', '2020-01-02 03:04:05+00', '{"a": [1]}')""")
        found = list(changes)
        assert [shown(change) for change in found[:-1]] == [
            ("insert", "t", None, {"id": 1, "word": "ä", "price": Decimal("1.50")}),
            ("insert", "t", None, {"id": 2, "word": None, "price": None}),
            ("update", "t", None, {"id": 1, "word": "b", "price": Decimal("1.50")}),
            ("update", "t", {"id": 2}, {"id": 3, "word": None, "price": None}),
            ("delete", "t", {"id": 1}, None),
            ("truncate", "t", None, None),
        ]
        assert (found[-1].schema, found[-1].table) == ("s", "u")
        at = datetime(2020, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
        assert found[-1].new == {"a": [1, None], "at": at, "m": {"a": [1]}}
        time = found[0].commit_time
        assert time is not None and before < time < datetime.now(timezone.utc)
        assert found[0].xid == found[1].xid != found[2].xid
        assert list(changes) == []


def test_the_database_s_converters_and_types_are_used(db: PGlite) -> None:
    db.parsers[NUMERIC] = Fraction
    with db.changes(timeout=0) as changes:
        db.exec("create domain d as int[]; create table u (p numeric, d d)")
        db.exec("set datestyle = 'german'; insert into u values (0.5, '{1}')")
        assert [change.new for change in changes] == [{"p": Fraction(1, 2), "d": [1]}]


def test_a_large_value_that_was_not_touched_is_marked(db: PGlite) -> None:
    db.exec("create table u (id int primary key, large text, n int)")
    db.exec("alter table u alter large set storage external")
    large = "x" * 5000
    db.query("insert into u values (1, $1, 0)", [large])
    with db.changes(tables=["u"], timeout=0) as changes:
        db.exec("update u set n = 1")
        db.exec("alter table u replica identity full; update u set n = 2; delete from u")
        marked, full, gone = changes
        assert marked.new == {"id": 1, "large": UNCHANGED, "n": 1}
        assert repr(UNCHANGED) == "UNCHANGED"
        assert full.old == {"id": 1, "large": large, "n": 1}
        assert full.new == {"id": 1, "large": large, "n": 2}
        assert gone.old == full.new


def test_a_table_without_replica_identity_is_postgresql_s_affair(db: PGlite) -> None:
    db.exec("create table u (n int); insert into u values (1)")
    with db.changes(timeout=0):
        with pytest.raises(DatabaseError, match="does not have a replica identity"):
            db.exec("update u set n = 2")
    db.exec("update u set n = 2")


def test_changes_of_every_session_come_in_the_order_of_commits(db: PGlite) -> None:
    with db.changes(timeout=0) as changes, db.connect() as other:
        with other.transaction() as late:
            late.query("insert into t values (1)")
            db.query("insert into t values (2)")
        with psycopg.connect(db.dsn) as client:
            client.execute("insert into t values (3)")
        with db.transaction() as transaction:
            transaction.query("insert into t values (4)")
            transaction.rollback()
        with db.transaction() as transaction:
            transaction.query("insert into t values (5)")
            with transaction.transaction() as savepoint:
                savepoint.query("insert into t values (6)")
                savepoint.rollback()
        assert ids(changes) == [2, 1, 3, 5]


def test_transactions_come_whole(db: PGlite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slot, "BATCH_ROWS", 3)
    with db.changes(timeout=0) as changes:
        db.exec("insert into t values (1)")
        db.exec("insert into t select n from generate_series(2, 100) n")
        db.exec("insert into t values (101)")
        first, large, last = changes.transactions()
        assert [len(t.changes) for t in (first, large, last)] == [1, 99, 1]
        assert {change.xid for change in large.changes} == {large.xid}
        assert first.lsn < large.lsn < last.lsn
        assert large.commit_time == large.changes[0].commit_time


def test_origins_and_messages(db: PGlite) -> None:
    with db.changes(timeout=0, messages=True) as changes:
        db.query("select pg_logical_emit_message(false, 'at', 'once')")
        db.query("select pg_replication_origin_create('there')")
        db.query("select pg_replication_origin_session_setup('there')")
        with db.transaction() as transaction:
            transaction.query("insert into t values (1)")
            transaction.query("select pg_logical_emit_message(true, 'in', '\\x00ff'::bytea)")
        at_once, row, within = changes
        assert (at_once.xid, at_once.prefix, at_once.content) == (None, "at", b"once")
        assert (row.origin, within.origin) == ("there", "there")
        assert (within.operation, within.prefix, within.content) == ("message", "in", b"\0\xff")
        assert within.xid == row.xid
        assert list(changes) == []
    with db.changes(timeout=0) as changes:
        db.query("select pg_logical_emit_message(false, 'not', 'asked for')")
        assert list(changes) == []


def test_a_publication_says_what_comes(db: PGlite) -> None:
    db.exec("create table u (id int); create publication p for table t (id) where (id > 5)")
    db.exec('create publication "Q, \'" for table u with (publish = insert)')
    with db.changes(publication=["p", "Q, '"], timeout=0) as changes:
        db.exec("insert into t values (1), (9); insert into u values (2); truncate u")
        assert [shown(change) for change in changes] == [
            ("insert", "t", None, {"id": 9}),
            ("insert", "u", None, {"id": 2}),
        ]
    assert len(db.query("select from pg_publication").rows) == 2


@pytest.mark.parametrize(
    ("options", "sqlstate"),
    [
        ({"publication": "p"}, "42704"),
        ({"tables": ["nowhere"]}, "42P01"),
        ({"tables": ["pg_class"]}, "22023"),
        ({"slot": "No Name"}, "42602"),
    ],
)
def test_what_is_not_there_is_an_error(db: PGlite, options: Any, sqlstate: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        db.changes(**options)
    assert caught.value.sqlstate == sqlstate


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"publication": "p", "tables": ["t"]}, "exclude each other"),
        ({"tables": "t"}, "must be a sequence of names"),
        ({"tables": []}, "must be a sequence of names"),
        ({"publication": []}, "must name one"),
        ({"slot": ""}, "must be a name"),
        ({"slot": "s" * 50}, "of more than 48 characters"),
    ],
)
def test_wrong_arguments_are_refused(db: PGlite, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        db.changes(**options)


def test_wal_level_must_be_logical() -> None:
    with PGlite() as db:
        with pytest.raises(DatabaseError, match="wal_level") as caught:
            db.changes()
        assert caught.value.sqlstate == "55000"
        hint = 'HINT: Open the database with settings={"wal_level": "logical"}'
        assert str(caught.value).endswith(hint)
        assert db.query("select from pg_publication").rows == []


def test_it_does_not_begin_in_a_transaction_of_its_own(db: PGlite) -> None:
    with db.transaction(), pytest.raises(TransactionError):
        db.changes()


def test_it_waits_for_what_comes(db: PGlite) -> None:
    def commit() -> None:
        for number in range(3):
            time.sleep(0.1)
            db.query("insert into t values ($1)", [number])

    with db.changes() as changes, in_thread(commit) as done:
        iterator = iter(changes)
        assert [next(iterator).new for _ in range(3)] == [
            {"id": number, "word": None, "price": None} for number in range(3)
        ]
        done.result()


def test_a_timeout_ends_an_iteration_and_not_the_iterator(db: PGlite) -> None:
    with db.changes(timeout=0.2) as changes:
        begun = time.monotonic()
        assert list(changes) == []
        assert time.monotonic() - begun >= 0.2
        db.query("insert into t values (1)")
        for change in changes:
            assert change.new is not None
            break
        db.query("insert into t values (2)")
        assert ids(changes) == [2]


def test_another_thread_may_close_it(db: PGlite) -> None:
    found: list[Change] = []
    with db.changes() as changes, in_thread(lambda: found.extend(changes)) as waiting:
        db.query("insert into t values (1)")
        until(lambda: found)
        changes.close()
        waiting.result()
        changes.close()
        with pytest.raises(EngineClosed):
            list(changes)
        with pytest.raises(EngineClosed):
            changes.confirm()


def test_ctrl_c_ends_it(db: PGlite) -> None:
    with pytest.raises(KeyboardInterrupt), db.changes() as changes, interrupted_after(0.1):
        list(changes)
    assert changes.closed


def test_what_is_dropped_is_closed(db: PGlite) -> None:
    iterator = iter(db.changes())
    del iterator


def test_closing_the_database_ends_it(snapshot: Snapshot) -> None:
    db = PGlite(image=snapshot)
    with db.changes() as changes, in_thread(lambda: list(changes)) as waiting:
        db.close()
        with pytest.raises((EngineClosed, DatabaseError)):  # it waited, or its fetch was cancelled
            waiting.result()


def test_a_named_slot_gives_again_what_was_not_taken(db: PGlite) -> None:
    with db.changes(slot="s", timeout=0) as changes:
        assert changes.slot == "s"
        db.exec("insert into t values (1), (2)")
        db.exec("insert into t values (3), (4)")
        for change in changes:
            if change.new is not None and change.new["id"] == 3:
                break
    with db.changes(slot="s", timeout=0) as changes:
        iterator = iter(changes)
        assert [next(iterator).new["id"] for _ in "34"] == [3, 4]  # type: ignore[index]
    with db.changes(slot="s", timeout=0) as changes:
        iterator = iter(changes)
        assert [next(iterator).new["id"] for _ in "34"] == [3, 4]  # type: ignore[index]
        changes.confirm()
    with db.changes(slot="s", timeout=0) as changes:
        assert ids(changes) == []
        db.exec("insert into t values (5)")
        assert ids(changes) == [5]
    with db.changes(slot="s", timeout=0) as changes:
        assert ids(changes) == []
    db.exec("select pg_drop_replication_slot('s')")
    with db.changes():
        pass  # which drops the publication of a slot that is gone


def test_transactions_of_a_named_slot_are_taken_one_by_one(db: PGlite) -> None:
    with db.changes(slot="s", timeout=0) as changes:
        db.exec("insert into t values (1)")
        db.exec("insert into t values (2)")
        transactions = changes.transactions()
        next(transactions)
        next(transactions)
    with db.changes(slot="s", timeout=0, tables=["t"]) as changes:
        assert ids(changes) == [2]
    db.exec("select pg_drop_replication_slot('s'); drop publication pglite_changes_s")


def test_a_named_slot_has_one_consumer(db: PGlite) -> None:
    with db.changes(slot="s"):
        with pytest.raises(DatabaseError, match='slot "s" is active') as caught:
            db.changes(slot="s")
        assert caught.value.sqlstate == "55006"
    db.exec("select pg_drop_replication_slot('s'); drop publication pglite_changes_s")


def test_a_slot_of_another_plugin_is_refused(db: PGlite) -> None:
    db.exec("create database other")
    with db.connect("other") as other:
        other.exec("select pg_create_logical_replication_slot('s', 'pgoutput')")
        with pytest.raises(ValueError, match="in this database"):
            db.changes(slot="s")
        other.exec("select pg_drop_replication_slot('s')")


def test_a_named_slot_survives_the_process(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with PGlite(data, settings=LOGICAL) as db:
        db.exec("create table t (id int primary key)")
        db.changes(slot="s").close()
        db.exec("insert into t values (1)")
    with pytest.raises(EngineError, match="The slot needs settings"):
        PGlite(data)
    with PGlite(data, settings=LOGICAL) as db:
        with db.changes(slot="s", timeout=0) as changes:
            assert ids(changes) == [1]
    with PGlite(data, settings=LOGICAL) as db:
        with db.changes(slot="s", timeout=0) as changes:
            assert ids(changes) == []


def test_a_killed_process_leaves_nothing_that_stays(tmp_path: Path) -> None:
    program = f"""if True:
        import os
        from pglite_native import PGlite
        db = PGlite({str(tmp_path / "data")!r}, settings={LOGICAL!r})
        changes = db.changes()
        os._exit(0)
    """
    run([sys.executable, "-c", program], check=True)
    with PGlite(tmp_path / "data", settings=LOGICAL) as db:
        assert db.query("select from pg_replication_slots").rows == []
        assert len(db.query("select from pg_publication").rows) == 1
        with db.changes() as changes:
            names = db.query("select pubname from pg_publication", row_mode="array").rows
            assert names == [changes.publications]
        assert db.query("select from pg_publication").rows == []


def test_a_cancelled_fetch_of_a_named_slot_loses_nothing(db: PGlite) -> None:
    with db.changes(slot="s", timeout=0) as changes:
        db.exec("insert into t select n from generate_series(1, 3000) n")
        found: list[int] = []
        cancelled = 0

        def cancel() -> bool:
            changes._session.session.cancel()
            return cancelled > 3 or bool(found)

        with in_thread(lambda: until(cancel)):
            while not found:
                cancelled += 1
                with suppress(DatabaseError):
                    found = ids(changes)
        assert found == list(range(1, 3001))
    db.exec("select pg_drop_replication_slot('s'); drop publication pglite_changes_s")


def test_a_parser_that_fails_loses_nothing(db: PGlite) -> None:
    def fail(text: str) -> None:
        raise LookupError(text)

    parsers: list[Callable[[str], Any]] = [fail, Fraction]
    db.parsers[NUMERIC] = lambda text: parsers[0](text)
    with db.changes(timeout=0) as changes:
        db.exec("insert into t values (1, 'a', 0.5)")
        with pytest.raises(LookupError):
            list(changes)
        del parsers[0]
        assert [change.new["price"] for change in changes if change.new] == [Fraction(1, 2)]


def test_the_log_is_not_read_from_the_beginning_again_and_again(
    db: PGlite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slot, "STANDBY_SNAPSHOT_BYTES", 1 << 14)
    restart = "select restart_lsn::text as lsn from pg_replication_slots"
    with db.changes(timeout=0) as changes:
        places = set()
        for _ in range(4):
            db.exec("insert into t select n, repeat('x', 1000) from generate_series(1, 50) n")
            db.exec("delete from t")
            assert len(list(changes)) == 100
            places.add(db.query(restart).rows[0]["lsn"])
        assert len(places) > 2


def test_a_clone_has_no_part_in_it(db: PGlite) -> None:
    with db.changes(timeout=0) as changes, db.clone() as clone:
        clone.query("insert into t values (1)")
        assert clone.query("select from pg_replication_slots").rows == []
        assert list(changes) == []


def test_a_clone_does_not_meet_it_at_work(db: PGlite) -> None:
    with db.changes() as changes, in_thread(lambda: len(list(changes))):
        for number in range(10):
            db.query("insert into t values ($1)", [number])
            db.clone().close()
        changes.close()


def test_threads_share_one(db: PGlite) -> None:
    """Each change goes to one of them."""
    found: list[int] = []
    with db.changes(timeout=0) as changes:
        db.exec("insert into t select n from generate_series(1, 1000) n")
        threads = [threading.Thread(target=lambda: found.extend(ids(changes))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(found) == list(range(1, 1001))


def test_nothing_of_it_is_loaded_before_it_is_asked_for() -> None:
    program = """if True:
        import sys
        from pglite_native import PGlite
        with PGlite() as db:
            db.query("select 1")
        ours = ("pglite_native.changes", "pglite_native.live")
        print([name for name in sys.modules if name.startswith(ours)])
    """
    assert run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "[]\n"


def test_a_child_of_fork_leaves_it_alone(db: PGlite) -> None:
    with db.changes(timeout=0) as changes:

        def refuses_and_closes() -> None:
            with pytest.raises(EngineClosed):
                list(changes)
            changes.close()

        assert passes_in_a_child(refuses_and_closes)
        db.exec("insert into t values (1)")
        assert ids(changes) == [1]

"""Queries that are repeated: prepared once, and what has them prepared anew."""

from __future__ import annotations

import datetime
import enum
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from pglite_native import DatabaseError, Engine, PGlite, TransactionError
from pglite_native.database.prepared_statements import CANDIDATES_MAX, PREPARED_MAX
from tests import wire
from tests.interrupts import Crossings

OURS = "select count(*)::int from pg_prepared_statements where name like 'pglite\\_%'"


@contextmanager
def calls(db: PGlite) -> Iterator[list[bytes]]:
    """Have what the session is asked written down."""
    asked: list[bytes] = []
    execute = db.session._exec

    def counted(message: bytes, *rest: Any) -> None:
        asked.append(bytes(message))
        execute(message, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db.session, "_exec", counted)
        yield asked


def kinds(message: bytes) -> str:
    found, at = "", 0
    while at < len(message):
        found += chr(message[at])
        at += 1 + int.from_bytes(message[at + 1 : at + 5], "big")
    return found


def value(db: PGlite, sql: str, params: Sequence[Any] | None = None) -> Any:
    ((found,),) = db.query(sql, params, row_mode="array").rows
    return found


def prepared(db: PGlite) -> int:
    """How many statements of ours the server knows; asked in a way that adds none."""
    (result,) = db.exec(OURS, row_mode="array")
    return int(result.rows[0][0])


def repeat(db: PGlite, sql: str, params: Sequence[Any] | None = None) -> Any:
    """Run a statement until it is prepared; return what it gives then."""
    first = db.query(sql, params)
    for _ in range(3):
        assert db.query(sql, params) == first
    return first


# --- what a repeated query costs, and gives -------------------------------------------------------


@pytest.mark.parametrize(("sql", "params"), [("select 1 as a", None), ("select $1::int", [5])])
def test_a_repeated_query_is_one_call(db: PGlite, sql: str, params: list[int] | None) -> None:
    repeat(db, sql, params)
    with calls(db) as asked:
        db.query(sql, params)
    assert list(map(kinds, asked)) == ["BES"]


class Number(enum.IntEnum):
    ONE = 1


class Word(enum.Enum):
    ONE = "uno"


VALUES = [
    ("bool", True),
    ("int2", -(2**15)),
    ("int4", 2**31 - 1),
    ("int8", -(2**63)),
    ("oid", 2**32 - 1),
    ("float4", 0.1),
    ("float8", 0.1),
    ("float8", -0.0),
    ("float8", math.inf),
    ("float8", 2**53),
    ("float8", 2**53 + 1),
    ("float8", 5e-324),
    ("numeric", Decimal("1.50")),
    ("numeric", 10**30),
    ("numeric", 1.5),
    ("text", "é€𝄞\n"),
    ("text", ""),
    ("text", 7),
    ("text", True),
    ("bytea", b"\0\xff"),
    ("bytea", b""),
    ("bytea", bytearray(b"x")),
    ("date", datetime.date(2026, 2, 3)),
    ("timestamptz", datetime.datetime(2026, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)),
    ("uuid", UUID(int=7)),
    ("jsonb", {"a": [1, None]}),
    ("int4[]", [1, None, 3]),
    ("int4", None),
    ("int4", "12"),
    ("int4", Number.ONE),
    ("text", Word.ONE),
    ("int4range", None),
]


@pytest.mark.parametrize(("of", "param"), VALUES)
def test_values_are_those_of_the_first_time(db: PGlite, of: str, param: object) -> None:
    sql = f"select $1::{of} as v, pg_typeof($1)::text as t, $1::{of}::text as x"
    first = db.query(sql, [param])
    for _ in range(3):
        again = db.query(sql, [param])
        assert again == first
        assert type(again.rows[0]["v"]) is type(first.rows[0]["v"])
        assert repr(again.rows[0]["v"]) == repr(first.rows[0]["v"]), "of -0.0 the sign, too"


def test_not_a_number(db: PGlite) -> None:
    for _ in range(4):
        assert math.isnan(value(db, "select $1::float8", [math.nan]))


@pytest.mark.parametrize(
    ("of", "param"),
    [
        ("int2", 2**15),
        ("int4", 2**31),
        ("int8", 2**63),
        ("int4", True),
        ("int4", 1.5),
        ("bool", 7.5),
        ("int4", "x"),
        ("text", "\0"),
    ],
)
def test_values_that_are_refused_are_refused_alike(db: PGlite, of: str, param: object) -> None:
    sql = f"select $1::{of} as v"
    with pytest.raises(DatabaseError) as first:
        db.query(sql, [param])
    repeat(db, sql, [None])
    for _ in range(3):
        with pytest.raises(DatabaseError) as again:
            db.query(sql, [param])
        assert again.value.fields == first.value.fields
    assert db.query(sql, [None]).rows == [{"v": None}]


def test_all_rows_and_columns_of_a_result(db: PGlite) -> None:
    sql = """select n, n::int8 * 10000000000 as big, n % 2 = 0 as even, n / 3.0::float8 as third,
        case when n % 3 > 0 then 'text ' || n end as t, decode(md5(n::text), 'hex') as b
        from generate_series(1, 5000) n"""  # several parts
    first = db.query(sql).rows
    assert len(first) == 5000
    for _ in range(2):
        assert db.query(sql).rows == first
        assert db.query(sql, row_mode="array").rows == [tuple(row.values()) for row in first]
    assert db.query("select from generate_series(1, 2)", row_mode="array").rows == [(), ()]


def test_commands_and_counts(db: PGlite) -> None:
    db.exec("create table t (a int)")
    for sql, expected in [
        ("insert into t values ($1), ($1)", ("INSERT", 2, 2)),
        ("update t set a = 0 where a = $1", ("UPDATE", 2, 2)),
        ("select a from t where a = $1 limit 1", ("SELECT", 0, 0)),
        ("delete from t where a > $1", ("DELETE", 0, 0)),
    ]:
        for _ in range(3):
            db.exec("truncate t; insert into t values (5), (5)") if sql[0] == "u" else None
            result = db.query(sql, [5])
            assert (result.command, result.affected_rows, result.row_count) == expected


def test_a_result_is_its_callers_own(db: PGlite) -> None:
    repeat(db, "select 1 as a")
    db.query("select 1 as a").fields.clear()
    assert [field.name for field in db.query("select 1 as a").fields] == ["a"]


def test_converters_count_from_the_next_result_on(db: PGlite) -> None:
    repeat(db, "select 1 as a, 2.5::float8 as b")
    db.parsers[23] = lambda text: text + "!"
    assert db.query("select 1 as a, 2.5::float8 as b").rows == [{"a": "1!", "b": 2.5}]
    del db.parsers[23]
    assert db.query("select 1 as a, 2.5::float8 as b").rows == [{"a": 1, "b": 2.5}]
    sql = "select $1::int as a"
    repeat(db, sql, [1])
    assert db.query(sql, [1], parsers={23: lambda text: text * 2}).rows == [{"a": "11"}]
    db.serializers[int] = lambda number: str(number + 1)
    assert db.query(sql, [1]).rows == [{"a": 2}]
    assert db.query(sql, [1], serializers={23: lambda _: "9"}).rows == [{"a": 9}]


def test_a_serializer_may_query(db: PGlite) -> None:
    db.serializers[int] = lambda number: str(value(db, f"select {number} + 1"))
    for _ in range(4):
        assert value(db, "select $1::int", [1]) == 2


def test_a_serializer_that_returns_no_text(db: PGlite) -> None:
    repeat(db, "select $1::date", [None])
    db.serializers[datetime.date] = lambda _: 5  # type: ignore[assignment,return-value]
    with pytest.raises((TypeError, AttributeError)):
        db.query("select $1::date", [datetime.date(2026, 1, 1)])


def test_notices_and_notifications_of_a_repeated_query(db: PGlite) -> None:
    heard: list[str] = []
    db.exec("""create function f() returns int language plpgsql as
        $$ begin raise notice 'n'; perform pg_notify('c', 'p'); return 1; end $$""")
    db.listen("c", heard.append)
    for _ in range(4):
        db.query("select f() as f", on_notice=lambda notice: heard.append(notice.message))
    assert heard == ["n", "p"] * 4


def test_types_that_are_given_are_another_statement(db: PGlite) -> None:
    for _ in range(4):
        for oid, name in (25, "text"), (1043, "character varying"):
            found = db.query("select pg_typeof($1)::text as t", ["x"], param_types=[oid]).rows
            assert found == [{"t": name}]


# --- what is prepared, and what is not ------------------------------------------------------------


def test_a_statement_that_comes_once_is_not_prepared(db: PGlite) -> None:
    for n in range(10):
        db.query(f"select {n}")
    assert prepared(db) == 0
    db.query("select 0")
    assert prepared(db) == 1


def test_they_are_bounded_and_the_least_used_go(db: PGlite) -> None:
    repeat(db, "select 'kept' as a")
    for n in range(PREPARED_MAX + 20):
        repeat(db, f"select {n} as a")
        db.query("select 'kept' as a")
    assert prepared(db) <= PREPARED_MAX + 1  # what has gone is closed with the next
    with calls(db) as asked:
        assert value(db, "select 'kept' as a") == "kept"
        assert value(db, "select 0 as a") == 0
    assert list(map(kinds, asked)) == ["BES", "Q"]


def test_more_statements_in_turns_than_there_is_room_for_are_not_prepared(db: PGlite) -> None:
    for _ in range(3):
        for n in range(CANDIDATES_MAX + 1):
            db.query(f"select {n}")
    assert prepared(db) == 0


@pytest.mark.parametrize(
    "sql", ["explain select 1", "show work_mem", "set work_mem = '5MB'", "listen c", "vacuum"]
)
def test_what_is_no_query_is_not_prepared(db: PGlite, sql: str) -> None:
    for _ in range(3):
        db.query(sql)
    assert prepared(db) == 0


# --- what has them prepared anew ------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "discard all",
        "deallocate all",
        "do $$ begin execute 'deallocate all'; end $$",
        "select discard()",
        "alter table t add column b int default 7",
        "alter table t alter column a type text",
        "drop table t; create table t as select 'x'::text as a",
        "create schema s; create table s.t as select 'y' as a; set search_path = s",
        "create temp table t as select 2.5 as a",
        "select 3.5 as a into temp table t",
        "select alter_it()",
    ],
)
def test_after_a_change_a_statement_means_what_its_text_says(db: PGlite, change: str) -> None:
    db.exec("""create table t (a int); insert into t values (1);
        create function alter_it() returns void language plpgsql as
            'begin alter table t alter column a type text; end';
        create function discard() returns void language plpgsql as
            $$ begin execute 'deallocate all'; end $$""")
    sql, with_param = "select * from t", "select * from t where a::text <> $1"
    repeat(db, sql)
    repeat(db, with_param, ["z"])
    db.exec(change)
    expected = db.exec(sql)[0]
    for _ in range(4):
        assert db.query(sql) == expected
        assert db.query(with_param, ["z"]) == expected


def test_parameters_have_the_types_of_a_changed_table(db: PGlite) -> None:
    db.exec("""create table t (a int);
        create function alter_it() returns void language plpgsql as
            'begin alter table t alter column a type text; end'""")
    sql = "insert into t values ($1)"
    for _ in range(3):
        db.query(sql, [1])
    db.query("select alter_it()")
    db.query(sql, ["word"])  # for an int it would be none
    assert value(db, "select max(a) from t") == "word"


def test_another_sessions_change(db: PGlite) -> None:
    db.exec("create table t as select 1 as a")
    repeat(db, "select * from t")
    with db.connect() as other:
        other.exec("alter table t add column b int default 2")
        assert db.query("select * from t").rows == [{"a": 1, "b": 2}]
        repeat(db, "select * from t")
        other.exec("alter table t add column c int default 3")
        with pytest.raises(DatabaseError) as caught, db.transaction() as transaction:
            transaction.query("select * from t")  # it is over: nothing is retried in its place
        assert caught.value.sqlstate == "0A000"
        assert db.query("select * from t").rows == [{"a": 1, "b": 2, "c": 3}]


def test_what_a_rollback_undoes(db: PGlite) -> None:
    db.exec("create table t as select 1 as a")
    repeat(db, "select * from t")
    with db.transaction() as transaction:
        transaction.exec("create temp table t as select 'x' as b")
        for _ in range(3):
            assert transaction.query("select * from t").rows == [{"b": "x"}]
        transaction.rollback()
    for _ in range(3):
        assert db.query("select * from t").rows == [{"a": 1}]
    with db.transaction() as transaction:
        with transaction.transaction() as inner:
            inner.exec("alter table t rename a to c")
            for _ in range(3):
                assert inner.query("select * from t").rows == [{"c": 1}]
            inner.rollback()
        for _ in range(3):
            assert transaction.query("select * from t").rows == [{"a": 1}]


def test_a_failed_transaction_stays_failed(db: PGlite) -> None:
    sql = "select 1 as a"
    repeat(db, sql)
    repeat(db, "select 1 / $1::int as q", [1])
    with pytest.raises(TransactionError), db.transaction() as transaction:
        with pytest.raises(DatabaseError, match="22012"):
            transaction.query("select 1 / $1::int as q", [0])
        for again in (sql, "select 1 / $1::int as q", "select 'new' as a"):
            with pytest.raises(DatabaseError, match="25P02"), calls(db) as asked:
                transaction.query(again, [1] if "$" in again else None)
            assert len(asked) == 1
    assert db.query(sql).rows == [{"a": 1}]
    repeat(db, "rollback")
    db.exec("begin")
    with pytest.raises(DatabaseError):
        db.exec("select 1 / 0")
    db.query("rollback")
    assert db.query(sql).rows == [{"a": 1}]


def test_an_error_is_made_once(db: PGlite) -> None:
    db.exec("""create sequence s; create function f(int) returns int language plpgsql as
        'begin perform nextval(''s''); return 1 / $1; end'""")
    repeat(db, "select f($1)", [1])
    before = value(db, "select nextval('s')::int")
    with pytest.raises(DatabaseError, match="22012"):
        db.query("select f($1)", [0])
    assert value(db, "select nextval('s')::int") == before + 2


def test_settings_that_text_depends_on(db: PGlite) -> None:
    sql = "select 1 / 3.0::float8 as f, '\\x01'::bytea as b"
    repeat(db, sql)
    db.exec("set extra_float_digits = -10; set bytea_output = 'escape'")
    for _ in range(4):
        assert db.query(sql).rows == [{"f": 0.33333, "b": b"\1"}]
    db.exec("begin; set local extra_float_digits = 1; set local bytea_output = 'hex'")
    for _ in range(4):
        assert db.query(sql).rows == [{"f": 1 / 3, "b": b"\1"}]
    db.exec("commit")
    assert db.query(sql).rows == [{"f": 0.33333, "b": b"\1"}]


def test_a_restored_engine_is_another_session(db: PGlite) -> None:
    empty = db.engine.snapshot()
    repeat(db, "select 1 as a")
    warm = db.engine.snapshot()
    for snapshot in (empty, warm, empty):
        db.engine.restore(snapshot)
        with db.transaction() as transaction:  # where no error would be forgiven
            for _ in range(3):
                assert transaction.query("select 1 as a").rows == [{"a": 1}]


def test_a_name_means_the_same_everywhere() -> None:
    """Two PGlites on one session, each with statements of its own, and one of both."""
    with Engine() as engine, PGlite(engine=engine) as one, PGlite(engine=engine) as two:
        for _ in range(4):
            for n in range(5):
                assert value(one, f"select 'one {n}'") == f"one {n}"
                assert value(two, f"select 'two {n}'") == f"two {n}"
                assert value(one, "select 'both'") == value(two, "select 'both'")


def test_a_fork_goes_on_with_them(db: PGlite) -> None:
    repeat(db, "select $1::int", [1])
    with db.clone() as clone, calls(clone) as asked:
        assert value(clone, "select $1::int", [1]) == 1
        assert list(map(kinds, asked)) == ["BES"]
    with db.connect() as other:
        repeat(other, "select $1::int + 1", [1])
        with other.clone() as clone, clone.transaction() as transaction:
            assert transaction.query("select $1::int + 1 as a", [1]).rows == [{"a": 2}]


def test_the_raw_protocol_may_take_them_away(db: PGlite) -> None:
    repeat(db, "select 1 as a")
    db.session.exec_protocol_raw(wire.query("deallocate all"))
    assert db.query("select 1 as a").rows == [{"a": 1}]
    repeat(db, "select 1 as a")
    db.session.exec_protocol_raw(wire.query("begin; deallocate all"))
    with pytest.raises(DatabaseError, match="26000"):
        db.query("select 1 as a")
    db.exec("rollback")
    assert db.query("select 1 as a").rows == [{"a": 1}]


# --- interrupts -----------------------------------------------------------------------------------


def once(db: PGlite) -> None:
    db.query("select a from t where a = $1", [1])


def prepares(db: PGlite) -> None:
    db.exec("discard all")
    for _ in range(3):
        db.query("select a from t where a = $1", [1])


def evicts(db: PGlite) -> None:
    for n in range(4):
        db.query(f"select a from t where a = {n % 2} and a < $1", [9])


def alters(db: PGlite) -> None:
    db.query("alter table t alter column a type text")
    db.query("select * from t")
    db.query("alter table t alter column a type int using a::int")


STRIDES: dict[Callable[[PGlite], None], int] = {once: 1, prepares: 3, evicts: 3, alters: 7}
"""Which of the places are tried: every so many, for the time it takes."""


@pytest.mark.parametrize("work", STRIDES, ids=lambda work: work.__name__)
def test_an_interrupt_anywhere_leaves_what_is_known_true(
    work: Callable[[PGlite], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules["pglite_native.database.prepared_statements"]
    monkeypatch.setattr(module, "PREPARED_MAX", 3)
    with PGlite() as db:
        db.exec("create table t as select 1 as a")
        repeat(db, "select a from t where a = $1", [1])
        crossing = 1
        while True:
            try:
                with Crossings(crossing):
                    work(db)
                break
            except KeyboardInterrupt:
                kind = db.exec("select pg_typeof(a)::text from t", row_mode="array")[0].rows[0][0]
                if kind == "text":
                    db.exec("alter table t alter column a type int using a::int")
                with db.transaction() as transaction:  # where no error would be forgiven
                    found = transaction.query("select a from t where a = $1", [1])
                    assert found.rows == [{"a": 1}]
                    assert transaction.query("select * from t").rows == [{"a": 1}]
                assert prepared(db) <= 5
            crossing += STRIDES[work]
        assert crossing > 20


@pytest.mark.parametrize("sql", ["select 1;", "select '$' as a", "select ';' as a"])
def test_what_may_be_several_statements_or_have_parameters_is_no_simple_query(
    db: PGlite, sql: str
) -> None:
    with calls(db) as asked:
        db.query(sql)
    assert list(map(kinds, asked)) == ["PBDES"]


def test_of_several_statements_none_is_run(db: PGlite) -> None:
    db.exec("create table t (a int)")
    with pytest.raises(DatabaseError, match="multiple commands"):
        db.query("insert into t values (1); insert into t values (2)")
    assert value(db, "select count(*) as a from t") == 0

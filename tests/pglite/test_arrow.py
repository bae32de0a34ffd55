"""query_arrow: what others make of its tables, beside what query returns."""

from __future__ import annotations

import asyncio
import gc
import random
import struct
from collections.abc import Sequence
from datetime import date, datetime, time, timezone
from decimal import Decimal
from typing import Any

import pyarrow
import pytest

from pglite_native import AsyncPGlite, DatabaseError, PGlite, _arrow
from pglite_native._arrow import ArrowTable


def arrow(db: PGlite, sql: str, params: Sequence[Any] | None = None) -> pyarrow.Table:
    table = pyarrow.table(db.query_arrow(sql, params))
    table.validate(full=True)
    return table


TYPES = [
    ("bool", "true", pyarrow.bool_(), True),
    ("int2", "-32768", pyarrow.int16(), -32768),
    ("int4", "-2147483648", pyarrow.int32(), -(2**31)),
    ("int8", "9223372036854775807", pyarrow.int64(), 2**63 - 1),
    ("oid", "4294967295", pyarrow.uint32(), 2**32 - 1),
    ("float4", "1.5", pyarrow.float32(), 1.5),
    ("float8", "0.1", pyarrow.float64(), 0.1),
    ("float8", "-infinity", pyarrow.float64(), float("-inf")),
    ("text", "hé€𝄞", pyarrow.string(), "hé€𝄞"),
    ("varchar(5)", "abc", pyarrow.string(), "abc"),
    ("char(3)", "a", pyarrow.string(), "a  "),
    ("bytea", "\\x00ff", pyarrow.binary(), b"\0\xff"),
    ("numeric", "1.50", pyarrow.string(), "1.50"),
    ("numeric(12,3)", "-123.45", pyarrow.decimal128(12, 3), Decimal("-123.450")),
    ("numeric(5,5)", "0.00001", pyarrow.decimal128(5, 5), Decimal("0.00001")),
    ("numeric(6,0)", "120000", pyarrow.decimal128(6, 0), Decimal(120000)),
    ("numeric(38,0)", "-" + "9" * 38, pyarrow.decimal128(38, 0), Decimal("-" + "9" * 38)),
    ("numeric(38,38)", "0." + "9" * 38, pyarrow.decimal128(38, 38), Decimal("0." + "9" * 38)),
    ("numeric(39,0)", "1", pyarrow.string(), "1"),
    ("numeric(3,-2)", "12345", pyarrow.string(), "12300"),
    ("numeric(3,5)", "0.00123", pyarrow.string(), "0.00123"),
    ("numeric(4,2)", "0", pyarrow.decimal128(4, 2), Decimal("0.00")),
    ("date", "0001-01-01", pyarrow.date32(), date(1, 1, 1)),
    ("date", "9999-12-31", pyarrow.date32(), date(9999, 12, 31)),
    ("time", "12:34:56.789", pyarrow.time64("us"), time(12, 34, 56, 789000)),
    (
        "timestamp",
        "1969-12-31 23:59:59.5",
        pyarrow.timestamp("us"),
        datetime(1969, 12, 31, 23, 59, 59, 500000),
    ),
    (
        "timestamptz",
        "2026-01-01 01:00+01",
        pyarrow.timestamp("us", "UTC"),
        datetime(2026, 1, 1, tzinfo=timezone.utc),
    ),
    ("timetz", "12:00+01", pyarrow.string(), "12:00:00+01"),
    ("interval", "1 day", pyarrow.string(), "1 day"),
    (
        "uuid",
        "00000000-0000-0000-0000-000000000007",
        pyarrow.string(),
        "00000000-0000-0000-0000-000000000007",
    ),
    ("int4[]", "{1,NULL}", pyarrow.string(), "{1,NULL}"),
    ("jsonb", '{"a": 1}', pyarrow.string(), '{"a": 1}'),
]


def test_the_second_column_of_a_name_is_numbered(db: PGlite) -> None:
    assert arrow(db, "select 1 as a, 2 as a, 3 as b").column_names == ["a", "a_2", "b"]


@pytest.mark.parametrize(("of", "text", "type_", "value"), TYPES, ids=lambda item: str(item)[:20])
def test_a_type(db: PGlite, of: str, text: str, type_: pyarrow.DataType, value: object) -> None:
    db.exec(f"create table t (n int generated always as identity, v {of})")
    db.query("insert into t (v) values (null), ($1), (null), ($1)", [text])
    column = arrow(db, "select v from t order by n").column("v")
    assert column.type == type_
    assert column.to_pylist() == [None, value, None, value]
    assert column.null_count == 2
    assert arrow(db, "select v from t where v is not null").column("v").null_count == 0


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("'infinity'::date", "infinity"),
        ("'-infinity'::date", "infinity"),
        ("'infinity'::timestamp", "infinity"),
        ("'-infinity'::timestamptz", "infinity"),
        ("'nan'::numeric(5,2)", "NaN"),
        ("'24:00'::time", "outside the range"),
    ],
)
def test_what_arrow_cannot_hold_is_refused(db: PGlite, value: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=f'column 2, "v", .*{complaint}.*text'):
        db.query_arrow(f"select 1, {value} as v")
    assert arrow(db, f"select ({value})::text as v").num_rows == 1


def test_another_encoding_is_refused(db: PGlite) -> None:
    db.exec("set client_encoding = 'latin1'")
    with pytest.raises(ValueError, match="client_encoding"):
        db.query_arrow("select chr(233) as a")


def test_times_beyond_python(db: PGlite) -> None:
    sql = """select '294246-12-31'::timestamp as t, '5874897-12-31'::date as d,
        '4713-01-01 BC'::date as b"""
    table = arrow(db, sql)
    expected = (
        f"select extract(epoch from t)::int8 * 1000000 as t, d - '1970-01-01'::date as d,"
        f" b - '1970-01-01'::date as b from ({sql}) s"
    )
    (found,) = db.query(expected).rows
    assert table.column("t").cast(pyarrow.int64()).to_pylist() == [found["t"]]
    assert table.column("d").cast(pyarrow.int32()).to_pylist() == [found["d"]]
    assert table.column("b").cast(pyarrow.int32()).to_pylist() == [found["b"]]
    with pytest.raises(ValueError, match="outside the range"):
        db.query_arrow("select '294276-12-31'::timestamp as t")


def test_many_rows_come_in_batches(db: PGlite) -> None:
    sql = """select n, 'text ' || n as t, case when n % 3 > 0 then n % 2 = 0 end as b,
        (n / 7.0)::numeric(12, 4) as d, null::text as nothing
        from generate_series(1, 140000) n"""
    table = arrow(db, sql)
    assert table.column("n").num_chunks == 3
    rows = [tuple(row.values()) for row in table.to_pylist()]
    assert rows == db.query(sql, row_mode="array").rows


def test_shapes(db: PGlite) -> None:
    assert arrow(db, "select 1 as a, 2 as a, null as b where false").num_rows == 0
    table = db.query_arrow("select 1 as a, 2 as a, 'x' as \"É\"")
    assert (table.num_rows, table.column_names) == (1, ["a", "a_2", "É"])
    assert pyarrow.table(table).columns[1].to_pylist() == [2]
    assert db.query_arrow("select from generate_series(1, 3)").num_rows == 3
    assert arrow(db, "create table t (a int)").num_columns == 0
    assert arrow(db, "insert into t values (1) returning a").to_pylist() == [{"a": 1}]
    assert arrow(db, "").num_columns == 0


def test_parameters_and_options(db: PGlite) -> None:
    assert arrow(db, "select $1::int + 1 as a, $2 as b", [1, "x"]).to_pylist() == [
        {"a": 2, "b": "x"}
    ]
    heard: list[str] = []
    db.query_arrow(
        "do $$ begin raise notice 'n'; end $$", on_notice=lambda n: heard.append(n.message)
    )
    assert heard == ["n"]
    twice = db.query_arrow("select $1::int as a", [1], serializers={int: lambda n: str(2 * n)})
    assert pyarrow.table(twice).to_pylist() == [{"a": 2}]
    with pytest.raises(TypeError, match="sequence"):
        db.query_arrow("select $1", "x")
    with pytest.raises(DatabaseError, match="08P01"):
        db.query_arrow("select $1::int", [1, 2])
    with pytest.raises(DatabaseError, match="no data to copy"):
        db.query_arrow("copy pg_class from stdin")
    assert arrow(db, "select 1 as a").to_pylist() == [{"a": 1}]


def test_in_a_transaction_and_by_parsers_none(db: PGlite) -> None:
    db.parsers[23] = str
    with db.transaction() as transaction:
        assert pyarrow.table(transaction.query_arrow("select 1 as a")).to_pylist() == [{"a": 1}]


def test_asyncio() -> None:
    async def asked() -> ArrowTable:
        async with AsyncPGlite() as db:
            return await db.query_arrow("select $1::int as a", [1])

    assert pyarrow.table(asyncio.run(asked())).to_pylist() == [{"a": 1}]


def test_a_table_outlives_its_database_and_is_taken_again(db: PGlite) -> None:
    table = db.query_arrow("select n, n::text as t from generate_series(1, 5) n")
    db.close()
    expected = [{"n": n, "t": str(n)} for n in range(1, 6)]
    streams = [table.__arrow_c_stream__() for _ in range(3)]  # which are not taken
    schema = table.__arrow_c_schema__()
    kept = pyarrow.table(table).column("t")
    assert pyarrow.schema(table).names == ["n", "t"]
    assert pyarrow.table(table).to_pylist() == expected
    del table, streams, schema
    gc.collect()
    assert kept.to_pylist() == [row["t"] for row in expected]
    batches = pyarrow.RecordBatchReader.from_stream(
        ArrowTable([row(b"x")], ((("c"), _arrow.TEXT, 0, 0),))
    )
    assert batches.read_next_batch().to_pylist() == [{"c": "x"}]  # and is dropped before its end


# --- what the server might say --------------------------------------------------------------------


def row(*values: bytes | None) -> bytes:
    body = struct.pack("!H", len(values))
    for value in values:
        body += struct.pack("!i", -1 if value is None else len(value)) + (value or b"")
    return b"D" + struct.pack("!I", len(body) + 4) + body


def numeric(*digits: int, weight: int = 0, sign: int = 0, count: int | None = None) -> bytes:
    count = len(digits) if count is None else count
    return struct.pack(f"!Hhhh{len(digits)}h", count, weight, sign, 0, *digits)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (_arrow.BOOLEAN, b""),
        (_arrow.INT16, b"\0"),
        (_arrow.INT32, b"\0" * 5),
        (_arrow.FLOAT64, b"\0" * 4),
        (_arrow.DATE, b""),
        (_arrow.TIMESTAMP, b"\0" * 16),
        (_arrow.DECIMAL, b"\0" * 7),
        (_arrow.DECIMAL, numeric(1, count=2)),
        (_arrow.DECIMAL, numeric(10000)),
        (_arrow.DECIMAL, numeric(-1)),
    ],
)
def test_values_that_lie_are_refused(kind: int, value: bytes) -> None:
    with pytest.raises(ValueError, match="damaged"):
        ArrowTable([row(value)], (("c", kind, 5, 2),))


@pytest.mark.parametrize(
    "value",
    [
        numeric(1000),  # numeric(5,2)
        numeric(1, weight=3),
        numeric(1, weight=32767),
        numeric(1, weight=-32768),
        numeric(1, weight=-1),  # 0.0001
        numeric(*[9999] * 100),
        numeric(*[9999] * 30000, weight=29999),
    ],
)
def test_decimals_that_do_not_fit_are_refused(value: bytes) -> None:
    with pytest.raises(ValueError, match="outside the range"):
        ArrowTable([row(value)], (("c", _arrow.DECIMAL, 5, 2),))


@pytest.mark.parametrize(
    "text",
    [
        b"\x80",
        b"x" * 9 + b"\xc3",
        b"\xc0\x80",
        b"\xe0\x80\x80",
        b"\xed\xa0\x80",
        b"\xf0\x80\x80\x80",
        b"\xf4\x90\x80\x80",
        b"\xf5\x80\x80\x80",
        b"\xe2\x82",
        b"\xe2\x82x",
    ],
)
def test_text_that_is_no_utf8_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="UTF-8"):
        ArrowTable([row(text)], (("c", _arrow.TEXT, 0, 0),))


def test_utf8_is_what_python_says_it_is() -> None:
    chance = random.Random(1)
    heads = [0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xED, 0xEF]
    heads += [0xF0, 0xF4, 0xF5, 0xFF, 0x41]
    for _ in range(30_000):
        text = bytes(chance.choice(heads) for _ in range(chance.randrange(12)))
        try:
            ArrowTable([row(text)], (("c", _arrow.TEXT, 0, 0),))
            taken = True
        except ValueError:
            taken = False
        try:
            text.decode()
            assert taken, text
        except UnicodeDecodeError:
            assert not taken, text


def test_messages_that_lie_are_refused() -> None:
    whole = row(b"abc", None)
    columns = (("a", _arrow.TEXT, 0, 0), ("b", _arrow.INT32, 0, 0))
    for data in [
        *(whole[:end] for end in range(1, len(whole))),
        whole + b"D",
        row(b"a"),
        b"C\0\0\0\4",
    ]:
        with pytest.raises(ValueError, match="damaged"):
            ArrowTable([data], columns)
    assert ArrowTable([whole, b"", whole], columns).num_rows == 2


def test_arguments_that_make_no_sense() -> None:
    for column in (("a", -1, 0, 0), ("a", 99, 0, 0), ("a", _arrow.DECIMAL, 39, 0), ("a",), 5, None):
        with pytest.raises((TypeError, ValueError)):
            ArrowTable([], (column,))  # type: ignore[arg-type]
    for precision, scale in ((0, 0), (5, 6), (5, -1)):
        with pytest.raises(ValueError, match="kind"):
            ArrowTable([], (("a", _arrow.DECIMAL, precision, scale),))
    with pytest.raises(ValueError, match="null"):
        ArrowTable([], (("a\0b", _arrow.TEXT, 0, 0),))
    with pytest.raises(TypeError):
        ArrowTable((), ())  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        ArrowTable([bytearray()], ())  # type: ignore[list-item]

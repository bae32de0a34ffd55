"""Values: as psycopg reads them from a native server, and there and back."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any
from uuid import UUID

import numpy as np
import pandas  # type: ignore[import-untyped]
import pgvector
import psycopg
import pytest
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range as PsycopgRange

from pglite_native import Interval, PGlite, Range
from tests.oracle.native import PORT, NativeServer

UTC = timezone.utc
INDIA = timezone(timedelta(hours=5, minutes=30))
NINES = datetime(2024, 2, 29, 1, 2, 3, 123456)

# A value of each type, as SQL, that both Pythons hold alike.
LIKE_PSYCOPG = """
true | false | null::bool | 1::int2 | -2147483648 | 9223372036854775807 | 1.5::float4
'inf'::float8
0.1::float8 | 1e-300::float8 | 12345678901234567890.123456789 | 'NaN'::numeric is null
1e20::numeric
'é "x"' | ''::varchar(3) | 'ab'::char(4) | 'n'::name | '\\xdeadbeef00'::bytea | ''::bytea
'{"a": [1, 2.5, null, true, "x"]}'::json | '[]'::jsonb | '"s"'::jsonb | 'null'::jsonb | '1'::json
'00112233-4455-6677-8899-aabbccddeeff'::uuid
'2020-02-29'::date | '0044-03-15'::date | '9999-12-31'::date
'10:20:30'::time | '10:20:30.5'::time | '00:00'::time | '10:20:30.123456+05:30'::timetz
'1:2:3-08'::timetz
'2020-02-29 10:20:30.000001'::timestamp | '0001-01-01'::timestamp
'2020-02-29 10:20:30+05:30'::timestamptz | '1800-01-01 00:00Z'::timestamptz
'1 day -02:03:04.5'::interval | '-1.5 sec'::interval | '0'::interval
'-3 days +00:00:00.000001'::interval
'10.1.2.3'::inet | '10.1.2.3/24'::inet | '::1/64'::inet | '10.1.0.0/16'::cidr
'2001:db8::/32'::cidr
array[1, null, 3] | array[[1, 2], [3, 4]] | '{}'::int[]
array['a,b', 'c"d\\e', 'NULL', null, '', '{x}', 'é ']
array[true, false] | array['\\x00ff'::bytea] | array['{"a": "b,}"}'::jsonb, 'null']
array[1.50, null]
array['2020-01-01'::date] | array['2020-01-01 10:00:00'::timestamp]
array['1 day'::interval, '2 s']
array['10.0.0.1/8'::inet] | array['00112233-4455-6677-8899-aabbccddeeff'::uuid]
array[row(1, 'a')::text] | 7::oid | '{"a;b","c"}'::text[]
"""
LIKE_PSYCOPG_RANGES = """
int4range(1, 5) | int8range(1, null) | numrange(null, 2.5, '(]') | 'empty'::int4range
'(,)'::numrange
daterange('2020-01-01', '2020-02-01') | tsrange('2020-01-01', null)
tstzrange('2020-01-01Z', '2020-01-02 10:00Z', '[]') | array[int4range(1, 2), null, 'empty']
"""
LIKE_PSYCOPG_MULTIRANGES = """
'{[1,3), [5,)}'::int4multirange | '{}'::nummultirange | '{[2020-01-01,2020-01-02)}'::tsmultirange
"""


def expressions(text: str) -> list[str]:
    return [item for line in text.splitlines() if line for item in line.split(" | ")]


@pytest.fixture(scope="module")
def native() -> Iterator[psycopg.Connection[Any]]:
    with (
        NativeServer() as server,
        psycopg.connect(
            f"host={server.directory} port={PORT} user=postgres", autocommit=True
        ) as connection,
    ):
        yield connection


@pytest.fixture(scope="module")
def shared() -> Iterator[PGlite]:
    with PGlite() as database:
        yield database


def value(db: PGlite, sql: str, *params: Any) -> Any:
    ((found,),) = db.query(sql, params, row_mode="array").rows
    return found


def native_value(native: psycopg.Connection[Any], sql: str) -> Any:
    row = native.execute(f"select {sql}").fetchone()
    assert row is not None
    return plain(row[0])


def plain(value: Any) -> Any:
    """psycopg's ranges as ours."""
    if isinstance(value, list | Multirange):
        return [plain(item) for item in value]
    if isinstance(value, PsycopgRange):
        return Range(value.lower, value.upper, value.bounds or "[)", value.isempty)
    return value


@pytest.mark.parametrize(
    "sql", expressions(LIKE_PSYCOPG + LIKE_PSYCOPG_RANGES + LIKE_PSYCOPG_MULTIRANGES)
)
def test_values_are_those_of_psycopg(
    shared: PGlite, native: psycopg.Connection[Any], sql: str
) -> None:
    ours, theirs = value(shared, f"select {sql}"), native_value(native, sql)
    assert (type(ours), ours) == (type(theirs), theirs)
    (answer,) = shared.exec(f"select {sql} as v")
    assert answer.rows == [{"v": theirs}]


class Colour(enum.Enum):
    RED = "red"


class Number(enum.IntEnum):
    ONE = 1


THERE_AND_BACK: list[tuple[str, Any]] = [
    ("bool", True),
    ("int2", -5),
    ("int8", 2**63 - 1),
    ("numeric", Decimal("123456789012345678901234567890.00")),
    ("numeric", Decimal("-1E+20")),
    ("float8", 0.1),
    ("float8", -math.inf),
    ("text", 'é "quoted" \\ \n 😀'),
    ("bytea", bytes(range(256))),
    ("uuid", UUID(int=7)),
    ("json", {"a": [1, None, "é"], "b": {}}),
    ("jsonb", [1, "two", None]),
    ("jsonb", 5),
    ("jsonb", False),
    ("date", date(44, 3, 15)),
    ("time", time(10, 20, 30, 5)),
    ("timetz", time(10, 20, tzinfo=INDIA)),
    ("timestamp", datetime(1, 1, 1, 0, 0, 0, 1)),
    ("timestamptz", datetime(2020, 1, 1, 12, tzinfo=INDIA)),
    ("interval", timedelta(days=-1, seconds=5, microseconds=3)),
    ("interval", timedelta(microseconds=-1)),
    ("interval", Interval(-14, 3, -14706789000)),
    ("inet", ip_address("10.0.0.1")),
    ("inet", ip_interface("10.1.2.3/24")),
    ("cidr", ip_network("2001:db8::/32")),
    ("int4[]", []),
    ("int4[]", [1, None, 3]),
    ("int4[]", [[[1], [2]], [[3], [None]]]),
    ("text[]", ["null", "NULL", None, "", " ", 'a"b', "c\\d", "{e,f}", "\n", "(g)"]),
    ("jsonb[]", [{"a": '"}'}, 1, None]),
    ("bytea[]", [b"", b"\\x\x00"]),
    ("timestamptz[]", [datetime(2020, 1, 1, tzinfo=UTC)]),
    ("numrange", Range(Decimal("1.5"), None, "()")),
    ("numrange", Range(empty=True)),
    ("int4range", Range(1, 5)),
    ("tstzrange", Range(datetime(2020, 1, 1, tzinfo=UTC), None)),
    ("int4range[]", [Range(1, 5), None, Range(empty=True), Range(None, None, "()")]),
    ("int4multirange", [Range(1, 5), Range(7, 9)]),
    ("datemultirange", []),
]


@pytest.mark.parametrize(("sql_type", "sent"), THERE_AND_BACK, ids=repr)
def test_there_and_back(shared: PGlite, sql_type: str, sent: Any) -> None:
    received = value(shared, f"select $1::{sql_type}", sent)
    assert (type(received), received) == (type(sent), sent)


@pytest.mark.parametrize("style", ["postgres", "sql_standard", "iso_8601", "postgres_verbose"])
def test_intervals_are_written_for_every_style(db: PGlite, style: str) -> None:
    db.exec(f"set intervalstyle = {style}")
    sent = timedelta(days=-1, seconds=5)
    assert value(db, "select extract(epoch from $1::interval)", sent) == -86395


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("'infinity'::date", "infinity"),
        ("'-infinity'::timestamptz", "-infinity"),
        ("'0044-03-15 BC'::date", "0044-03-15 BC"),
        ("'0044-03-15 10:00 BC'::timestamp", "0044-03-15 10:00:00 BC"),
        ("'20000-01-01'::timestamp", "20000-01-01 00:00:00"),
        ("'24:00'::time", "24:00:00"),
        ("'2147483647 days'::interval", "2147483647 days"),
        ("row(1, 'a b', null)", '(1,"a b",)'),
        ("'(1,2)'::point", "(1,2)"),
        ("'1.50'::money", "$1.50"),
    ],
)
def test_what_python_has_no_type_for_is_text(shared: PGlite, sql: str, text: str) -> None:
    assert value(shared, f"select {sql}") == text


def test_other_styles_are_text_and_never_misread(db: PGlite) -> None:
    db.exec("set datestyle = 'SQL, DMY'; set intervalstyle = iso_8601")
    sql = "select '2020-03-15'::date, '2020-03-15'::timestamptz, '1 day'::interval"
    rows = db.query(sql, row_mode="array").rows
    assert rows == [("15/03/2020", "15/03/2020 00:00:00 UTC", "P1D")]


@pytest.mark.parametrize("output", ["hex", "escape"])
def test_bytes_in_either_form_of_bytea_output(db: PGlite, output: str) -> None:
    db.exec(f"set bytea_output = {output}")
    for given in (bytes(range(256)) + b"\\x00\\", b"\\", b"\\x12", b"a", b""):
        for _ in range(3):  # also where it is prepared
            assert value(db, "select $1::bytea", given) == given
        assert value(db, "select array[$1::bytea, null]", given) == [given, None]


def test_months_are_kept_apart(shared: PGlite) -> None:
    sql = "select '-1 year -2 mons +3 days -04:05:06.789'::interval"
    assert value(shared, sql) == Interval(-14, 3, -14706789000)


def test_arrays_with_other_bounds(shared: PGlite) -> None:
    assert value(shared, "select '[0:1][5:6]={{1,2},{3,4}}'::int[]") == [[1, 2], [3, 4]]
    boxes = value(shared, "select array['((0,0),(1,1))'::box, '((2,2),(3,3))', null]")
    assert boxes == ["(1,1),(0,0)", "(3,3),(2,2)", None]
    assert value(shared, "select '1 2'::int2vector") == [1, 2]


def test_enums_give_their_value(shared: PGlite) -> None:
    assert value(shared, "select $1::text", Colour.RED) == "red"
    assert value(shared, "select $1::int", Number.ONE) == 1
    assert value(shared, "select $1::text[]", [Colour.RED, None]) == ["red", None]


def test_text_is_read_by_the_server(shared: PGlite) -> None:
    assert value(shared, "select $1::jsonb", '{"a": 1}') == {"a": 1}
    assert value(shared, "select $1::int[]", "{1,2}") == [1, 2]
    assert value(shared, "select $1::timestamptz", "2020-01-01 Z") == datetime(
        2020, 1, 1, tzinfo=UTC
    )


def test_a_time_zone_is_not_lost_without_a_word(shared: PGlite) -> None:
    with pytest.raises(ValueError, match="time zone"):
        value(shared, "select $1::timestamp", datetime(2020, 1, 1, tzinfo=INDIA))
    with pytest.raises(ValueError, match="time zone"):
        value(shared, "select $1::time[]", [time(1, tzinfo=INDIA)])


@pytest.mark.parametrize("sent", [object(), {1, 2}, 1j, [1]], ids=lambda sent: type(sent).__name__)
def test_what_has_no_serializer_is_refused(shared: PGlite, sent: Any) -> None:
    with pytest.raises(TypeError, match="no serializer"):
        value(shared, "select $1::text", sent)
    assert value(shared, "select 1") == 1


def test_bounds_are_checked() -> None:
    with pytest.raises(ValueError, match="bounds"):
        Range(1, 2, "[[")


def test_types_of_the_user(db: PGlite) -> None:
    db.exec("""
        create type mood as enum ('sad', 'so, so');
        create domain natural_number as int check (value >= 0);
        create type pair as (a int, b text);
        create type textrange as range (subtype = text)""")
    assert value(db, "select array['sad', null, 'so, so']::mood[]") == ["sad", None, "so, so"]
    assert value(db, "select $1::mood[]", ["so, so"]) == ["so, so"]
    assert value(db, "select $1::natural_number", 5) == 5
    assert value(db, "select $1::natural_number[]", [5, 6]) == [5, 6]
    assert value(db, "select array[row(1, 'x')::pair]") == ["(1,x)"]
    odd = Range('a",b', "c\\)", "[]")
    assert value(db, "select $1::textrange", odd) == odd
    assert value(db, "select $1::textmultirange", [odd]) == [odd]


def test_types_are_looked_up_in_a_transaction_too(db: PGlite) -> None:
    with db.transaction() as transaction:
        transaction.exec("create domain lost as jsonb")
        rows = transaction.query("select $1::lost as a, $2::lost[] as b", [{"x": 1}, [{}]]).rows
        assert rows == [{"a": {"x": 1}, "b": [{}]}]
        transaction.rollback()


def test_vectors_are_lists(db: PGlite) -> None:
    db.exec("create extension vector")
    assert value(db, "select $1::vector", [1, 2.5, -3]) == [1.0, 2.5, -3.0]
    assert value(db, "select $1::vector <-> '[0,4]'", (3, 0)) == 5.0
    assert value(db, "select '[1,2]'::halfvec") == [1.0, 2.0]
    assert value(db, "select $1::vector[]", ["[1,2]"]) == [[1.0, 2.0]]
    for many in ([[1, 2], (3, 4)], np.array([[1, 2], [3, 4]]), [np.array([1, 2]), [3, 4]]):
        assert value(db, "select $1::vector[]", many) == [[1.0, 2.0], [3.0, 4.0]]
    for deep in ([["[1,2]"], ["[3,4]"]], [[[1, 2]], [[3, 4]]], np.array([[[1, 2]], [[3, 4]]])):
        assert value(db, "select $1::vector[]", deep) == [[[1.0, 2.0]], [[3.0, 4.0]]]


def test_converters_of_the_user() -> None:
    text, text_array, int4 = 25, 1009, 23
    with PGlite(parsers={text: str.upper}, serializers={complex: lambda z: f"{z.real}"}) as db:
        assert value(db, "select 'a'::text") == "A"
        assert value(db, "select array['a']") == ["A"]
        assert value(db, "select $1::float8", 2j) == 0.0
        assert db.exec("select 'a'::text as t")[0].rows == [{"t": "A"}]
        db.serializers[int4] = lambda number: str(number * 2)
        db.parsers[text_array] = len
        assert value(db, "select $1::int", 4) == 8
        assert value(db, "select array['a']") == 3
        once = db.query("select $1::int as a", [4], parsers={int4: float}, serializers={int4: str})
        assert once.rows == [{"a": 4.0}]
        assert value(db, "select $1::int", 4) == 8


def test_refreshing_forgets_what_types_were(db: PGlite) -> None:
    before = db.engine.snapshot()
    db.exec("create domain d as int")
    assert value(db, "select array[1::d]") == [1]
    db.engine.restore(before)
    db.exec("create domain d as numeric(9, 2)")
    db.refresh_array_types()
    assert value(db, "select array[1::d]") == [Decimal("1.00")]


@pytest.mark.parametrize(
    ("sql_type", "sent", "expected"),
    [
        ("int4", np.int64(5), 5),
        ("int2", np.uint8(5), 5),
        ("bool", np.bool_(True), True),
        ("float8", np.float32(0.5), 0.5),
        ("float8", np.float64("inf"), float("inf")),
        ("text", np.str_("x"), "x"),
        ("bytea", np.bytes_(b"x"), b"x"),
        ("json", np.int64(5), 5),
        ("timestamp", np.datetime64("2024-02-29T01:02:03.123456789"), NINES),
        ("date", np.datetime64("2024-02-29"), date(2024, 2, 29)),
        ("interval", np.timedelta64(90, "s"), timedelta(seconds=90)),
        ("timestamp", np.datetime64("NaT"), None),
        ("int4[]", np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        ("timestamp[]", np.array([NINES, "NaT"], dtype="M8[ns]"), [NINES, None]),
        ("float4", np.array(0.5), 0.5),
        ("timestamptz", pandas.NaT, None),
        ("int4", pandas.NA, None),
        ("timestamp", pandas.Timestamp(NINES), NINES),
        ("interval", pandas.Timedelta(seconds=90), timedelta(seconds=90)),
        ("timestamp[]", pandas.Series([pandas.Timestamp(NINES), pandas.NaT]), [NINES, None]),
        ("text[]", pandas.Series(["a", None]), ["a", None]),
        ("text[]", pandas.Series(["a", None], dtype="category"), ["a", None]),
        ("text[]", pandas.Index(["a", float("nan")]), ["a", None]),
        ("text[]", pandas.array(["a", None], dtype="string"), ["a", None]),
        ("int[]", pandas.Series([1, None], dtype="Int64"), [1, None]),
        ("float8[]", pandas.Series([1.5, float("inf")]), [1.5, float("inf")]),
        ("tsrange", Range(pandas.Timestamp(NINES), pandas.NaT), Range(NINES, None)),
    ],
)
def test_values_of_numpy_and_pandas(
    shared: PGlite, sql_type: str, sent: Any, expected: Any
) -> None:
    for _ in range(3):  # the third time it is prepared
        assert shared.query(f"select $1::{sql_type} as a", [sent]).scalar() == expected


def test_json_has_numpy_s_values_and_names_what_it_has_not(shared: PGlite) -> None:
    sent = {"a": np.int64(5), "b": [np.float32(0.5), pandas.NA, np.array([1, 2])]}
    found = shared.query("select $1::jsonb as a", [sent]).scalar()
    assert found == {"a": 5, "b": [0.5, None, [1, 2]]}
    with pytest.raises(TypeError, match=r"JSON has no date: json.dumps\(..., default=str\)"):
        shared.query("select $1::jsonb", [{"a": date(2024, 1, 1)}])


def test_arrays_of_numpy_are_vectors(db: PGlite) -> None:
    db.exec("create extension vector")
    for sent in (np.array([1, 2.5], dtype=np.float32), pgvector.Vector([1, 2.5])):
        assert db.query("select $1::vector as a", [sent]).scalar() == [1, 2.5]


def test_a_serializer_may_return_none_for_null(db: PGlite) -> None:
    db.serializers[complex] = lambda value: None
    for _ in range(3):
        assert db.query("select $1::text as a, $2::text[] as b", [1j, [1j, "x"]]).one() == {
            "a": None,
            "b": [None, "x"],
        }


@pytest.mark.parametrize(
    ("sent", "advice"),
    [
        ([1], r"list: the parameter is no array; `= any\(...\)` takes a list"),
        ({1}, r"set: give a list, list\(value\)"),
        (1j, "complex: give its text, or add a function for it to `serializers`"),
        (np.complex64(1), "complex: give its text"),
    ],
)
def test_what_has_no_serializer_says_what_to_do(shared: PGlite, sent: Any, advice: str) -> None:
    with pytest.raises(TypeError, match=f"no serializer for {advice}"):
        shared.query("select $1::int", [sent])


def test_a_tuple_of_two_numbers_is_a_point(db: PGlite) -> None:
    for _ in range(3):  # also where it is prepared
        results = db.query(
            "select $1::point as a, $2::point[] as b, $3::point as c",
            [(1, 2.5), [(1, 2), None, (-3e300, 4)], "(5,6)"],
        )
        assert results.one() == {"a": "(1,2.5)", "b": ["(1,2)", None, "(-3e+300,4)"], "c": "(5,6)"}
    with pytest.raises(TypeError, match="a point is a tuple of two numbers, and not of 3"):
        db.query("select $1::point", [(1, 2, 3)])
    with pytest.raises(TypeError, match=r"list as point: a point is a tuple of two numbers"):
        db.query("select $1::point", [[1, 2]])
    with pytest.raises(TypeError, match=r"tuple as box: a str is its text"):
        db.query("select $1::box", [((1, 2), (3, 4))])


def test_tuples_are_rows(db: PGlite) -> None:
    db.exec("""
        create type place as (x int, name text, at date, sizes int[], open bool);
        create type pair as (first place, n int);
        create table t (p place, ps place[], q pair)
    """)
    place = (1, 'a"\\,() ', date(2024, 1, 1), [1, 2], True)
    empty: tuple[object, ...] = (None, "", None, [], False)
    for _ in range(3):  # also where it is prepared
        db.query("insert into t values ($1, $2, $3)", [place, [place, empty], (place, 5)])
    rows = db.query("select (p).*, ((q).first).*, (q).n, (ps[2]).* from t", row_mode="array").rows
    assert rows == [(*place, *place, 5, *empty)] * 3
    for value in ([1], {"x": 1}):
        with pytest.raises(TypeError, match="as place: a tuple of its fields, in their order"):
            db.query("select $1::place", [value])


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("select $1::text", float("nan")),
        ("select $1::varchar[]", ["a", float("nan")]),
        ("select upper($1)", float("nan")),
    ],
)
def test_nan_is_no_text(db: PGlite, sql: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"NaN for a parameter of text: .* None is NULL"):
        db.query(sql, [value])


def test_containers_that_do_not_fit_are_told_what_does(db: PGlite) -> None:
    db.exec("create extension hstore")
    for sql, value, said in (
        ("select $1::int4range", (1, 5), r"as int4range: Range\(lower, upper\)"),
        ("select $1::int4range", range(5), r"Range\(lower, upper\)"),
        ("select $1::int4multirange", {1}, "a list of Range"),
        ("select $1::int[]", {1}, "give a list"),
        ("select $1::int[]", range(5), "give a list"),
        ("select $1::hstore", {"a": "b"}, "as hstore: it is JSON, which that type is not"),
        ("select $1::bytea", 5, "bytea takes bytes"),
        ("select $1::jsonb", pandas.DataFrame({"a": [1]}), "JSON has no DataFrame"),
    ):
        for _ in range(3):
            with pytest.raises(TypeError, match=said):
                db.query(sql, [value])
    with pytest.raises(ValueError, match="JSON has neither NaN nor infinity"):
        db.query("select $1::jsonb", [{"a": float("nan")}])


def test_vectors_are_floats_whatever_their_text(db: PGlite) -> None:
    db.exec("create extension vector")
    for kind in ("vector", "halfvec"):
        (value,) = db.query(f"select '[1, 2.5]'::{kind} as v").one().values()
        assert [type(number) for number in value] == [float, float]
        assert value == [1, 2.5]


def test_series_of_polars_and_arrow_are_arrays(db: PGlite) -> None:
    import polars
    import pyarrow

    for value in (polars.Series([1, None]), pyarrow.array([1, None])):
        assert db.query("select $1::int[] as a", [value]).scalar() == [1, None]
    assert db.query("select $1::int as a", [pyarrow.scalar(5)]).scalar() == 5


def test_a_tuple_for_a_row_of_no_type_wants_a_cast(shared: PGlite) -> None:
    with pytest.raises(TypeError, match="as record: a cast says which composite type it is"):
        shared.query("select row(1, 2) = $1", [(1, 2)])


def test_values_in_a_range() -> None:
    for bounds, inside in (("[)", "123"), ("[]", "1234"), ("(]", "234"), ("()", "23")):
        found = [str(number) for number in range(6) if number in Range(1, 4, bounds)]
        assert "".join(found) == inside, bounds
    assert 5 in Range() and 5 in Range(lower=5) and 5 not in Range(upper=5)
    assert 5 not in Range(empty=True) and None not in Range()
    ever = Range(date(2020, 1, 1), "infinity")
    assert date(2021, 1, 1) in ever and date(2019, 1, 1) not in ever
    assert date(2021, 1, 1) in Range("-infinity", date(2022, 1, 1))

"""psycopg 3 (libpq): its ordinary use. Which of its builds is tested, the environment says."""

from __future__ import annotations

import datetime
import decimal
import ipaddress
import uuid
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.adapt import PyFormat
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from psycopg.types.range import Range

from tests.clients.cancelling import LONG, cancelling
from tests.clients.place import Place
from tests.clients.psycopg_builds import build

Connection = psycopg.Connection[tuple[object, ...]]

CLIENT = build("psycopg 3")


@pytest.fixture
def connection(place: Place) -> Iterator[Connection]:
    with psycopg.connect(**place.libpq()) as connection:
        yield connection
        connection.rollback()


VALUES = [
    ("bool", True),
    ("int2", -32768),
    ("int4", 2**31 - 1),
    ("int8", -(2**63)),
    ("float8", 0.1),
    ("numeric", decimal.Decimal("12345678901234567890.123456789")),
    ("text", "héllo ☃ 😀"),
    ("bytea", bytes(range(256))),
    ("uuid", uuid.UUID(int=7)),
    ("date", datetime.date(2024, 2, 29)),
    ("time", datetime.time(12, 34, 56, 789)),
    ("timestamp", datetime.datetime(2024, 2, 29, 12, 34, 56, 789)),
    ("timestamptz", datetime.datetime(2024, 2, 29, 12, 34, tzinfo=datetime.timezone.utc)),
    ("interval", datetime.timedelta(days=3, seconds=5, microseconds=7)),
    ("jsonb", {"a": [1, None, "x"]}),
    ("int4[]", [1, None, 3]),
    ("text[]", [["a", 'b"c'], ["d", ""]]),
    ("inet", ipaddress.ip_address("10.1.2.3")),
    ("int4range", Range(1, 5)),
]


@pytest.mark.parametrize("format", [PyFormat.TEXT, PyFormat.BINARY], ids=["text", "binary"])
def test_values_round_trip(connection: Connection, format: PyFormat) -> None:
    with connection.cursor(binary=format == PyFormat.BINARY) as cursor:
        for type_name, value in VALUES:
            statement = sql.SQL("SELECT {}::{}").format(
                sql.Placeholder(format=format), sql.SQL(type_name)
            )
            argument = Jsonb(value) if type_name == "jsonb" else value
            assert cursor.execute(statement, [argument]).fetchone() == (value,)


def test_rows_as_dictionaries(connection: Connection) -> None:
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute("SELECT 1 AS a, 'x' AS b")
        assert cursor.fetchall() == [{"a": 1, "b": "x"}]


def test_executemany(connection: Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE t (a int, b text)")
        cursor.executemany("INSERT INTO t VALUES (%s, %s)", [(n, str(n)) for n in range(1000)])
        assert cursor.rowcount == 1000
        assert cursor.execute("SELECT sum(a) FROM t").fetchone() == (499500,)


def test_pipelining(connection: Connection) -> None:
    with connection.pipeline():
        cursors = [connection.execute("SELECT %s::int", [n]) for n in range(50)]
        assert [cursor.fetchone() for cursor in cursors] == [(n,) for n in range(50)]


def test_errors_in_a_pipeline(connection: Connection) -> None:
    def fail() -> None:
        with connection.pipeline():
            for divisor in (1, 0, 2):
                connection.execute("SELECT 1 / %s", [divisor])

    with pytest.raises(errors.DivisionByZero):
        fail()
    connection.rollback()
    assert connection.execute("SELECT 3").fetchone() == (3,)


def test_server_side_cursors(connection: Connection) -> None:
    with connection.cursor("mine", scrollable=True) as cursor:
        cursor.itersize = 100
        cursor.execute("SELECT generate_series(1, 1000)")
        assert sum(row[0] for row in cursor) == 500500  # type: ignore[misc]
        cursor.scroll(9, mode="absolute")
        assert cursor.fetchone() == (10,)


def test_large_results(connection: Connection) -> None:
    wide = "SELECT repeat('x', 2000) FROM generate_series(1, 5000)"
    with connection.cursor() as cursor:
        assert sum(len(str(text)) for (text,) in cursor.stream(wide)) == 10_000_000


def test_errors_carry_their_fields(connection: Connection) -> None:
    connection.execute("CREATE TEMP TABLE t (a int CONSTRAINT positive CHECK (a > 0))")
    with pytest.raises(errors.CheckViolation) as caught:
        connection.execute("INSERT INTO t VALUES (-1)")
    assert caught.value.sqlstate == "23514"
    assert caught.value.diag.constraint_name == "positive"
    assert caught.value.diag.table_name == "t"


def test_transactions(connection: Connection) -> None:
    connection.execute("CREATE TEMP TABLE t (a int)")

    def fail() -> None:
        with connection.transaction():
            connection.execute("INSERT INTO t VALUES (2)")
            connection.execute("SELECT 1/0")

    with connection.transaction():
        connection.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(errors.DivisionByZero):
            fail()
        connection.execute("INSERT INTO t VALUES (3)")
    assert connection.execute("SELECT a FROM t ORDER BY a").fetchall() == [(1,), (3,)]


def test_copy_both_ways(connection: Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE t (a int, b text, c bytea)")
        with cursor.copy("COPY t FROM STDIN") as copy:
            for number in range(1000):
                copy.write_row((number, "x\ty\n" * (number % 3), bytes([number % 256])))
        with cursor.copy("COPY t TO STDOUT (FORMAT binary)") as copy:
            copy.set_types(["int4", "text", "bytea"])
            rows = list(copy.rows())
    assert rows == [(n, "x\ty\n" * (n % 3), bytes([n % 256])) for n in range(1000)]


def test_giving_up_copy(connection: Connection) -> None:
    connection.execute("CREATE TEMP TABLE t (a int)")
    connection.commit()

    def give_up() -> None:
        with connection.cursor() as cursor, cursor.copy("COPY t FROM STDIN") as copy:
            copy.write_row((1,))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        give_up()
    connection.rollback()
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)


def test_prepared_statements(connection: Connection) -> None:
    for number in range(10):
        cursor = connection.execute("SELECT %s::int * 2", [number], prepare=True)
        assert cursor.fetchone() == (number * 2,)


def test_notices(connection: Connection) -> None:
    told: list[str | None] = []
    connection.add_notice_handler(lambda diagnostic: told.append(diagnostic.message_primary))
    connection.execute("DO $$ BEGIN RAISE NOTICE 'hello'; END $$")
    assert told == ["hello"]


def test_notifications(connection: Connection) -> None:
    connection.autocommit = True
    connection.execute("LISTEN news")
    connection.execute("NOTIFY news, 'payload'")
    (notification,) = connection.notifies(timeout=5, stop_after=1)
    assert (notification.channel, notification.payload) == ("news", "payload")


def test_cancelling(connection: Connection) -> None:
    with cancelling(connection.cancel_safe), pytest.raises(errors.QueryCanceled):
        connection.execute(LONG)


def test_encodings(place: Place) -> None:
    with psycopg.connect(**place.libpq(), client_encoding="latin1") as connection:
        assert connection.execute("SELECT 'é' || %s", ["ü"]).fetchone() == ("éü",)
        assert connection.info.encoding == "iso8859-1"


def test_options_of_the_connection(place: Place) -> None:
    parameters = place.libpq()
    parameters |= {"application_name": "tests", "options": "-c statement_timeout=12345"}
    with psycopg.connect(**parameters) as connection:
        assert connection.info.server_version // 10000 == 18
        assert connection.execute("SHOW application_name").fetchone() == ("tests",)
        assert connection.execute("SHOW statement_timeout").fetchone() == ("12345ms",)


def test_what_is_committed_outlives_the_connection(place: Place) -> None:
    database = f"scratch_psycopg_{place.transport}"
    for number in range(3):
        with psycopg.connect(**place.libpq(database)) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept (a int)")
            connection.execute("INSERT INTO kept VALUES (%s)", [number])
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (number + 1,)

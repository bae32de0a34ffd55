"""psycopg2 (libpq): simple protocol throughout, with values that the client has quoted."""

from __future__ import annotations

import datetime
import decimal
import io
import select
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg2  # type: ignore[import-untyped]
import psycopg2.extras  # type: ignore[import-untyped]
import pytest
from psycopg2 import errorcodes, errors

from tests.clients.cancelling import LONG, cancelling
from tests.clients.compatibility import Client
from tests.clients.place import Place

CLIENT = Client("psycopg2", psycopg2.__version__.split()[0])

psycopg2.extras.register_uuid()


@pytest.fixture
def connection(place: Place) -> Iterator[Any]:
    connection = psycopg2.connect(**place.libpq())
    yield connection
    connection.close()


@pytest.fixture
def cursor(connection: Any) -> Any:
    return connection.cursor()


VALUES = [
    ("bool", True),
    ("int8", -(2**63)),
    ("float8", 0.1),
    ("numeric", decimal.Decimal("12345678901234567890.123456789")),
    ("text", "héllo ☃ ' \\ %"),
    ("uuid", uuid.UUID(int=7)),
    ("date", datetime.date(2024, 2, 29)),
    ("timestamp", datetime.datetime(2024, 2, 29, 12, 34, 56, 789)),
    ("timestamptz", datetime.datetime(2024, 2, 29, 12, 34, tzinfo=datetime.timezone.utc)),
    ("interval", datetime.timedelta(days=3, seconds=5, microseconds=7)),
    ("int4[]", [1, None, 3]),
    ("text", None),
]


def test_values_round_trip(cursor: Any) -> None:
    for type_name, value in VALUES:
        cursor.execute(f"SELECT CAST(%s AS {type_name})", (value,))
        assert cursor.fetchone() == (value,)


def test_binary_values(cursor: Any) -> None:
    value = bytes(range(256))
    cursor.execute("SELECT %s", (psycopg2.Binary(value),))
    assert bytes(cursor.fetchone()[0]) == value


def test_rows_as_dictionaries(connection: Any) -> None:
    with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
        cursor.execute("SELECT 1 AS a, 'x' AS b")
        assert cursor.fetchall() == [{"a": 1, "b": "x"}]


def test_prepared_statements(cursor: Any) -> None:
    cursor.execute("PREPARE twice AS SELECT $1::int * 2")
    for number in range(3):
        cursor.execute("EXECUTE twice (%s)", (number,))
        assert cursor.fetchone() == (number * 2,)


def test_transactions(connection: Any, cursor: Any) -> None:
    cursor.execute("CREATE TEMP TABLE t (a int)")
    connection.commit()
    for end, count in ((connection.rollback, 0), (connection.commit, 1)):
        cursor.execute("INSERT INTO t VALUES (1)")
        end()
        cursor.execute("SELECT count(*) FROM t")
        assert cursor.fetchone() == (count,)


def test_errors_carry_their_fields(connection: Any, cursor: Any) -> None:
    cursor.execute("CREATE TEMP TABLE t (a int CONSTRAINT positive CHECK (a > 0))")
    with pytest.raises(errors.CheckViolation) as caught:
        cursor.execute("INSERT INTO t VALUES (-1)")
    assert caught.value.pgcode == errorcodes.CHECK_VIOLATION
    assert caught.value.diag.constraint_name == "positive"
    connection.rollback()
    cursor.execute("SELECT 1")


def test_copy_both_ways(cursor: Any) -> None:
    cursor.execute("CREATE TEMP TABLE t (a int, b text)")
    text = "".join(f"{n}\trow {n}\n" for n in range(1000))
    cursor.copy_expert("COPY t FROM STDIN", io.StringIO(text))
    output = io.StringIO()
    cursor.copy_expert("COPY t TO STDOUT", output)
    assert output.getvalue() == text


def test_notices(connection: Any, cursor: Any) -> None:
    cursor.execute("DO $$ BEGIN RAISE NOTICE 'told'; END $$")
    assert connection.notices == ["NOTICE:  told\n"]


def test_notifications(connection: Any, cursor: Any) -> None:
    cursor.execute("LISTEN news")
    cursor.execute("NOTIFY news, 'heard'")
    connection.commit()
    connection.poll()
    assert [(heard.channel, heard.payload) for heard in connection.notifies] == [("news", "heard")]


def test_cancelling(connection: Any, cursor: Any) -> None:
    with cancelling(connection.cancel), pytest.raises(errors.QueryCanceled):
        cursor.execute(LONG)


def test_server_side_cursors(connection: Any) -> None:
    with connection.cursor("mine") as cursor:
        cursor.itersize = 100
        cursor.execute("SELECT generate_series(1, 1000)")
        assert sum(row[0] for row in cursor) == 500500


def test_large_results(cursor: Any) -> None:
    cursor.execute("SELECT repeat('x', 500) FROM generate_series(1, 20000)")
    assert sum(len(text) for (text,) in cursor) == 10_000_000


def test_executemany(cursor: Any) -> None:
    cursor.execute("CREATE TEMP TABLE t (a int, b text)")
    rows = [(n, str(n)) for n in range(500)]
    cursor.executemany("INSERT INTO t VALUES (%s, %s)", rows)
    psycopg2.extras.execute_batch(cursor, "INSERT INTO t VALUES (%s, %s)", rows)
    psycopg2.extras.execute_values(cursor, "INSERT INTO t VALUES %s", rows)
    cursor.execute("SELECT count(*), sum(a) FROM t")
    assert cursor.fetchone() == (1500, 3 * 124750)


def test_asynchronous_connections(place: Place) -> None:
    connection = psycopg2.connect(**place.libpq(), async_=True)
    wait(connection)
    cursor = connection.cursor()
    cursor.execute("SELECT 7")
    wait(connection)
    assert cursor.fetchone() == (7,)
    connection.close()


def wait(connection: Any) -> None:
    """As psycopg2's manual says."""
    while (state := connection.poll()) != psycopg2.extensions.POLL_OK:
        is_write = state == psycopg2.extensions.POLL_WRITE
        select.select([] if is_write else [connection], [connection] if is_write else [], [], 20)

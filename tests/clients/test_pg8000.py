"""pg8000: a driver in pure Python, on the extended protocol with text values."""

from __future__ import annotations

import datetime
import decimal
import io
import uuid
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import pg8000.dbapi  # type: ignore[import-untyped]
import pg8000.native  # type: ignore[import-untyped]
import pytest

from tests.clients.compatibility import Client
from tests.clients.place import Place

CLIENT = Client("pg8000", version("pg8000"))

VALUES = [
    ("bool", True),
    ("int4", 5),
    ("int8", 2**40),
    ("float8", 1.5),
    ("numeric", decimal.Decimal("1.20")),
    ("text", "héllo ' \\ ☃"),
    ("bytea", b"\x00\xff"),
    ("uuid", uuid.UUID(int=1)),
    ("date", datetime.date(2024, 2, 29)),
    ("timestamp", datetime.datetime(2024, 2, 29, 1, 2, 3)),
    ("int4[]", [1, 2, 3]),
    ("text", None),
]


@pytest.fixture
def connection(place: Place) -> Iterator[Any]:
    with pg8000.native.Connection(**place.pg8000()) as connection:
        yield connection


def test_values_round_trip(connection: Any) -> None:
    for type_name, value in VALUES:
        assert connection.run(f"SELECT CAST(:v AS {type_name})", v=value) == [[value]]


def test_columns(connection: Any) -> None:
    connection.run("SELECT g AS n, 'x' AS x FROM generate_series(1, 5) g")
    assert [column["name"] for column in connection.columns] == ["n", "x"]
    assert connection.row_count == 5


def test_errors_carry_their_fields(connection: Any) -> None:
    with pytest.raises(pg8000.exceptions.DatabaseError) as caught:
        connection.run("SELECT 1/0")
    assert caught.value.args[0]["C"] == "22012"
    assert connection.run("SELECT 1") == [[1]]


def test_copy_both_ways(connection: Any) -> None:
    connection.run("CREATE TEMP TABLE t (a int, b text)")
    connection.run("COPY t FROM STDIN WITH (FORMAT csv)", stream=io.StringIO("1,x\n2,y\n"))
    output = io.BytesIO()
    connection.run("COPY t TO STDOUT", stream=output)
    assert output.getvalue() == b"1\tx\n2\ty\n"


def test_prepared_statements(connection: Any) -> None:
    statement = connection.prepare("SELECT CAST(:n AS int) + 1")
    assert [statement.run(n=number) for number in range(5)] == [[[n + 1]] for n in range(5)]
    statement.close()


def test_notices(connection: Any) -> None:
    connection.run("DO $$ BEGIN RAISE NOTICE 'told'; END $$")
    assert connection.notices[-1][b"M"] == b"told"


def test_notifications(connection: Any) -> None:
    connection.run("LISTEN news")
    connection.run("NOTIFY news, 'heard'")
    assert [notification[1:] for notification in connection.notifications] == [("news", "heard")]


def test_large_results(connection: Any) -> None:
    rows = connection.run("SELECT repeat('x', 500) FROM generate_series(1, 20000)")
    assert sum(len(text) for (text,) in rows) == 10_000_000


def test_server_side_cursors(connection: Any) -> None:
    connection.run("BEGIN; DECLARE c CURSOR FOR SELECT generate_series(1, 100)")
    assert sum(len(connection.run("FETCH 30 FROM c")) for _ in range(4)) == 100
    connection.run("ROLLBACK")


def test_executemany_and_transactions(place: Place) -> None:
    connection = pg8000.dbapi.connect(**place.pg8000())
    try:
        cursor = connection.cursor()
        cursor.execute("CREATE TEMP TABLE t (a int)")
        connection.commit()
        for end, count in ((connection.rollback, 0), (connection.commit, 10)):
            cursor.executemany("INSERT INTO t VALUES (%s)", [(n,) for n in range(10)])
            end()
            cursor.execute("SELECT count(*) FROM t")
            assert tuple(cursor.fetchone()) == (count,)
    finally:
        connection.close()

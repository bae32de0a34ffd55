"""pg8000: a driver in pure Python, on the extended protocol with text values."""

from __future__ import annotations

import datetime
import decimal
import io
import os
import uuid
from collections.abc import Iterator
from typing import Any

import pg8000.dbapi  # type: ignore[import-untyped]
import pg8000.native  # type: ignore[import-untyped]
import pytest

from tests.drivers.bridge import PORT

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


def socket_of(host: str) -> str:
    return os.path.join(host, f".s.PGSQL.{PORT}")


@pytest.fixture
def connection(host: str) -> Iterator[Any]:
    with pg8000.native.Connection("postgres", unix_sock=socket_of(host)) as connection:
        yield connection


@pytest.mark.parametrize(("type_name", "value"), VALUES)
def test_value_round_trips(connection: Any, type_name: str, value: object) -> None:
    assert connection.run(f"SELECT CAST(:v AS {type_name})", v=value) == [[value]]


def test_columns_and_row_count(connection: Any) -> None:
    connection.run("SELECT g AS n, 'x' AS x FROM generate_series(1, 5) g")
    assert [column["name"] for column in connection.columns] == ["n", "x"]
    assert connection.row_count == 5


def test_error_and_recovery(connection: Any) -> None:
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


def test_prepared_statement(connection: Any) -> None:
    statement = connection.prepare("SELECT CAST(:n AS int) + 1")
    assert [statement.run(n=number) for number in range(5)] == [[[n + 1]] for n in range(5)]
    statement.close()


def test_notices_and_notifications(connection: Any) -> None:
    connection.run("LISTEN news")
    connection.run("DO $$ BEGIN RAISE NOTICE 'told'; END $$")
    connection.run("NOTIFY news, 'heard'")
    assert connection.notices[-1][b"M"] == b"told"
    assert [notification[1:] for notification in connection.notifications] == [("news", "heard")]


def test_dbapi_transactions(host: str) -> None:
    connection = pg8000.dbapi.connect("postgres", unix_sock=socket_of(host))
    try:
        cursor = connection.cursor()
        cursor.execute("CREATE TEMP TABLE t (a int)")
        connection.commit()
        cursor.executemany("INSERT INTO t VALUES (%s)", [(n,) for n in range(10)])
        connection.rollback()
        cursor.execute("SELECT count(*) FROM t")
        assert tuple(cursor.fetchone()) == (0,)
    finally:
        connection.close()

"""Values of all common types: as psycopg has them, on a native server."""

from __future__ import annotations

import datetime
import decimal
import ipaddress
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from pglite_native import dbapi
from tests.oracle.native import NativeServer

UTC = datetime.timezone.utc
VALUES: list[tuple[str, Any]] = [
    ("bool", True),
    ("int2", -(2**15)),
    ("int4", 2**31 - 1),
    ("int8", -(2**63)),
    ("oid", 2**32 - 1),
    ("float4", 1.5),
    ("float8", -1e300),
    ("float8", float("inf")),
    ("numeric", decimal.Decimal("1.20")),
    ("numeric", decimal.Decimal("-0.000001")),
    ("numeric(12,4)", decimal.Decimal("12345678.9")),
    ("text", "héllo ' \\ ☃ %"),
    ("varchar(5)", "abc"),
    ("char(5)", "abc"),
    ("bytea", b"\x00\xff"),
    ("uuid", uuid.UUID(int=1)),
    ("date", datetime.date(2024, 2, 29)),
    ("time", datetime.time(1, 2, 3, 4)),
    ("timestamp", datetime.datetime(2024, 2, 29, 1, 2, 3, 999999)),
    ("timestamptz", datetime.datetime(2024, 2, 29, 1, 2, 3, tzinfo=UTC)),
    ("interval", datetime.timedelta(days=-3, microseconds=1)),
    ("inet", ipaddress.ip_address("::1")),
    ("cidr", ipaddress.ip_network("10.0.0.0/8")),
    ("int4[]", [1, None, 3]),
    ("text[]", [["a", 'b"'], ["{", ""]]),
    ("timestamptz[]", [datetime.datetime(2024, 2, 29, tzinfo=UTC)]),
    ("text", None),
]


@pytest.fixture(scope="module")
def native() -> Iterator[psycopg.Connection[Any]]:
    with (
        NativeServer() as server,
        psycopg.connect(f"host={server.directory} user=postgres") as connection,
    ):
        yield connection


@pytest.mark.parametrize(("type_name", "value"), VALUES)
def test_a_value_is_what_psycopg_makes_of_it(
    connection: dbapi.Connection, native: psycopg.Connection[Any], type_name: str, value: object
) -> None:
    sql = f"select %s::{type_name} as v"
    theirs = native.execute(sql, (value,))
    expected = theirs.fetchall()
    for _ in range(3):  # in text, and then prepared, in binary format
        ours = connection.execute(sql, (value,))
        rows = ours.fetchall()
        assert rows == expected
        assert type(rows[0][0]) is type(expected[0][0])
    assert ours.description is not None
    assert theirs.description is not None
    described = theirs.description[0]
    assert ours.description[0][:2] == (described.name, described.type_code)
    assert ours.description[0].internal_size == described.internal_size
    assert ours.description[0].precision in (described.precision, None)


def test_json_is_read_and_written(connection: dbapi.Connection) -> None:
    value = {"a": [1, None, "é"], "b": {}}
    for kind in ("json", "jsonb"):
        assert connection.execute(f"select %s::{kind}", (value,)).fetchone() == (value,)


def test_a_connection_may_have_its_own_converters(connection: dbapi.Connection) -> None:
    connection.parsers[1700] = float
    connection.serializers[complex] = str
    cursor = connection.execute("select %s::text, 1.5", (1j,))
    assert cursor.fetchone() == ("1j", 1.5)

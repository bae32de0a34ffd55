"""The messages of pgoutput: bytes in, objects out."""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import datetime, timezone

import pytest

from pglite_native import UNCHANGED, EngineError
from pglite_native.changes import messages
from pglite_native.changes.messages import Column, Row, decode, position, position_text

MICROSECONDS = 1_000_000
NULL, SAME = b"n", b"u"


def value(text: str) -> bytes:
    data = text.encode()
    return b"t" + struct.pack("!I", len(data)) + data


def values(*items: bytes) -> bytes:
    return struct.pack("!H", len(items)) + b"".join(items)


def test_a_transaction_begins_and_ends() -> None:
    begin = b"B" + struct.pack("!QqI", 7, 86400 * MICROSECONDS + 5, 4_000_000_000)
    time = datetime(2000, 1, 2, 0, 0, 0, 5, timezone.utc)
    assert decode(begin) == messages.Begin(4_000_000_000, time)
    assert decode(b"C\0" + struct.pack("!QQq", 7, 9, 0)) == messages.Commit(9)
    assert decode(b"O" + struct.pack("!Q", 1) + b"an origin\0") == messages.Origin("an origin")


def test_a_relation_has_columns_and_a_schema() -> None:
    columns = b"\1id\0" + struct.pack("!Ii", 23, -1) + b"\0w\xc3\xa4\0" + struct.pack("!Ii", 25, -1)
    data = b"R" + struct.pack("!I", 5) + b"s\0t\0d" + struct.pack("!H", 2) + columns
    listed = (Column("id", 23, True), Column("wä", 25, False))
    assert decode(data) == messages.Relation(5, "s", "t", listed)
    assert decode(b"Y" + struct.pack("!I", 5) + b"s\0t\0") == messages.Type()


def test_the_empty_schema_is_pg_catalog() -> None:
    data = b"R" + struct.pack("!I", 5) + b"\0t\0d" + struct.pack("!H", 0)
    assert decode(data) == messages.Relation(5, "pg_catalog", "t", ())


ROWS: dict[str, tuple[bytes, Row]] = {
    "insert": (b"I\0\0\0\5N" + values(value("ä"), NULL), Row("insert", 5, None, ("ä", None))),
    "update": (
        b"U\0\0\0\5N" + values(value(""), SAME),
        Row("update", 5, None, ("", UNCHANGED)),
    ),
    "of the key": (
        b"U\0\0\0\5K" + values(value("1"), NULL) + b"N" + values(value("2"), NULL),
        Row("update", 5, ("1", None), ("2", None), True),
    ),
    "of all": (
        b"U\0\0\0\5O" + values(value("1")) + b"N" + values(value("2")),
        Row("update", 5, ("1",), ("2",)),
    ),
    "delete": (b"D\0\0\0\5K" + values(value("1")), Row("delete", 5, ("1",), None, True)),
    "delete of all": (b"D\0\0\0\5O" + values(value("1")), Row("delete", 5, ("1",), None)),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_has_what_was_and_what_is(name: str) -> None:
    data, row = ROWS[name]
    assert decode(data) == row


def test_truncate_and_messages() -> None:
    assert decode(b"T" + struct.pack("!IBII", 2, 3, 5, 6)) == messages.Truncate((5, 6))
    data = b"M\1" + struct.pack("!Q", 9) + b"p\0" + struct.pack("!I", 2) + b"\0\xff"
    assert decode(data) == messages.Message(True, 9, "p", b"\0\xff")


@pytest.mark.parametrize("name", ROWS)
def test_what_is_cut_off_is_an_error(name: str) -> None:
    data, _ = ROWS[name]
    for end in range(1, len(data)):
        with pytest.raises(EngineError, match="damaged message"):
            decode(data[:end])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda: b"S", "unknown type 'S'"),
        (lambda: b"", "unknown type ''"),
        (lambda: b"I\0\0\0\5N" + values(b"b\0\0\0\0"), "damaged message of type 'I'"),
    ],
)
def test_what_was_not_asked_for_is_an_error(damage: Callable[[], bytes], message: str) -> None:
    with pytest.raises(EngineError, match=message):
        decode(damage())


def test_positions_are_pg_lsn_s() -> None:
    assert position("A/1B") == (10 << 32) + 27
    assert position_text((10 << 32) + 27) == "A/1B"

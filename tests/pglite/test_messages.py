"""The C functions for a round trip of a prepared statement, also with replies that lie."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from typing import Any

import pytest

from pglite_native import _messages
from pglite_native.protocol.wire import result_formats

BOOL, BYTEA, INT8, INT2, INT4, TEXT, FLOAT8 = 16, 17, 20, 21, 23, 25, 701
TEXTS = result_formats([])


def unasked(oid: int, value: Any) -> str:
    raise AssertionError(f"{value!r} needs no serializer")


def bind(
    params: Any, types: tuple[int, ...] = (), serialize: Callable[[int, Any], str] = unasked
) -> bytes:
    return _messages.bind(b"name", types, params, TEXTS, serialize)


def parameters(message: bytes) -> list[tuple[int, bytes | None]]:
    """Formats and values of a Bind, by the documentation of its format."""
    (length,) = struct.unpack_from("!i", message, 1)
    assert message[:1] == b"B" and message[1 + length :] == b"E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04"
    portal, name, rest = message[5 : 1 + length].split(b"\0", 2)
    assert (portal, name) == (b"", b"name")
    (count,) = struct.unpack_from("!H", rest)
    codes = struct.unpack_from(f"!{count}H", rest, 2)
    at = 2 + 2 * count
    assert struct.unpack_from("!H", rest, at) == (count,)
    at += 2
    values: list[bytes | None] = []
    for _ in range(count):
        (size,) = struct.unpack_from("!i", rest, at)
        at += 4
        values.append(None if size == -1 else rest[at : at + size])
        at += max(size, 0)
    assert rest[at:] == TEXTS
    return list(zip(codes, values, strict=True))


@pytest.mark.parametrize(
    ("oid", "value", "expected"),
    [
        (INT4, None, (0, None)),
        (BOOL, True, (1, b"\1")),
        (BOOL, False, (1, b"\0")),
        (INT2, -2, (1, b"\xff\xfe")),
        (INT2, 2**15, (0, b"32768")),
        (INT4, -(2**31), (1, b"\x80\0\0\0")),
        (INT4, 2**31, (0, b"2147483648")),
        (INT8, 2**63 - 1, (1, b"\x7f" + b"\xff" * 7)),
        (INT8, -(2**63) - 1, (0, b"-9223372036854775809")),
        (TEXT, -7, (0, b"-7")),
        (FLOAT8, 1.5, (1, struct.pack("!d", 1.5))),
        (FLOAT8, 2**53, (1, struct.pack("!d", 2.0**53))),
        (FLOAT8, 2**53 + 1, (0, b"9007199254740993")),
        (BYTEA, b"\0x", (1, b"\0x")),
        (INT4, "text", (0, b"text")),
        (TEXT, "é", (0, "é".encode())),
    ],
)
def test_a_parameter(oid: int, value: object, expected: tuple[int, bytes | None]) -> None:
    assert parameters(bind([value], (oid,))) == [expected]


class Words(str):
    """Not what the type's name says."""


@pytest.mark.parametrize(
    ("oid", "value"),
    [(TEXT, True), (TEXT, 1.5), (TEXT, b"x"), (FLOAT8, float("nan")), (TEXT, Words("w")), (0, [1])],
)
def test_what_is_not_common_is_asked_for(oid: int, value: object) -> None:
    asked = []

    def serialize(oid: int, value: object) -> str:
        asked.append((oid, value))
        return "é!"

    assert parameters(bind((value,), (oid,), serialize)) == [(0, "é!".encode())]
    assert asked == [(oid, value)]


def test_many_parameters_of_any_length() -> None:
    chance = random.Random(1)
    for _ in range(200):
        values = [chance.choice([None, "x" * chance.randrange(600)]) for _ in range(30)]
        expected = [(0, None if value is None else value.encode()) for value in values]
        assert parameters(bind(values, (TEXT,) * chance.randrange(31))) == expected
    assert len(parameters(bind([1] * 65535))) == 65535
    with pytest.raises(ValueError, match="65536 parameters; at most 65535"):
        bind([1] * 65536)


def test_parameters_that_change_as_they_are_looked_at() -> None:
    values: list[Any] = [[], "kept" * 100, []]

    def serialize(oid: int, value: object) -> str:
        values.clear()
        return "x"

    found = parameters(bind(values, (), serialize))
    assert found == [(0, b"x"), (0, b"kept" * 100), (0, b"x")]


def test_parameters_that_cannot_be_sent() -> None:
    with pytest.raises(UnicodeEncodeError):
        bind(["\ud800"])
    with pytest.raises(TypeError, match="returns text"):
        bind([[]], (), lambda oid, value: 5)  # type: ignore[arg-type,return-value]
    with pytest.raises(ZeroDivisionError):
        bind([[]], (), lambda oid, value: str(1 // 0))
    for types in ((-1,), (2**70,), ("x",)):
        with pytest.raises((TypeError, OverflowError)):
            bind([1], types)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        bind(5)


def test_parameters_of_more_than_a_message_holds() -> None:
    for size in (2**30 - 64, 2**30):
        with pytest.raises(ValueError, match="more than 1 GiB"):
            bind([b"x" * 64, bytes(size)], (BYTEA,) * 2)  # of zeros, for which no memory is taken


def message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


READY, ROW = message(b"Z", b"T"), message(b"D", b"\0\1\0\0\0\1x")


@pytest.mark.parametrize(
    ("tag", "command", "count"),
    [
        (b"SELECT 5", "SELECT", 5),
        (b"INSERT 0 12", "INSERT", 12),
        (b"CREATE TABLE", "CREATE TABLE", None),
        (b"BEGIN", "BEGIN", None),
        (b"UPDATE 18446744073709551615", "UPDATE", 2**64 - 1),
        (b"", "", None),
        (b"5", "5", None),
        (b"A5", "A5", None),
        (b" 5", "", 5),
    ],
)
def test_a_tag(tag: bytes, command: str, count: int | None) -> None:
    found = _messages.answer(message(b"C", tag + b"\0") + READY)
    assert found == ("T", command, count, None, b"")


def test_the_parts_of_a_reply() -> None:
    done = message(b"C", b"SELECT 2\0")
    bound = message(b"1") + message(b"2")
    rows = ROW * 2
    assert _messages.answer(bound + rows + done + READY) == ("T", "SELECT", 2, None, rows)
    described = bound + message(b"T", b"\0\0") + done + READY
    assert _messages.answer(described) == ("T", "SELECT", 2, b"\0\0", b"")
    assert _messages.answer(message(b"n") + done + READY) == ("T", "SELECT", 2, None, b"")


def test_replies_with_anything_else_are_left_alone() -> None:
    done = message(b"C", b"SELECT 2\0")
    for other in (b"E", b"N", b"A", b"S", b"G", b"I", b"s", b"t", b"C", b"Z"):
        for reply in (
            message(other) + done + READY,
            ROW + message(other) + done + READY,
            done + message(other) + READY,
            done + READY + message(other),
        ):
            assert _messages.answer(reply) is None
    for reply in (b"", done, READY, done + READY + b"x", done + message(b"Z", b"TT"), READY + done):
        assert _messages.answer(reply) is None
    whole = message(b"2") + ROW + done + READY
    for end in range(len(whole)):
        assert _messages.answer(whole[:end]) is None


def test_replies_that_lie() -> None:
    for tag in (b"SELECT 2", b"", b"SELECT " + b"1" * 100 + b"\0", b"\xff\0"):
        with pytest.raises(ValueError, match=r"damaged|decode"):
            _messages.answer(message(b"C", tag) + READY)
    chance = random.Random(1)
    whole = message(b"2") + ROW * 3 + message(b"C", b"INSERT 0 5\0") + READY
    for _ in range(20_000):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            found = _messages.answer(bytes(data))
        except ValueError:
            continue
        assert found is None or len(found[4]) <= len(whole)
    with pytest.raises(TypeError):
        _messages.answer(bytearray(whole))  # type: ignore[arg-type]

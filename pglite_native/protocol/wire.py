"""The wire protocol, version 3, as far as the package speaks it: both kinds of query, text.

Theory of operation: bytes in, messages out, no I/O. `Splitter` cuts a stream that arrives in any
pieces into messages; a function for each message's payload turns it into Python values.

Why our own: what drivers have of this is tied to their sockets or to libpq, and would be the one
reason to make every user install a driver.

Reference: PostgreSQL documentation, "Frontend/Backend Protocol", "Message Formats".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from pglite_native import _rows
from pglite_native.errors import EngineError

HEADER = struct.Struct("!cI")  # the length counts itself but not the type
LENGTH_BYTES = 4
PROTOCOL_VERSION = 3 << 16
NULL_LENGTH = -1
MAX_PARAMETERS = 2**16 - 1  # their count is an Int16, which the server takes as unsigned


class Message(NamedTuple):
    """One message of the backend; `kind` is its type byte as a character."""

    kind: str
    payload: bytes


class Column(NamedTuple):
    """One column of a RowDescription.

    `type` is an OID; `modifier` its atttypmod, -1 for none; `size` in bytes, negative for types of
    variable size.
    """

    name: str
    type: int
    modifier: int = -1
    size: int = -1


class Splitter:
    """Cuts a stream that arrives in any pieces into messages.

    Of the kinds in `runs`, messages that come together one after the other are left together: they
    are one, whose payload is all of them, heads and all. What is in them is for `_rows`.
    """

    def __init__(self, runs: str = "") -> None:
        self._runs = runs
        self._pending = bytearray()
        self._wanted = HEADER.size  # bytes, for the first of the pending messages to be whole

    def feed(self, data: bytes) -> Iterator[Message]:
        """Yield the messages that `data` completes."""
        if self._pending:
            self._pending += data
            if len(self._pending) < self._wanted:
                return
            data = bytes(self._pending)
        start, wanted = 0, HEADER.size
        while len(data) - start >= HEADER.size:
            kind, length = HEADER.unpack_from(data, start)
            if length < LENGTH_BYTES:
                raise EngineError(f"a message of type {kind!r} says its length is {length}")
            if len(data) < start + 1 + length:
                wanted = 1 + length
                break
            name = kind.decode("latin-1")
            end = _rows.run_end(data, start) if name in self._runs else start + 1 + length
            yield Message(name, data[start if name in self._runs else start + HEADER.size : end])
            start = end
        self._pending, self._wanted = bytearray(data[start:]), wanted


def startup(options: Mapping[str, str]) -> bytes:
    """StartupMessage: user, database, settings."""
    payload = PROTOCOL_VERSION.to_bytes(4, "big")
    for pair in options.items():
        payload += b"".join(_string(text) for text in pair)
    return (LENGTH_BYTES + len(payload) + 1).to_bytes(4, "big") + payload + b"\0"


def query(sql: str) -> bytes:
    """Query: one string of any number of statements."""
    return message(b"Q", _sql(sql))


def parse(sql: str, types: Sequence[int] = (), name: bytes = b"") -> bytes:
    """Parse: one statement; where a type is 0, or missing, the server finds it out."""
    oids = struct.pack(f"!H{len(types)}I", len(types), *types) if types else b"\0\0"
    return message(b"P", name + b"\0" + _sql(sql) + oids)


def bind(parameters: Sequence[str | None]) -> bytes:
    """Bind: the unnamed statement to the unnamed portal; parameters and results as text."""
    if len(parameters) > MAX_PARAMETERS:
        raise ValueError(f"{len(parameters)} parameters; at most {MAX_PARAMETERS} can be sent")
    parts = [b"\0\0\0\0", struct.pack("!H", len(parameters))]
    for parameter in parameters:
        if parameter is None:
            parts.append(struct.pack("!i", NULL_LENGTH))
        else:
            data = parameter.encode()
            parts.append(struct.pack("!i", len(data)) + data)
    return message(b"B", b"".join([*parts, b"\0\0"]))


def result_formats(codes: Sequence[int]) -> bytes:
    """Return the end of Bind: for each column, 0 for text and 1 for binary; nothing: all text."""
    return struct.pack(f"!H{len(codes)}H", len(codes), *codes)


def describe_statement(name: bytes = b"") -> bytes:
    return message(b"D", b"S" + name + b"\0")


def close_statement(name: bytes) -> bytes:
    """Close: one that is not there is none to complain about."""
    return message(b"C", b"S" + name + b"\0")


def describe_portal() -> bytes:
    return message(b"D", b"P\0")


def execute() -> bytes:
    """Execute: the unnamed portal, to its end."""
    return message(b"E", b"\0\0\0\0\0")


def sync() -> bytes:
    return message(b"S")


def copy_data(data: bytes) -> bytes:
    return message(b"d", data)


def copy_done() -> bytes:
    return message(b"c")


def copy_fail(reason: str) -> bytes:
    return message(b"f", reason.encode() + b"\0")


def terminate() -> bytes:
    """What ends a session."""
    return message(b"X")


def give_up() -> bytes:
    """CopyFail, which is ignored elsewhere, and Sync: what may be in progress ends."""
    return copy_fail("the client has given up") + sync()


def _sql(sql: str) -> bytes:
    if "\0" in sql:
        raise ValueError("SQL must not contain a NUL character")
    return sql.encode() + b"\0"


def _string(text: str) -> bytes:
    if "\0" in text:
        raise ValueError(f"must not contain a NUL character: {text!r}")
    return text.encode() + b"\0"


def message(kind: bytes, payload: bytes = b"") -> bytes:
    """Any message: type, length, payload."""
    return HEADER.pack(kind, LENGTH_BYTES + len(payload)) + payload


@lru_cache(maxsize=64)  # of the last results, whose rows are often alike
def columns(payload: bytes) -> tuple[Column, ...]:
    """RowDescription."""
    found = []
    (count,) = struct.unpack_from("!H", payload)
    position = 2
    for _ in range(count):
        end = payload.index(b"\0", position)
        _table, _attribute, type_oid, size, modifier, _format = _COLUMN.unpack_from(
            payload, end + 1
        )
        found.append(Column(text(payload[position:end]), type_oid, modifier, size))
        position = end + 1 + _COLUMN.size
    return tuple(found)


_COLUMN = struct.Struct("!IhIhih")


def parameter_types(payload: bytes) -> tuple[int, ...]:
    """ParameterDescription: OIDs."""
    (count,) = struct.unpack_from("!H", payload)
    return struct.unpack_from(f"!{count}I", payload, 2)


def values(payload: bytes) -> list[str | None]:
    """DataRow; None is NULL."""
    found: list[str | None] = []
    (count,) = struct.unpack_from("!H", payload)
    position = 2
    for _ in range(count):
        (length,) = struct.unpack_from("!i", payload, position)
        position += 4
        if length == NULL_LENGTH:
            found.append(None)
        else:
            found.append(text(payload[position : position + length]))
            position += length
    return found


def report(payload: bytes) -> dict[str, str]:
    """ErrorResponse, NoticeResponse: fields by their letter."""
    return {text(field[:1]): text(field[1:]) for field in payload.split(b"\0") if field}


def string(payload: bytes) -> str:
    """CommandComplete: its one string."""
    return text(payload.partition(b"\0")[0])


@lru_cache(maxsize=64)  # many statements say the same
def tag(payload: bytes) -> tuple[str, int | None]:
    """CommandComplete: the command, and the count that it ends with, as in "INSERT 0 5"."""
    words = string(payload).split(" ")
    count = int(words[-1]) if words[-1].isdecimal() else None
    while len(words) > 1 and words[-1].isdecimal():
        words.pop()
    return " ".join(words), count


def parameter_status(payload: bytes) -> tuple[str, str]:
    """ParameterStatus: a setting's name and value."""
    name, value, _ = payload.split(b"\0")
    return text(name), text(value)


def notification(payload: bytes) -> tuple[int, str, str]:
    """NotificationResponse: process, channel, payload."""
    (process,) = struct.unpack_from("!i", payload)
    channel, content, _ = payload[4:].split(b"\0")
    return process, text(channel), text(content)


def text(data: bytes) -> str:
    """Decode what the server sent: UTF-8, unless the statement chose another client_encoding."""
    return data.decode(errors="backslashreplace")

"""What the output plugin pgoutput writes, as far as it is asked for: whole transactions, text.

Theory of operation: one message's bytes in, one object out, no I/O and no state. Values stay text;
whose column they are is in a Relation, which comes before the first change of a table.

Reference: PostgreSQL documentation, "Logical Replication Message Formats".
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import Literal, NamedTuple

from pglite_native.errors import EngineError
from pglite_native.protocol import wire

EPOCH = datetime(2000, 1, 1, tzinfo=timezone.utc)  # microseconds since then
IS_KEY = 1  # a column's flag
IS_TRANSACTIONAL = 1  # a message's
TEXT, NULL, SAME = b"tnu"  # how a value begins
LENGTH_BYTES = 4


class Unchanged(Enum):
    """In a Change's `new`: a large value, stored out of line, which the update left as it was."""

    UNCHANGED = "UNCHANGED"

    def __repr__(self) -> str:
        return self.name


UNCHANGED = Unchanged.UNCHANGED

Text = str | None | Unchanged


class Column(NamedTuple):
    """A column of a table; `type` is an OID, `is_key`: of the replica identity."""

    name: str
    type: int
    is_key: bool


@dataclass(frozen=True)
class Relation:
    """A table, as it is from here on."""

    oid: int
    schema: str
    name: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Begin:
    """A transaction begins, which was committed then."""

    xid: int
    time: datetime


@dataclass(frozen=True)
class Commit:
    """It ends; whose changes are taken confirms `end`, a position in the log."""

    end: int


@dataclass(frozen=True)
class Origin:
    """Where a transaction was replicated from."""

    name: str


@dataclass(frozen=True)
class Type:
    """The name of a type, which is of no use where OIDs can be looked up."""


@dataclass(frozen=True)
class Row:
    """INSERT, UPDATE or DELETE; `old` has only the key's columns if `old_is_key`."""

    operation: Literal["insert", "update", "delete"]
    relation: int
    old: tuple[Text, ...] | None
    new: tuple[Text, ...] | None
    old_is_key: bool = False


@dataclass(frozen=True)
class Truncate:
    """TRUNCATE, of several tables at once."""

    relations: tuple[int, ...]


@dataclass(frozen=True)
class Message:
    """What pg_logical_emit_message wrote, at `position` in the log."""

    is_transactional: bool
    position: int
    prefix: str
    content: bytes


Decoded = Relation | Begin | Commit | Origin | Type | Row | Truncate | Message


def decode(data: bytes) -> Decoded:
    """Read one message.

    Raises:
        EngineError: it is not one of those that are asked for.
    """
    reader, kind = _Reader(data), data[:1].decode("latin-1")
    if kind not in _DECODERS:
        raise EngineError(f"pgoutput has written a message of the unknown type {kind!r}")
    try:
        return _DECODERS[kind](reader)
    except (struct.error, IndexError, ValueError) as error:
        raise EngineError(f"pgoutput has written a damaged message of type {kind!r}") from error


def position(text: str) -> int:
    """Read a position in the log as pg_lsn writes it."""
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)


def position_text(number: int) -> str:
    """Write a position in the log as pg_lsn does."""
    return f"{number >> 32:X}/{number & 0xFFFFFFFF:X}"


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 1  # after the kind

    def number(self, code: str) -> int:
        (value,) = struct.unpack_from("!" + code, self._data, self._at)
        self._at += struct.calcsize("!" + code)
        return int(value)

    def string(self) -> str:
        end = self._data.index(b"\0", self._at)
        text = wire.text(self._data[self._at : end])
        self._at = end + 1
        return text

    def counted(self) -> bytes:
        size = self.number("I")
        data = self._data[self._at : self._at + size]
        if len(data) < size:
            raise ValueError("it ends too early")
        self._at += size
        return data

    def time(self) -> datetime:
        return EPOCH + timedelta(microseconds=self.number("q"))

    def values(self) -> tuple[Text, ...]:
        """Read a row; without a call for each value, of which there may be many."""
        count = self.number("H")
        data, at = self._data, self._at
        found: list[Text] = []
        for _ in range(count):
            kind = data[at]
            start = end = at + 1
            if kind == TEXT:
                start += LENGTH_BYTES
                end = start + int.from_bytes(data[at + 1 : start], "big")
                if end > len(data):
                    raise ValueError("a value ends too early")
                found.append(wire.text(data[start:end]))
            elif kind == NULL:
                found.append(None)
            elif kind == SAME:
                found.append(UNCHANGED)
            else:
                raise ValueError(f"a value of the unknown kind {kind}")
            at = end
        self._at = at
        return tuple(found)


def _begin(reader: _Reader) -> Begin:
    reader.number("Q")  # the position of the commit, which Commit has, too
    time = reader.time()
    return Begin(reader.number("I"), time)


def _commit(reader: _Reader) -> Commit:
    reader.number("B")
    reader.number("Q")
    return Commit(reader.number("Q"))


def _origin(reader: _Reader) -> Origin:
    reader.number("Q")
    return Origin(reader.string())


def _relation(reader: _Reader) -> Relation:
    oid = reader.number("I")
    schema, name = reader.string() or "pg_catalog", reader.string()
    reader.number("B")  # which kind of replica identity: the columns say which they are
    return Relation(oid, schema, name, tuple(_column(reader) for _ in range(reader.number("H"))))


def _column(reader: _Reader) -> Column:
    is_key = bool(reader.number("B") & IS_KEY)
    column = Column(reader.string(), reader.number("I"), is_key)
    reader.number("i")  # the type's modifier
    return column


def _insert(reader: _Reader) -> Row:
    relation, _ = reader.number("I"), reader.number("B")
    return Row("insert", relation, None, reader.values())


def _update(reader: _Reader) -> Row:
    relation, kind = reader.number("I"), chr(reader.number("B"))
    if kind == "N":
        return Row("update", relation, None, reader.values())
    old, _ = reader.values(), reader.number("B")
    return Row("update", relation, old, reader.values(), kind == "K")


def _delete(reader: _Reader) -> Row:
    relation, kind = reader.number("I"), chr(reader.number("B"))
    return Row("delete", relation, reader.values(), None, kind == "K")


def _truncate(reader: _Reader) -> Truncate:
    count, _options = reader.number("I"), reader.number("B")
    return Truncate(tuple(reader.number("I") for _ in range(count)))


def _message(reader: _Reader) -> Message:
    is_transactional = bool(reader.number("B") & IS_TRANSACTIONAL)
    at, prefix = reader.number("Q"), reader.string()
    return Message(is_transactional, at, prefix, reader.counted())


_DECODERS: dict[str, Callable[[_Reader], Decoded]] = {
    "B": _begin,
    "C": _commit,
    "O": _origin,
    "R": _relation,
    "Y": lambda reader: Type(),
    "I": _insert,
    "U": _update,
    "D": _delete,
    "T": _truncate,
    "M": _message,
}

"""The type objects and constructors of PEP 249, and how it describes columns."""

from __future__ import annotations

import time
from datetime import date, datetime
from datetime import time as time_of_day
from functools import lru_cache
from typing import NamedTuple

from pglite_native.protocol import wire


class TypeObject:
    """Equal to the OID of each of its types."""

    def __init__(self, name: str, *oids: int) -> None:
        self._name = name
        self._oids = frozenset(oids)

    def __eq__(self, other: object) -> bool:
        return other is self or (isinstance(other, int) and other in self._oids)

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return f"<type object {self._name}>"


# pg_type.dat.
STRING = TypeObject("STRING", 18, 19, 25, 1042, 1043)
BINARY = TypeObject("BINARY", 17)
NUMBER = TypeObject("NUMBER", 20, 21, 23, 700, 701, 1700)
DATETIME = TypeObject("DATETIME", 1082, 1083, 1114, 1184, 1186, 1266)
ROWID = TypeObject("ROWID", 26)

_CHARACTERS = (1042, 1043)  # bpchar, varchar
_NUMERIC = 1700

Binary = bytes
Date = date
Time = time_of_day
Timestamp = datetime


def DateFromTicks(ticks: float) -> date:  # noqa: N802
    """Return the date at some seconds since the epoch, in local time."""
    return Date(*time.localtime(ticks)[:3])


def TimeFromTicks(ticks: float) -> time_of_day:  # noqa: N802
    """Return the time of day at some seconds since the epoch, in local time."""
    return Time(*time.localtime(ticks)[3:6])


def TimestampFromTicks(ticks: float) -> datetime:  # noqa: N802
    """Return date and time at some seconds since the epoch, in local time."""
    return Timestamp(*time.localtime(ticks)[:6])


class Column(NamedTuple):
    """A column of a result, as PEP 249 describes it. `type_code` is an OID."""

    name: str
    type_code: int
    display_size: int | None
    internal_size: int | None
    precision: int | None
    scale: int | None
    null_ok: None = None


@lru_cache(maxsize=256)
def described(columns: tuple[wire.Column, ...]) -> list[Column]:
    """Describe a result's columns; not to be changed."""
    return [_column(column) for column in columns]


def _column(column: wire.Column) -> Column:
    # atttypmod, as typmodin of these types makes it: varchar.c, numeric.c.
    display_size = precision = scale = None
    if column.modifier >= 4:
        if column.type in _CHARACTERS:
            display_size = column.modifier - 4
        elif column.type == _NUMERIC:
            packed = column.modifier - 4
            precision = packed >> 16 & 0xFFFF
            scale = ((packed & 0x7FF) ^ 0x400) - 0x400  # 11 bits with a sign
    size = column.size if column.size >= 0 else None
    return Column(column.name, column.type, display_size, size, precision, scale)

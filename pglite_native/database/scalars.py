"""Scalar values between PostgreSQL's text format and Python.

What Python cannot hold stays text: infinity, years outside 1 to 9999, 24:00. So does what is not
written in the default DateStyle and IntervalStyle: text that is read strictly is never misread.

Why our own: the types' own constructors do the work, and the drivers' converters were tried.
psycopg's are of the first quality and want libpq; pg8000's (1.31) lose the sign of '-00:00:01.5',
the era of '0044-03-15 00:00:00 BC' and the host part of '10.1.2.3/24'.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    ip_address,
    ip_interface,
    ip_network,
)
from typing import Any
from uuid import UUID

from pglite_native import _rows
from pglite_native.database.values import Interval

_DATE = r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d{1,6}))?"
_ZONE = r"(?:(?P<sign>[+-])(?P<h>\d\d)(?::(?P<m>\d\d)(?::(?P<s>\d\d))?)?)?"
_DATES = re.compile(_DATE)
_TIMES = re.compile(_TIME + _ZONE)
_TIMESTAMPS = re.compile(f"{_DATE} {_TIME}{_ZONE}")
_INTERVALS = re.compile(
    r"(?:(?P<years>[+-]?\d+) years? ?)?(?:(?P<months>[+-]?\d+) mons? ?)?"
    r"(?:(?P<days>[+-]?\d+) days? ?)?"
    r"(?:(?P<sign>[+-]?)(?P<hours>\d+):(?P<minutes>\d\d):(?P<seconds>\d\d)"
    r"(?:\.(?P<fraction>\d{1,6}))?)?"
)


def parse_bool(text: str) -> bool:
    return text == "t"


def parse_bytes(text: str) -> bytes | str:
    # The other form, bytea_output = escape, is not worth a reader.
    return bytes.fromhex(text[2:]) if text.startswith("\\x") else text


def parse_date(text: str) -> date | str:
    found = _DATES.fullmatch(text)
    return date(*_integers(found, "year", "month", "day")) if found else text


def parse_time(text: str) -> time | str:
    found = _TIMES.fullmatch(text)
    if not found or found["hour"] == "24":
        return text
    return time(*_time_of_day(found), tzinfo=_zone(found))


def parse_timestamp(text: str) -> datetime | str:
    """With a time zone or without."""
    found = _TIMESTAMPS.fullmatch(text)
    if not found:
        return text
    year, month, day = _integers(found, "year", "month", "day")
    return datetime(year, month, day, *_time_of_day(found), tzinfo=_zone(found))


def parse_interval(text: str) -> timedelta | Interval | str:
    found = _INTERVALS.fullmatch(text)
    if not found:
        return text
    years, months, days = _integers(found, "years", "months", "days")
    hours, minutes, seconds = _integers(found, "hours", "minutes", "seconds")
    microseconds = ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + _fraction(found)
    if found["sign"] == "-":
        microseconds = -microseconds
    if years or months:
        return Interval(years * 12 + months, days, microseconds)
    try:
        return timedelta(days=days, microseconds=microseconds)
    except OverflowError:
        return text


def parse_inet(text: str) -> IPv4Address | IPv6Address | IPv4Interface | IPv6Interface:
    return ip_interface(text) if "/" in text else ip_address(text)


def parse_integers(text: str) -> list[int]:
    """int2vector and oidvector."""
    return [int(word) for word in text.split()]


def _integers(found: re.Match[str], *names: str) -> list[int]:
    return [int(found[name] or 0) for name in names]


def _fraction(found: re.Match[str]) -> int:
    return int((found["fraction"] or "").ljust(6, "0"))


def _time_of_day(found: re.Match[str]) -> tuple[int, int, int, int]:
    hour, minute, second = _integers(found, "hour", "minute", "second")
    return hour, minute, second, _fraction(found)


def _zone(found: re.Match[str]) -> tzinfo | None:
    if not found["sign"]:
        return None
    hours, minutes, seconds = _integers(found, "h", "m", "s")
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return timezone(-offset if found["sign"] == "-" else offset) if offset else timezone.utc


Parser = Callable[[str], Any]
Serializer = Callable[[Any], str]

# The scalar types that are not text to Python, by their names in pg_type.
PARSERS: dict[str, Parser] = {
    "bool": parse_bool,
    "bytea": parse_bytes,
    "int2": int,
    "int4": int,
    "int8": int,
    "oid": int,
    "xid": int,
    "xid8": int,
    "cid": int,
    "float4": float,
    "float8": float,
    "numeric": Decimal,
    "json": json.loads,
    "jsonb": json.loads,
    "uuid": UUID,
    "date": parse_date,
    "time": parse_time,
    "timetz": parse_time,
    "timestamp": parse_timestamp,
    "timestamptz": parse_timestamp,
    "interval": parse_interval,
    "inet": parse_inet,
    "cidr": ip_network,
    "int2vector": parse_integers,
    "oidvector": parse_integers,
    "vector": json.loads,
    "halfvec": json.loads,
}


# The same for whole results: what _rows does itself, and of the others, what is tried first. An
# ISO 8601 constructor is faster than we are, and refuses what is not in the default DateStyle.
CONVERTERS: dict[str, _rows.Converter] = {
    **{name: (parser, None) for name, parser in PARSERS.items()},
    **dict.fromkeys(("int2", "int4", "int8", "oid", "xid", "xid8", "cid"), _rows.INTEGER),
    **dict.fromkeys(("float4", "float8"), _rows.FLOAT),
    **dict.fromkeys(("timestamp", "timestamptz"), (datetime.fromisoformat, parse_timestamp)),
    "date": (date.fromisoformat, parse_date),
    "bool": _rows.BOOLEAN,
    "bytea": _rows.BYTES,
}


# And what _rows makes of values in binary format, where that is less work for both sides.
BINARY_CONVERTERS: dict[str, _rows.Converter] = {
    **dict.fromkeys(("int2", "int4", "int8"), _rows.BINARY_INTEGER),
    "oid": _rows.BINARY_OID,
    "float8": _rows.BINARY_FLOAT,
    "bool": _rows.BINARY_BOOLEAN,
    "bytea": _rows.BINARY_BYTES,
}


def serialize_bool(value: bool) -> str:
    return "true" if value else "false"


def serialize_bytes(value: bytes | bytearray | memoryview) -> str:
    return "\\x" + value.hex()


def serialize_timedelta(value: timedelta) -> str:
    return str(Interval(0, value.days, value.seconds * 1_000_000 + value.microseconds))


def serialize_naive(value: object) -> str:
    """For types without a time zone, whose input function would leave one out without a word."""
    if isinstance(value, datetime | time):
        if value.tzinfo is not None:
            raise ValueError(f"{value!r} has a time zone, and the parameter's type has none")
        return value.isoformat()
    return serialize(value)


def serialize_vector(value: object) -> str:
    if isinstance(value, list | tuple):
        return "[" + ",".join(str(float(number)) for number in value) + "]"
    return serialize(value)


# Where the server's type says more than the value's.
SERIALIZERS: dict[str, Serializer] = {
    "json": json.dumps,
    "jsonb": json.dumps,
    "timestamp": serialize_naive,
    "time": serialize_naive,
    "vector": serialize_vector,
    "halfvec": serialize_vector,
}

_BY_TYPE: dict[type, Serializer] = {
    str: str,
    bool: serialize_bool,
    int: int.__repr__,  # without what a subclass, IntEnum say, makes of str()
    float: float.__repr__,
    Decimal: str,
    bytes: serialize_bytes,
    bytearray: serialize_bytes,
    memoryview: serialize_bytes,
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: serialize_timedelta,
    Interval: str,
    UUID: str,
    dict: json.dumps,
    **dict.fromkeys((IPv4Address, IPv4Interface, IPv4Network), str),
    **dict.fromkeys((IPv6Address, IPv6Interface, IPv6Network), str),
}


def serialize(value: object) -> str:
    """Serialize by the value's type alone.

    Raises:
        TypeError: there is no serializer for it.
    """
    if isinstance(value, Enum):
        return serialize(value.value)
    for kind in type(value).__mro__:
        if kind in _BY_TYPE:
            return _BY_TYPE[kind](value)
    raise TypeError(f"no serializer for {type(value).__qualname__}; see PGlite.serializers")

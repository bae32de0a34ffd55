"""Scalar values between PostgreSQL's text format and Python.

What Python cannot hold stays text: infinity, years outside 1 to 9999, 24:00. So does what is not
written in the default DateStyle and IntervalStyle: text that is read strictly is never misread.

Why our own: the types' own constructors do the work, and the drivers' converters were tried.
psycopg's are of the first quality and want libpq; pg8000's (1.31) lose the sign of '-00:00:01.5',
the era of '0044-03-15 00:00:00 BC' and the host part of '10.1.2.3/24'.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from enum import Enum
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pglite_native import _rows
from pglite_native.database import foreign_values
from pglite_native.engine import forking

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface

    from pglite_native.database.values import Interval

forking.import_before_fork("decimal", "ipaddress", "json", "uuid", "pglite_native.database.values")

# Text, which `re` compiles when it is used first: few are, and it takes longer than all else here.
_DATE = r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d{1,6}))?"
_ZONE = r"(?:(?P<sign>[+-])(?P<h>\d\d)(?::(?P<m>\d\d)(?::(?P<s>\d\d))?)?)?"
_TIMES = _TIME + _ZONE
_TIMESTAMPS = f"{_DATE} {_TIME}{_ZONE}"
_INTERVALS = (
    r"(?:(?P<years>[+-]?\d+) years? ?)?(?:(?P<months>[+-]?\d+) mons? ?)?"
    r"(?:(?P<days>[+-]?\d+) days? ?)?"
    r"(?:(?P<sign>[+-]?)(?P<hours>\d+):(?P<minutes>\d\d):(?P<seconds>\d\d)"
    r"(?:\.(?P<fraction>\d{1,6}))?)?"
)

_ESCAPE = r"\\(?:\\|([0-3][0-7]{2}))"  # of bytea_output = escape


def parse_bool(text: str) -> bool:
    return text == "t"


def parse_bytes(text: str) -> bytes:
    """In either form of bytea_output."""
    if text.startswith("\\x"):
        return bytes.fromhex(text[2:])
    return re.sub(_ESCAPE, _unescaped, text).encode("latin-1")


def _unescaped(found: re.Match[str]) -> str:
    code = found[1]
    return chr(int(code, 8)) if code else "\\"


def parse_date(text: str) -> date | str:
    found = re.fullmatch(_DATE, text)
    return date(*_integers(found, "year", "month", "day")) if found else text


def parse_time(text: str) -> time | str:
    found = re.fullmatch(_TIMES, text)
    if not found or found["hour"] == "24":
        return text
    return time(*_time_of_day(found), tzinfo=_zone(found))


def parse_timestamp(text: str) -> datetime | str:
    """With a time zone or without."""
    found = re.fullmatch(_TIMESTAMPS, text)
    if not found:
        return text
    year, month, day = _integers(found, "year", "month", "day")
    return datetime(year, month, day, *_time_of_day(found), tzinfo=_zone(found))


def parse_interval(text: str) -> timedelta | Interval | str:
    found = re.fullmatch(_INTERVALS, text)
    if not found:
        return text
    years, months, days = _integers(found, "years", "months", "days")
    hours, minutes, seconds = _integers(found, "hours", "minutes", "seconds")
    microseconds = ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + _fraction(found)
    if found["sign"] == "-":
        microseconds = -microseconds
    if years or months:
        from pglite_native.database.values import Interval

        return Interval(years * 12 + months, days, microseconds)
    try:
        return timedelta(days=days, microseconds=microseconds)
    except OverflowError:
        return text


def parse_inet(text: str) -> IPv4Address | IPv6Address | IPv4Interface | IPv6Interface:
    from ipaddress import ip_address, ip_interface

    return ip_interface(text) if "/" in text else ip_address(text)


def parse_integers(text: str) -> list[int]:
    """int2vector and oidvector."""
    return [int(word) for word in text.split()]


def parse_vector(text: str) -> list[float]:
    return [float(number) for number in text[1:-1].split(",") if number]


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
Serializer = Callable[[Any], str | None]

# The scalar types that are not text to Python, by their names in pg_type.
_PARSERS: dict[str, Parser] = {
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
    "date": parse_date,
    "time": parse_time,
    "timetz": parse_time,
    "timestamp": parse_timestamp,
    "timestamptz": parse_timestamp,
    "interval": parse_interval,
    "inet": parse_inet,
    "int2vector": parse_integers,
    "oidvector": parse_integers,
    "vector": parse_vector,
    "halfvec": parse_vector,
}

# And where those are whose modules are imported when a value first comes.
_LATER = {
    "numeric": ("decimal", "Decimal"),
    "uuid": ("uuid", "UUID"),
    "cidr": ("ipaddress", "ip_network"),
    **dict.fromkeys(("json", "jsonb"), ("json", "loads")),
}

# The same for whole results: what _rows does itself, and of the others, what is tried first. An
# ISO 8601 constructor is faster than we are, and refuses what is not in the default DateStyle.
_CONVERTERS: dict[str, _rows.Converter] = {
    **dict.fromkeys(("int2", "int4", "int8", "oid", "xid", "xid8", "cid"), _rows.INTEGER),
    **dict.fromkeys(("float4", "float8"), _rows.FLOAT),
    **dict.fromkeys(("timestamp", "timestamptz"), (datetime.fromisoformat, parse_timestamp)),
    "date": (date.fromisoformat, parse_date),
    "bool": _rows.BOOLEAN,
    "bytea": _rows.BYTES,
}


@cache
def parser(name: str) -> Parser:
    """Return the parser of a scalar type, by its name in pg_type."""
    if name not in _LATER:
        return _PARSERS.get(name, str)
    module, attribute = _LATER[name]
    found: Parser = getattr(import_module(module), attribute)
    return found


@cache
def converter(name: str) -> _rows.Converter:
    """Return the same as _rows wants it."""
    if name in _CONVERTERS:
        return _CONVERTERS[name]
    return (parser(name), None) if name in _PARSERS or name in _LATER else _rows.TEXT


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
    from pglite_native.database.values import Interval

    return str(Interval(0, value.days, value.seconds * 1_000_000 + value.microseconds))


def serialize_naive(value: object) -> str:
    """For types without a time zone, whose input function would leave one out without a word."""
    if isinstance(value, datetime | time):
        if value.tzinfo is not None:
            raise ValueError(
                f"{value!r} has a time zone, and the parameter's type has none: timestamptz has,"
                " and value.replace(tzinfo=None) has not"
            )
        return value.isoformat()
    return serialize(value)


def serialize_json(value: object) -> str:
    import json

    try:
        return json.dumps(value, default=_jsonable, allow_nan=False)
    except ValueError as error:
        if "Out of range" not in str(error):
            raise
        raise ValueError("JSON has neither NaN nor infinity: None is its null") from None


def _jsonable(value: object) -> object:
    plain = foreign_values.plain(value) if foreign_values.is_foreign(value) else value
    if plain is not value:
        return plain
    raise TypeError(
        f"JSON has no {type(value).__qualname__}: json.dumps(..., default=str) writes it as text,"
        " and a function in `serializers` does so for all"
    )


def serialize_bytea(value: object) -> str:
    """Not of what other types are written as, which bytea's input function would take for text."""
    if isinstance(value, bytes | bytearray | memoryview):
        return serialize_bytes(value)
    raise TypeError(f"bytea takes bytes, or a str to be read, and not {type(value).__qualname__}")


def serialize_text(value: object) -> str:
    """Not of NaN, by which pandas means that there is no text."""
    if isinstance(value, float) and value != value:
        raise ValueError(
            "NaN for a parameter of text: where it is a missing value of pandas', None is NULL;"
            " 'NaN' is the text"
        )
    return serialize(value)


def serialize_vector(value: object) -> str:
    if isinstance(value, list | tuple):
        return "[" + ",".join(str(float(number)) for number in value) + "]"
    return serialize(value)


def serialize_point(value: object) -> str:
    if not isinstance(value, tuple):
        return serialize(value)
    if len(value) != 2:
        raise TypeError(f"a point is a tuple of two numbers, and not of {len(value)}")
    return f"({float(value[0])!r},{float(value[1])!r})"


# Where the server's type says more than the value's.
SERIALIZERS: dict[str, Serializer] = {
    "json": serialize_json,
    "jsonb": serialize_json,
    "timestamp": serialize_naive,
    "time": serialize_naive,
    "bytea": serialize_bytea,
    **dict.fromkeys(("text", "varchar", "bpchar", "name", "citext"), serialize_text),
    "vector": serialize_vector,
    "halfvec": serialize_vector,
    "point": serialize_point,
}

_BY_TYPE: dict[type, Callable[[Any], str]] = {
    str: str,
    bool: serialize_bool,
    int: int.__repr__,  # without what a subclass, IntEnum say, makes of str()
    float: float.__repr__,
    bytes: serialize_bytes,
    bytearray: serialize_bytes,
    memoryview: serialize_bytes,
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: serialize_timedelta,
    dict: serialize_json,
}

# Types whose modules need not have been imported: then there are no values of theirs either.
_BY_NAME: dict[tuple[str, str], Callable[[Any], str]] = {
    ("decimal", "Decimal"): str,
    ("uuid", "UUID"): str,
    ("pglite_native.database.values", "Interval"): str,
    **{
        ("ipaddress", f"IPv{version}{what}"): str
        for version in (4, 6)
        for what in ("Address", "Interface", "Network")
    },
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
        if (kind.__module__, kind.__name__) in _BY_NAME:
            return _BY_NAME[kind.__module__, kind.__name__](value)
    raise TypeError(
        f"no serializer for {type(value).__qualname__}: give its text, or add a function for it to"
        " `serializers`"
    )

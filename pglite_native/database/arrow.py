"""Which type of Arrow's a column becomes, and in which format its values are asked for."""

from __future__ import annotations

from collections.abc import Iterable

from pglite_native import _arrow
from pglite_native._arrow import ArrowTable
from pglite_native.database.results import keys
from pglite_native.protocol import wire

__all__ = ["ArrowTable", "described", "formats"]

# By OIDs, which are fixed: pg_type.dat. All others are text, as PostgreSQL writes them.
_KINDS = {
    16: _arrow.BOOLEAN,
    17: _arrow.BINARY,
    20: _arrow.INT64,
    21: _arrow.INT16,
    23: _arrow.INT32,
    26: _arrow.UINT32,
    700: _arrow.FLOAT32,
    701: _arrow.FLOAT64,
    1082: _arrow.DATE,
    1083: _arrow.TIME,
    1114: _arrow.TIMESTAMP,
    1184: _arrow.TIMESTAMPTZ,
}

_NUMERIC = 1700
_PRECISION_MAX = 38
"""Decimal digits of Arrow's decimal128."""

Described = tuple[str, int, int, int]
"""A column as _arrow wants it: name, kind, and of a decimal, precision and scale."""


def described(columns: Iterable[wire.Column]) -> tuple[Described, ...]:
    """The second of a name is numbered, as in rows: data frames want each name once."""
    found = tuple(columns)
    names = keys([column.name for column in found])
    return tuple(map(_described, names, found))


def formats(columns: Iterable[Described]) -> bytes:
    """Return the end of Bind: everything but text in binary format."""
    return wire.result_formats([int(kind != _arrow.TEXT) for _, kind, _, _ in columns])


def _described(name: str, column: wire.Column) -> Described:
    if column.type != _NUMERIC:
        return name, _KINDS.get(column.type, _arrow.TEXT), 0, 0
    precision, scale = _numeric(column.modifier)
    if 0 < precision <= _PRECISION_MAX and 0 <= scale <= precision:
        return name, _arrow.DECIMAL, precision, scale
    return name, _arrow.TEXT, 0, 0


def _numeric(modifier: int) -> tuple[int, int]:
    """Return precision and scale of a numeric type; 0, 0 where it has none.

    Reference: make_numeric_typmod in PostgreSQL's src/backend/utils/adt/numeric.c.
    """
    if modifier < 4:
        return 0, 0
    packed = modifier - 4
    return packed >> 16 & 0xFFFF, ((packed & 0x7FF) ^ 1024) - 1024

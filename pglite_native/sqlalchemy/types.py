"""How SQLAlchemy's types become parameters and come out of results: what differs from its own.

Parameters are cast to their types in the SQL (`render_bind_cast`), so that PostgreSQL knows them
where it could not find them out. Values are converted by the driver as far as it can.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import types as sqltypes
from sqlalchemy.dialects.postgresql import INTERVAL, JSON, JSONB, ranges
from sqlalchemy.dialects.postgresql.array import ARRAY
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.postgresql.json import JSONPathType
from sqlalchemy.engine import processors

from pglite_native.database import values

_FLOAT_OIDS = (700, 701)

Processor = Callable[[Any], Any]


class _String(sqltypes.String):
    render_bind_cast = True


class _Number:
    """The driver returns float for floating point numbers, and Decimal for numeric ones."""

    render_bind_cast = True
    asdecimal: bool
    _effective_decimal_return_scale: int

    def bind_processor(self, dialect: Any) -> None:
        return None

    def result_processor(self, dialect: Any, coltype: Any) -> Processor | None:
        if not self.asdecimal:
            return None if coltype in _FLOAT_OIDS else processors.to_float
        if coltype in _FLOAT_OIDS:
            return processors.to_decimal_processor_factory(
                decimal.Decimal, self._effective_decimal_return_scale
            )
        return None


class _Numeric(_Number, sqltypes.Numeric[Any]):
    pass


class _Float(_Number, sqltypes.Float[Any]):
    pass


class _Integer(sqltypes.Integer):
    render_bind_cast = True


class _SmallInteger(sqltypes.SmallInteger):
    render_bind_cast = True


class _BigInteger(sqltypes.BigInteger):
    render_bind_cast = True


class _Boolean(sqltypes.Boolean):
    render_bind_cast = True


class _DateTime(sqltypes.DateTime):
    render_bind_cast = True


class _Date(sqltypes.Date):
    render_bind_cast = True


class _Time(sqltypes.Time):
    render_bind_cast = True


class _Interval(INTERVAL):
    render_bind_cast = True

    @classmethod
    def adapt_emulated_to_native(  # type: ignore[override]  # so are SQLAlchemy's own
        cls, interval: sqltypes.Interval, **options: Any
    ) -> _Interval:
        return _Interval(precision=interval.second_precision)


class _Parsed:
    """The driver parses it, which SQLAlchemy 2.1 knows by the dialect, and 2.0 does not."""

    render_bind_cast = True

    def result_processor(self, dialect: Any, coltype: Any) -> None:
        return None


class _JSON(_Parsed, JSON):
    pass


class _JSONB(_Parsed, JSONB):
    pass


class _JSONIndexType(sqltypes.JSON.JSONIndexType):
    pass


class _JSONIntIndexType(sqltypes.JSON.JSONIntIndexType):
    __visit_name__ = "json_int_index"
    render_bind_cast = True


class _JSONStrIndexType(sqltypes.JSON.JSONStrIndexType):
    __visit_name__ = "json_str_index"
    render_bind_cast = True


class _ARRAY(ARRAY[Any]):
    render_bind_cast = True


def _to_driver(value: Any) -> Any:
    if isinstance(value, ranges.Range):
        return values.Range(value.lower, value.upper, value.bounds, value.empty)
    return value


def _from_driver(value: values.Range) -> ranges.Range[Any]:
    bounds: Any = value.bounds
    return ranges.Range(value.lower, value.upper, bounds=bounds, empty=value.empty)


class _Range(ranges.AbstractSingleRangeImpl[Any]):
    def bind_processor(self, dialect: Any) -> Processor:
        return _to_driver

    def result_processor(self, dialect: Any, coltype: Any) -> Processor:
        return lambda value: None if value is None else _from_driver(value)


class _MultiRange(ranges.AbstractMultiRangeImpl[Any]):
    def bind_processor(self, dialect: Any) -> Processor:
        def process(value: str | Iterable[Any] | None) -> Any:
            if value is None or isinstance(value, str):
                return value
            return [_to_driver(part) for part in value]

        return process

    def result_processor(self, dialect: Any, coltype: Any) -> Processor:
        def process(value: list[values.Range] | None) -> Any:
            return None if value is None else ranges.MultiRange(map(_from_driver, value))

        return process


COLSPECS: dict[Any, Any] = {
    **PGDialect.colspecs,
    sqltypes.String: _String,
    sqltypes.Numeric: _Numeric,
    sqltypes.Float: _Float,
    sqltypes.Integer: _Integer,
    sqltypes.SmallInteger: _SmallInteger,
    sqltypes.BigInteger: _BigInteger,
    sqltypes.Boolean: _Boolean,
    sqltypes.DateTime: _DateTime,
    sqltypes.Date: _Date,
    sqltypes.Time: _Time,
    sqltypes.Interval: _Interval,
    INTERVAL: _Interval,
    sqltypes.JSON: _JSON,
    JSONB: _JSONB,
    sqltypes.JSON.JSONPathType: JSONPathType,
    sqltypes.JSON.JSONIndexType: _JSONIndexType,
    sqltypes.JSON.JSONIntIndexType: _JSONIntIndexType,
    sqltypes.JSON.JSONStrIndexType: _JSONStrIndexType,
    sqltypes.ARRAY: _ARRAY,
    ranges.AbstractSingleRange: _Range,
    ranges.AbstractMultiRange: _MultiRange,
}

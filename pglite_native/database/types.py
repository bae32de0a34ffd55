"""Which converter a value goes through: by what PostgreSQL's catalogs say of its type.

The commonest types are known from the start. Others, the user's own above all, are looked up in
pg_type when a value of one is first met; from then on arrays, ranges, multiranges and domains of
them are converted like those of any type.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pglite_native import _rows
from pglite_native.database import container_converters, foreign_values, scalar_converters
from pglite_native.database.scalar_converters import Parser, Serializer

if TYPE_CHECKING:
    from pglite_native.database.values import Range


class Type(NamedTuple):
    """A type as far as its text format depends on it; `of` is the OID of what it is made of."""

    name: str
    kind: Literal["scalar", "array", "range", "multirange", "domain", "composite"] = "scalar"
    of: int = 0
    delimiter: str = ","


_UNKNOWN = Type("")

# Their OIDs and those of their arrays are fixed: pg_type.dat.
_KNOWN = {
    "bool": (16, 1000),
    "bytea": (17, 1001),
    "char": (18, 1002),
    "name": (19, 1003),
    "int8": (20, 1016),
    "int2": (21, 1005),
    "int2vector": (22, 1006),
    "int4": (23, 1007),
    "text": (25, 1009),
    "oid": (26, 1028),
    "oidvector": (30, 1013),
    "json": (114, 199),
    "cidr": (650, 651),
    "float4": (700, 1021),
    "float8": (701, 1022),
    "inet": (869, 1041),
    "bpchar": (1042, 1014),
    "varchar": (1043, 1015),
    "date": (1082, 1182),
    "time": (1083, 1183),
    "timestamp": (1114, 1115),
    "timestamptz": (1184, 1185),
    "interval": (1186, 1187),
    "timetz": (1266, 1270),
    "numeric": (1700, 1231),
    "record": (2249, 2287),
    "void": (2278, 0),
    "uuid": (2950, 2951),
    "jsonb": (3802, 3807),
}

LOOKUP = """
select t.oid, t.typname, t.typtype, t.typbasetype, e.oid, e.typdelim, r.rngsubtype, m.rngtypid
from pg_catalog.pg_type t
left join pg_catalog.pg_type e on e.typarray operator(pg_catalog.=) t.oid
left join pg_catalog.pg_range r on r.rngtypid operator(pg_catalog.=) t.oid
left join pg_catalog.pg_range m on m.rngmultitypid operator(pg_catalog.=) t.oid"""


FLOAT8 = 701
"""The OID of the type whose text depends on a setting, extra_float_digits."""


class Types:
    """A database's types, and the user's own converters, which come before ours."""

    def __init__(
        self,
        parsers: Mapping[int, Parser] | None = None,
        serializers: Mapping[int | type, Serializer] | None = None,
        texts: Collection[str] = (),
    ) -> None:
        self.texts = texts
        """Types by their names, whose values stay text."""
        self.parsers = dict(parsers or {})
        self.serializers = dict(serializers or {})
        self._types = _BUILT_IN  # replaced as a whole by learn(), never changed

    def know(self, oids: Iterable[int]) -> bool:
        return all(map(self._types.__contains__, oids))

    def learn(self, rows: Iterable[Sequence[str | None]]) -> None:
        """Take in what LOOKUP found."""
        self._types = dict(map(_type, rows))

    def with_converters(
        self,
        parsers: Mapping[int, Parser] | None,
        serializers: Mapping[int | type, Serializer] | None,
    ) -> Types:
        """Return the same types, with further converters, if any, before those there are."""
        return self.copy(parsers, serializers) if parsers or serializers else self

    def copy(
        self,
        parsers: Mapping[int, Parser] | None = None,
        serializers: Mapping[int | type, Serializer] | None = None,
    ) -> Types:
        """Return the same types with converters of their own."""
        types = Types(
            {**self.parsers, **(parsers or {})},
            {**self.serializers, **(serializers or {})},
            self.texts,
        )
        return types.like(self)

    def like(self, other: Types) -> Types:
        """Return the types that another one knows with the converters of this."""
        types = Types.__new__(Types)
        types.parsers, types.serializers, types.texts = self.parsers, self.serializers, self.texts
        types._types = other._types
        return types

    def parser(self, oid: int) -> Parser:
        """Return the parser for a type's text."""
        if oid in self.parsers:
            return self.parsers[oid]
        match self._types.get(oid):
            case Type(_, "array", of, delimiter):
                return partial(_parse_array, self.parser(of), delimiter)
            case Type(_, "range", of):
                return partial(_parse_range, self.parser(of))
            case Type(_, "multirange", of) if of in self._types and of not in self.parsers:
                return partial(_parse_multirange, self.parser(self._types[of].of))
            case Type(_, "domain", of):
                return self.parser(of)
            case Type(name) if name not in self.texts:
                return scalar_converters.parser(name)
        return str

    def converter(self, oid: int) -> _rows.Converter:
        """Return the same as _rows wants it, which knows some types itself."""
        if oid in self.parsers:
            return self.parsers[oid], None
        known = self._types.get(oid, _UNKNOWN)
        if known.kind == "scalar":
            name = known.name
            return _rows.TEXT if name in self.texts else scalar_converters.converter(name)
        if known.kind == "domain":
            return self.converter(known.of)
        return self.parser(oid), None

    def binary_converter(self, oid: int, exact: bool) -> _rows.Converter | None:
        """Return how values in binary format are converted, where that is as good as text.

        `exact`: extra_float_digits keeps nothing of a value from its text.
        """
        known = self._types.get(oid, _UNKNOWN)
        if known.kind != "scalar" or (oid == FLOAT8 and not exact):
            return None
        return scalar_converters.BINARY_CONVERTERS.get(known.name)

    def serialize(self, oid: int, value: Any) -> str | None:
        """Write a value, not None, as text for a parameter of a type; None is NULL.

        Raises:
            TypeError: there is no serializer for it.
        """
        if oid in self.serializers:
            return self.serializers[oid](value)
        for kind in type(value).__mro__:
            if kind in self.serializers:
                return self.serializers[kind](value)
        if isinstance(value, Enum):
            return self.serialize(oid, value.value)
        if isinstance(value, str):  # of whatever type, it is the server who reads it
            return value
        if foreign_values.is_foreign(value):
            value = foreign_values.plain(value)
            if value is None:
                return None
        known = self._types.get(oid, _UNKNOWN)
        serialize = partial(self.serialize, known.of)
        match known.kind, value:
            case "array", list() | tuple():
                element = self._types.get(known.of, _UNKNOWN)
                nested = _nested(element)
                if element.name in _VECTORS:
                    value = [_with_vectors_as_text(item) for item in value]
                return container_converters.serialize_array(
                    value, serialize, known.delimiter, nested
                )
            case "composite", tuple():
                return container_converters.serialize_row(value, partial(self.serialize, 0))
            case "range", _ if container_converters.is_range(value):
                return container_converters.serialize_range(value, serialize)
            case "multirange", list() | tuple():
                return container_converters.serialize_multirange(value, serialize)
            case "domain", _:
                return serialize(value)
        if isinstance(value, _CONTAINERS) and not _takes(known.name, value):
            raise TypeError(_refusal(known, value))
        return scalar_converters.SERIALIZERS.get(known.name, scalar_converters.serialize)(value)


_CONTAINERS = (list, tuple, dict, set, frozenset, range)
_JSON = ("json", "jsonb")
_VECTORS = ("vector", "halfvec")
_POINT = "point"
_GEOMETRIC = (_POINT, "box", "circle", "line", "lseg", "path", "polygon")
_TEXTS = ("", "text", "varchar", "bpchar")  # where a dict is JSON's text


def _nested(element: Type) -> tuple[type, ...]:
    """The classes that make an array in an array, and are no values of the element's type."""
    return (list,) if element.kind == "composite" or element.name == _POINT else (list, tuple)


def _with_vectors_as_text(value: Any) -> Any:
    """A list of numbers is a vector, and one of others an array of them."""
    value = foreign_values.plain(value) if foreign_values.is_foreign(value) else value
    if not isinstance(value, list | tuple):
        return value
    if value and isinstance(value[0], float | int):
        return scalar_converters.serialize_vector(value)
    return [_with_vectors_as_text(item) for item in value]


def _takes(name: str, value: object) -> bool:
    """Whether a container is a value of a scalar type's, or at least JSON's concern."""
    of_lists = isinstance(value, list | tuple) and name in _VECTORS
    if name == _POINT and isinstance(value, tuple):
        return True
    return name in _JSON or of_lists or (isinstance(value, dict) and name in _TEXTS)


def _refusal(known: Type, value: object) -> str:
    """Why a container is no value for a parameter of a type, and what is one."""
    given = f"no serializer for {type(value).__qualname__}"
    if known.kind in ("range", "multirange"):
        many = "a list of Range" if known.kind == "multirange" else "Range(lower, upper)"
        return f"{given} as {known.name}: {many} of pglite_native is its value"
    if known.kind == "composite":
        return f"{given} as {known.name}: a tuple of its fields, in their order, is its value"
    if known.name == "record":
        return f"{given} as record: a cast says which composite type it is, as $1::address"
    if known.name in _GEOMETRIC:
        tuples = "a point is a tuple of two numbers; " if known.name == _POINT else ""
        return f"{given} as {known.name}: {tuples}a str is its text, as PostgreSQL writes it"
    if isinstance(value, list | tuple):
        return (
            f"{given}: the parameter is no array; `= any(...)` takes a list, and IN each value by"
            " itself"
        )
    if isinstance(value, set | frozenset | range):
        return f"{given}: give a list, list(value)"
    return f"{given} as {known.name}: it is JSON, which that type is not; a str is its text"


def _built_in() -> dict[int, Type]:
    types = {oid: Type(name) for name, (oid, _) in _KNOWN.items()}
    arrays = {array: Type("_" + name, "array", oid) for name, (oid, array) in _KNOWN.items()}
    arrays.pop(0)
    return {**types, **arrays}


_BUILT_IN = _built_in()


def _type(row: Sequence[str | None]) -> tuple[int, Type]:
    """Read a row of LOOKUP."""
    oid, name, kind, base, element, delimiter, subtype, range_type = (item or "" for item in row)
    if element:
        return int(oid), Type(name, "array", int(element), delimiter)
    if subtype:
        return int(oid), Type(name, "range", int(subtype))
    if range_type:
        return int(oid), Type(name, "multirange", int(range_type))
    if kind == "d":
        return int(oid), Type(name, "domain", int(base))
    if kind == "c":
        return int(oid), Type(name, "composite")
    return int(oid), Type(name)


def _parse_array(parse: Parser, delimiter: str, text: str) -> list[Any]:
    return container_converters.parse_array(text, parse, delimiter)


def _parse_range(parse: Parser, text: str) -> Range:
    return container_converters.parse_range(text, parse)


def _parse_multirange(parse: Parser, text: str) -> list[Range]:
    return container_converters.parse_multirange(text, parse)

"""Placeholders of PEP 249's paramstyles into PostgreSQL's own, which are $1, $2 and so on.

What stands in quotes and comments is left as it is, so a percent sign there is one. Elsewhere it is
written twice. SQL is read as scan.l does with standard_conforming_strings on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple, cast

from pglite_native.dbapi.exceptions import ProgrammingError
from pglite_native.error_advice import PGLITE, Interface, foreign_placeholder

Paramstyle = Literal["format", "pyformat", "numeric_dollar"]

Parameters = Sequence[Any] | Mapping[str, Any]

_SEVERAL = "execute() runs several statements only where there are no parameters"
_FORMAT = Interface(
    placeholders="placeholders are %s, or %(name)s with a mapping",
    placeholder="%s",
    several=_SEVERAL,
    parameters="execute(operation, parameters) takes parameters, %s in the SQL",
)
INTERFACES: dict[Paramstyle, Interface] = {
    "format": _FORMAT,
    "pyformat": _FORMAT,
    "numeric_dollar": PGLITE._replace(
        several=_SEVERAL, parameters="execute(operation, parameters) takes parameters"
    ),
}
"""How errors have parameters, by the connection's paramstyle."""

CACHED_MAX = 512
"""Statements whose placeholders are kept in mind."""

# An opaque part, a placeholder, or what ends a statement.
_TOKENS = re.compile(
    r"""(?<![\w$])[eE]'(?:[^'\\]|\\.|'')*'
    | '[^']*'
    | "[^"]*"
    | (?<![\w$])\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$
    | --[^\n]*
    | (?P<comment>/\*)
    | (?P<percent>%(?:\((?P<name>[^)]*)\))?.?)
    | (?P<semicolon>;)""",
    re.VERBOSE | re.DOTALL,
)
_COMMENTS = re.compile(r"/\*|\*/")  # they nest
_COPIES_OUT = re.compile(r"\bto\s+stdout\b", re.IGNORECASE)


class Converted(NamedTuple):
    """A statement with $1, $2, ... in it: for parameters by name, their names in that order."""

    sql: str
    placeholders: int
    names: tuple[str, ...]


def convert(sql: str, parameters: Parameters, style: Paramstyle) -> tuple[str, Sequence[Any]]:
    """Return SQL and values as PostgreSQL takes them.

    Raises:
        ProgrammingError: the placeholders are not those of the style, or the parameters others.
    """
    if isinstance(parameters, Mapping):
        named = _converted(sql, True)
        return named.sql, _named(named, parameters)
    _check_sequence(parameters)
    if style == "numeric_dollar":
        return sql, parameters
    found = _converted(sql, False)
    _check_count(sql, found, len(parameters))
    return found.sql, parameters


def convert_many(
    sql: str, sets: Sequence[Parameters], style: Paramstyle
) -> tuple[str, Sequence[Sequence[Any]]]:
    """Do the same for many sets of parameters."""
    if style == "numeric_dollar" or isinstance(sets[0], Mapping):
        converted, _ = convert(sql, sets[0], style)
        return converted, [convert(sql, parameters, style)[1] for parameters in sets]
    found = _converted(sql, False)
    for parameters in sets:
        if not isinstance(parameters, tuple | list):
            _check_sequence(parameters)
        _check_count(sql, found, len(parameters))
    return found.sql, cast(Sequence[Sequence[Any]], sets)


@lru_cache(CACHED_MAX)
def is_script(sql: str) -> bool:
    """Whether there may be more than one statement: a semicolon, and then more."""
    ended = False
    for text, token, kind, _ in _parts(sql):
        if ended and (text.strip() or kind == "percent" or token[:1] in ("'", '"', "$")):
            return True
        ended = ended or kind == "semicolon"
    return False


@lru_cache(CACHED_MAX)
def copies_out(sql: str) -> bool:
    """Whether a COPY is one to its client."""
    return any(_COPIES_OUT.search(part.text) for part in _parts(sql))


def _named(found: Converted, parameters: Mapping[str, Any]) -> list[Any]:
    try:
        return [parameters[name] for name in found.names]
    except KeyError as missing:
        raise ProgrammingError(f"there is no parameter {missing} for its placeholder") from None


def _check_sequence(parameters: object) -> None:
    if not isinstance(parameters, Sequence) or isinstance(parameters, str | bytes):
        raise ProgrammingError(
            f"parameters must be a sequence or a mapping, and not {type(parameters).__qualname__}"
        )


def _check_count(sql: str, found: Converted, count: int) -> None:
    if found.placeholders == count:
        return
    advice = _FORMAT.placeholders
    if not found.placeholders:
        plain = " ".join(part.text for part in _parts(sql))
        other = foreign_placeholder(plain)
        advice += f", and not {other}" if other else ", and outside of quotation marks"
    raise ProgrammingError(
        f"the statement has {found.placeholders} placeholders, and there are {count} parameters:"
        f" {advice}"
    )


@lru_cache(CACHED_MAX)
def _converted(sql: str, by_name: bool) -> Converted:
    pieces: list[str] = []
    names: dict[str, int] = {}
    count = 0
    for text, token, kind, name in _parts(sql):
        pieces.append(text)
        if kind != "percent":
            pieces.append(token)
        elif token == "%%":
            pieces.append("%")
        elif not token.endswith("s") or (name is None) == by_name:
            wanted = "%(name)s" if by_name else "%s"
            raise ProgrammingError(
                f"{token!r} is no placeholder here: it must be {wanted}, and a percent sign outside"
                " of quotes is written %%"
            )
        elif name is not None:
            pieces.append(f"${names.setdefault(name, len(names) + 1)}")
        else:
            count += 1
            pieces.append(f"${count}")
    return Converted("".join(pieces), count, tuple(names))


class _Part(NamedTuple):
    """Common SQL, and the token behind it."""

    text: str
    token: str
    kind: str
    name: str | None = None


def _parts(sql: str) -> Iterator[_Part]:
    start = 0
    while found := _TOKENS.search(sql, start):
        end = _comment_end(sql, found.end()) if found["comment"] else found.end()
        yield _Part(
            sql[start : found.start()],
            sql[found.start() : end],
            _kind(found),
            found["name"],
        )
        start = end
    yield _Part(sql[start:], "", "end")


def _kind(found: re.Match[str]) -> str:
    return next((kind for kind in ("percent", "semicolon") if found[kind]), "opaque")


def _comment_end(sql: str, position: int) -> int:
    depth = 1
    while depth and (found := _COMMENTS.search(sql, position)):
        depth += 1 if found[0] == "/*" else -1
        position = found.end()
    return position if depth == 0 else len(sql)

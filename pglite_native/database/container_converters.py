"""The text format of arrays, ranges, multiranges and rows.

Reference: PostgreSQL documentation, "Array Input and Output Syntax", "Range Input/Output",
"Composite Type Input and Output Syntax";
arrayfuncs.c: array_out, rangetypes.c: range_parse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pglite_native.engine import forking

if TYPE_CHECKING:
    from pglite_native.database.values import Range

forking.import_before_fork("pglite_native.database.values")

# A quoted string, a brace, a delimiter, or what is left: an element without quotes.
_ARRAY_TOKENS = r'(?s)"((?:[^"\\]|\\.)*)"|([{}])|([,;])|([^{},;"]+)'
_ESCAPE = r"(?s)\\(.)"
_TO_ESCAPE = r'(["\\])'
_BOUND = r'(?:"((?:[^"\\]|\\.|"")*)"|([^",\[\]()]*))'
_RANGES = rf"(?s)([\[(]){_BOUND},{_BOUND}([\])])"
_RANGE_ESCAPE = r'(?s)\\(.)|"(")'


def parse_array(text: str, parse: Callable[[str], Any], delimiter: str = ",") -> list[Any]:
    """Nested lists; lower bounds other than 1 are left out, as Python has none."""
    if text.startswith("["):
        text = text.partition("=")[2]
    found: list[Any] = []
    open_lists = [found]
    for quoted, brace, separator, bare in _tokens(text, delimiter):
        if brace == "{":
            inner: list[Any] = []
            open_lists[-1].append(inner)
            open_lists.append(inner)
        elif brace:
            open_lists.pop()
        elif bare is not None:
            open_lists[-1].append(None if bare == "NULL" else parse(bare))
        elif not separator:
            open_lists[-1].append(parse(re.sub(_ESCAPE, r"\1", quoted or "")))
    (array,) = found
    assert isinstance(array, list)
    return array


def _tokens(
    text: str, delimiter: str
) -> Iterator[tuple[str | None, str | None, str | None, str | None]]:
    """Yield (quoted, brace, separator, bare), one of them each."""
    pending = ""  # a bare element may hold the delimiter of other types: box has "(1,1),(0,0);..."
    for token in re.finditer(_ARRAY_TOKENS, text):
        quoted, brace, separator, bare = token.groups()
        if bare is not None or (separator and separator != delimiter):
            pending += token[0]
            continue
        if pending:
            yield None, None, None, pending
            pending = ""
        yield quoted, brace, separator, None


Serialize = Callable[[Any], str | None]
"""What writes an element or a bound; None is NULL."""


def serialize_array(
    values: Iterable[Any],
    serialize: Serialize,
    delimiter: str = ",",
    nested: tuple[type, ...] = (list, tuple),
) -> str:
    """Write lists, and those `nested` in them, as an array; None is NULL."""
    items = (_item(value, serialize, delimiter, nested) for value in values)
    return "{" + delimiter.join(items) + "}"


def _item(value: Any, serialize: Serialize, delimiter: str, nested: tuple[type, ...]) -> str:
    if issubclass(type(value), nested):
        return serialize_array(value, serialize, delimiter, nested)
    text = None if value is None else serialize(value)
    return "NULL" if text is None else _quoted(text)


def _quoted(text: str) -> str:
    return '"' + re.sub(_TO_ESCAPE, r"\\\1", text) + '"'


def serialize_row(fields: Iterable[Any], serialize: Serialize) -> str:
    """Write the fields of a composite type in their order; None is NULL.

    Their types are not known here: a tuple is a row, a list an array, and others are written by
    their classes.
    """
    return "(" + ",".join(_field(field, serialize) for field in fields) + ")"


def _field(value: Any, serialize: Serialize) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return _quoted(serialize_row(value, serialize))
    if isinstance(value, list):
        return _quoted(serialize_array(value, serialize))
    text = serialize(value)
    return "" if text is None else _quoted(text)


def parse_range(text: str, parse: Callable[[str], Any]) -> Range:
    from pglite_native.database.values import Range

    found = re.fullmatch(_RANGES, text)
    return _range(found, parse) if found else Range(empty=True)  # the one other form is 'empty'


def parse_multirange(text: str, parse: Callable[[str], Any]) -> list[Range]:
    return [_range(found, parse) for found in re.finditer(_RANGES, text)]


def _range(found: re.Match[str], parse: Callable[[str], Any]) -> Range:
    from pglite_native.database.values import Range

    opening, quoted_lower, lower, quoted_upper, upper, closing = found.groups()
    return Range(
        _bound(quoted_lower, lower, parse), _bound(quoted_upper, upper, parse), opening + closing
    )


def _bound(quoted: str | None, bare: str | None, parse: Callable[[str], Any]) -> Any:
    if quoted is not None:
        return parse(re.sub(_RANGE_ESCAPE, r"\1\2", quoted))
    return parse(bare) if bare else None


def is_range(value: object) -> bool:
    from pglite_native.database.values import Range

    return isinstance(value, Range)


def serialize_range(value: Range, serialize: Serialize) -> str:
    if value.empty:
        return "empty"
    texts = (None if bound is None else serialize(bound) for bound in (value.lower, value.upper))
    lower, upper = ("" if text is None else _quoted(text) for text in texts)
    return f"{value.bounds[0]}{lower},{upper}{value.bounds[1]}"


def serialize_multirange(values: Iterable[Any], serialize: Serialize) -> str:
    return "{" + ",".join(serialize(value) or "" for value in values) + "}"

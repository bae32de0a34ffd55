"""The formats that results can be printed in. Each turns a result into lines as its rows come."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from pglite_native.cli.table import expanded, layout
from pglite_native.display_width import width
from pglite_native.protocol.wire import Column

Row = Sequence[str | None]

# pg_type.dat: what JSON has the same text for, but for the floating point values that are no number
# (NaN, Infinity), which become strings as in PostgreSQL's to_json.
INTEGERS = frozenset((20, 21, 23, 26))
NUMBERS = frozenset((700, 701, 1700))
BOOLEAN = 16
DOCUMENTS = frozenset((114, 3802))

CSV_QUOTED = frozenset(',"\r\n')


class Format(Protocol):
    """One format; its methods yield lines without their ends.

    `says_more` is whether what is not a result is printed as well: tags of statements, a line
    between results. Without it the output is for programs.
    """

    says_more: bool

    def begin(self, columns: Sequence[Column]) -> Iterator[str]:
        """The columns are known."""
        ...

    def row(self, row: Row) -> Iterator[str]:
        """One row has come; None is NULL."""
        ...

    def end(self) -> Iterator[str]:
        """All have come."""
        ...


class Table:
    """As psql lays it out: all rows are wanted before the first can be printed.

    `screen` is how many columns the terminal has: a table that is wider is printed expanded, with
    values that are too long for it in several lines. None: there is no terminal, and a table is a
    table, unless `is_expanded`, and nothing is cut.
    """

    says_more = True

    def __init__(self, null: str, screen: int | None, *, is_expanded: bool = False) -> None:
        self._null = null
        self._screen = screen
        self._is_expanded = is_expanded
        self._columns: Sequence[Column] = []
        self._rows: list[list[str]] = []

    def begin(self, columns: Sequence[Column]) -> Iterator[str]:
        self._columns, self._rows = columns, []
        yield from ()

    def row(self, row: Row) -> Iterator[str]:
        self._rows.append([self._null if value is None else value for value in row])
        yield from ()

    def end(self) -> Iterator[str]:
        columns, rows = self._columns, self._rows
        self._columns, self._rows = [], []
        if self._is_expanded:
            yield from expanded(columns, rows, self._screen)
            return
        lines = list(layout(columns, rows))
        if self._screen is not None and max(map(width, lines)) > self._screen and rows:
            yield from expanded(columns, rows, self._screen)
        else:
            yield from lines


class Csv:
    """As `psql --csv`: quoted where it must be."""

    says_more = False

    def __init__(self, null: str) -> None:
        self._null = null
        self._header: list[str] = []  # until the first row

    def begin(self, columns: Sequence[Column]) -> Iterator[str]:
        self._header = [",".join(_csv(column.name) for column in columns)]
        yield from ()

    def row(self, row: Row) -> Iterator[str]:
        yield from self._take_header()
        if row:
            yield ",".join(_csv(self._null if value is None else value) for value in row)

    def end(self) -> Iterator[str]:
        yield from self._take_header()

    def _take_header(self) -> list[str]:
        header, self._header = self._header, []
        return header


class Json:
    """An array for each result, with an object for each row, on a line of its own.

    `is_ascii` is for outputs that cannot print every character.
    """

    says_more = False

    def __init__(self, is_ascii: bool) -> None:
        self._is_ascii = is_ascii
        self._names: list[str] = []
        self._converters: list[Callable[[str], str]] = []
        self._is_first = True

    def begin(self, columns: Sequence[Column]) -> Iterator[str]:
        names = [column.name for column in columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                f"JSON objects cannot have two columns of one name ({', '.join(twice)}): "
                "name them apart by AS"
            )
        self._names = [self._line(json.dumps(name, ensure_ascii=False)) for name in names]
        self._converters = [_json_converter(column.type) for column in columns]
        self._is_first = True
        yield "["

    def row(self, row: Row) -> Iterator[str]:
        pairs = (
            f"{name}: {'null' if value is None else self._line(convert(value))}"
            for name, convert, value in zip(self._names, self._converters, row, strict=True)
        )
        yield f"{' ' if self._is_first else ','} {{{', '.join(pairs)}}}"
        self._is_first = False

    def end(self) -> Iterator[str]:
        yield "]"

    def _line(self, text: str) -> str:
        """Other than ASCII can only stand in JSON's strings, where it may be escaped."""
        if not self._is_ascii or text.isascii():
            return text
        return "".join(c if c.isascii() else json.dumps(c)[1:-1] for c in text)


def _csv(value: str) -> str:
    # psql quotes `\.` as well, which ends the data where COPY reads it.
    if CSV_QUOTED.isdisjoint(value) and value != "\\.":
        return value
    return '"' + value.replace('"', '""') + '"'


def _json_converter(type_oid: int) -> Callable[[str], str]:
    if type_oid in INTEGERS:
        return str
    if type_oid in NUMBERS:
        return lambda text: text if text[-1].isdigit() else json.dumps(text)
    if type_oid == BOOLEAN:
        return lambda text: "true" if text == "t" else "false"
    if type_oid in DOCUMENTS:
        return _one_line
    return lambda text: json.dumps(text, ensure_ascii=False)


def _one_line(document: str) -> str:
    """Line ends in a json value stand between its parts: in strings they are escaped."""
    return document.replace("\r", " ").replace("\n", " ")

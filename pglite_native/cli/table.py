"""Lay out a result as psql does ("aligned", border 1)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from pglite_native.display_width import width
from pglite_native.protocol.wire import Column

# pg_type.dat: int8 int2 int4 oid xid cid float4 float8 money numeric xid8, which psql aligns right.
NUMERIC_TYPES = frozenset((20, 21, 23, 26, 28, 29, 700, 701, 790, 1700, 5069))

TAB_COLUMNS = 8
MARKS = len(" | ") + 1  # what is around a name and a value, expanded
NARROW = 8  # columns that are left to values beside a long name

Cell = list[str]  # its lines, printable
Align = Callable[[str, int], str]


def layout(columns: Sequence[Column], rows: Sequence[Sequence[str | None]]) -> Iterator[str]:
    """Yield the lines of a table, without their ends: header, rule, rows, count of rows."""
    header = [printable(column.name) for column in columns]
    body = [[printable(value or "") for value in row] for row in rows]
    widths = [
        max(map(width, chain(name, *(row[index] for row in body))))
        for index, name in enumerate(header)
    ]
    if columns:
        yield from _lines(header, widths, [_centre] * len(columns), pad_last=True)
    yield "+".join("-" * (cell + 2) for cell in widths) or "--"
    aligns = [_right if column.type in NUMERIC_TYPES else _left for column in columns]
    for row in body if columns else []:
        yield from _lines(row, widths, aligns, pad_last=False)
    yield _count(rows)


def _count(rows: Sequence[object]) -> str:
    return f"({len(rows)} row{'s' if len(rows) != 1 else ''})"


def expanded(
    columns: Sequence[Column], rows: Sequence[Sequence[str | None]], screen: int | None = None
) -> Iterator[str]:
    """Yield the lines of a table as psql's `\\x` does: a line for each value of each row.

    What would be wider than the screen continues on the next line, as in psql's format "wrapped".

    Reference: psql, fe_utils/print.c: print_aligned_vertical.
    """
    if not rows or not columns:
        yield _count(rows)
        return
    header = [printable(column.name) for column in columns]
    body = [[printable(value or "") for value in row] for row in rows]
    name_width = max(map(width, chain(*header)), default=0)
    value_width = max(map(width, chain(*chain(*body))), default=0)
    if screen is not None:
        name_width = min(name_width, max(1, screen - MARKS - NARROW))
        value_width = min(value_width, max(1, screen - MARKS - name_width))
    names = [_wrapped(name, name_width) for name in header]
    cells = [[_wrapped(value, value_width) for value in row] for row in body]
    # Values that have several lines are set off from their marks: by the width that the last
    # record's title takes, if that is more.
    around = name_width + len(" | ") + any(len(cell) > 1 for cell in chain(*cells))
    rule_width = max(value_width, len(_title(len(rows))) - around)
    if screen is None:
        value_width = rule_width
    for number, row in enumerate(cells, 1):
        rule = "-" * (name_width + 1) + "+" + "-" * (rule_width + 1)
        yield (_title(number) + rule[len(_title(number)) :])[:screen]
        for name, value in zip(names, row, strict=True):
            yield from _pair(name, value, name_width, value_width)


def _title(record: int) -> str:
    return f"-[ RECORD {record} ]"


def _wrapped(cell: Cell, columns: int) -> list[tuple[str, str]]:
    """Lines of at most so many columns, each with its mark: "." the line continues, "+" the value
    does.
    """
    lines = []
    for number, line in enumerate(cell, 1):
        pieces = _pieces(line, columns)
        lines += [(piece, ".") for piece in pieces[:-1]]
        lines.append((pieces[-1], "+" if number < len(cell) else " "))
    return lines


def _pieces(line: str, columns: int) -> list[str]:
    if width(line) <= columns:
        return [line]
    pieces, piece, room = [], "", columns
    for character in line:
        taken = width(character)
        if taken > room and piece:
            pieces.append(piece)
            piece, room = "", columns
        piece += character
        room -= taken
    return [*pieces, piece]


def _pair(
    name: list[tuple[str, str]], value: list[tuple[str, str]], name_width: int, value_width: int
) -> Iterator[str]:
    lead = " "  # or the mark that the value's line continues the one before
    for number in range(max(len(name), len(value))):
        left, left_mark = name[number] if number < len(name) else ("", " ")
        right = ""
        if number < len(value):
            text, mark = value[number]
            right = lead + (text if mark == " " else _left(text, value_width) + mark)
            lead = "." if mark == "." else " "
        yield f"{_left(left, name_width)}{left_mark}|{right}"


def _lines(
    row: Sequence[Cell], widths: Sequence[int], aligns: Sequence[Align], pad_last: bool
) -> Iterator[str]:
    """Yield the lines of a row, as many as its tallest cell has; "+": a cell continues."""
    for number in range(max(map(len, row))):
        parts = []
        for cell, cell_width, align in zip(row, widths, aligns, strict=True):
            text = cell[number] if number < len(cell) else ""
            mark = "+" if number + 1 < len(cell) else " "
            parts.append(f" {align(text, cell_width)}{mark}")
        if not pad_last and mark == " ":
            parts[-1] = f" {text if align is _left or not text else align(text, cell_width)}"
        yield "|".join(parts)


def _left(text: str, cell: int) -> str:
    return text + " " * (cell - width(text))


def _right(text: str, cell: int) -> str:
    return " " * (cell - width(text)) + text


def _centre(text: str, cell: int) -> str:
    space = cell - width(text)
    return " " * (space // 2) + text + " " * (space - space // 2)


def printable(value: str) -> Cell:
    """Split into lines; spell out what would move the cursor, as psql does."""
    return [_printable_line(line) for line in value.split("\n")]


def _printable_line(line: str) -> str:
    if line.isascii() and line.isprintable():
        return line
    shown = ""
    for character in line:
        code = ord(character)
        if character == "\t":
            shown += " " * (TAB_COLUMNS - width(shown) % TAB_COLUMNS)
        elif character == "\r":
            shown += "\\r"
        elif unicodedata.category(character) == "Cc":
            shown += f"\\x{code:02X}" if code < 0x80 else f"\\u{code:04X}"
        else:
            shown += character
    return shown

"""Table: a result as a notebook shows it."""

from __future__ import annotations

from html import escape
from numbers import Number
from typing import Any

from pglite_native.database.results import Results

ROWS_MAX = 200
"""Rows that are shown; all are in the result."""

STYLE = "text-align: {}; white-space: pre-wrap"


class Table:
    """A result, as a table of HTML, or of text where that is wanted."""

    def __init__(self, results: Results[dict[str, Any]]) -> None:
        self.results = results

    def __repr__(self) -> str:
        if not self.results.fields:
            return self._summary()
        names = list(self.results.rows[0]) if self.results.rows else self._names()
        lines = [names, *([_text(value) for value in row.values()] for row in self._shown())]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        shown = [
            " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]
        rule = "-+-".join("-" * width for width in widths)
        return "\n".join([shown[0], rule, *shown[1:], self._summary()])

    def _repr_html_(self) -> str:
        summary = f"<small>{escape(self._summary())}</small>"
        if not self.results.fields:
            return summary
        head = "".join(f"<th>{escape(name)}</th>" for name in self._names())
        body = "".join(f"<tr>{''.join(map(_cell, row.values()))}</tr>" for row in self._shown())
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{summary}"

    def _names(self) -> list[str]:
        return [field.name for field in self.results.fields]

    def _shown(self) -> list[dict[str, Any]]:
        return self.results.rows[:ROWS_MAX]

    def _summary(self) -> str:
        if not self.results.fields:
            count = self.results.row_count
            return self.results.command + ("" if count is None else f" {count}")
        count = len(self.results)
        words = f"{count} row{'' if count == 1 else 's'}"
        return words if count <= ROWS_MAX else f"{words}, of which {ROWS_MAX} are shown"


def _text(value: object) -> str:
    return "NULL" if value is None else str(value)


def _cell(value: object) -> str:
    if value is None:
        return "<td><i>NULL</i></td>"
    is_number = isinstance(value, Number) and not isinstance(value, bool)
    style = STYLE.format("right" if is_number else "left")
    return f'<td style="{style}">{escape(str(value))}</td>'

"""Lay out an error or a notice as psql does when verbose, without the place in PostgreSQL's code.

Reference: libpq, fe-protocol3.c: pqBuildErrorMessage3, reportErrorPosition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pglite_native.cli.table import width

# Fields by their letter in the message, in libpq's order.
EXPLANATIONS = {"D": "DETAIL", "H": "HINT", "q": "QUERY"}
CONTEXT = {"W": "CONTEXT"}
OBJECTS = {
    "s": "SCHEMA NAME",
    "t": "TABLE NAME",
    "c": "COLUMN NAME",
    "d": "DATATYPE NAME",
    "n": "CONSTRAINT NAME",
}

ERRORS = ("ERROR", "FATAL", "PANIC")

DISPLAY_COLUMNS = 60
RIGHT_COLUMNS = 10  # to be seen behind the position


def describe(fields: Mapping[str, str], sql: str) -> Iterator[str]:
    """Yield the lines of a report on `sql`, without their ends."""
    severity = fields["S"]
    yield f"{severity}:  {fields['C']}: {fields['M']}"
    if "P" in fields:
        yield from _position(sql, int(fields["P"]))
    elif "p" in fields:
        yield from _position(fields["q"], int(fields["p"]))
    yield from _named(fields, EXPLANATIONS)
    if severity in ERRORS:
        yield from _named(fields, CONTEXT)
    yield from _named(fields, OBJECTS)


def _named(fields: Mapping[str, str], names: Mapping[str, str]) -> Iterator[str]:
    for letter, name in names.items():
        if letter in fields:
            yield f"{name}:  {fields[letter]}"


def _position(sql: str, position: int) -> Iterator[str]:
    """Yield the line that has a position (characters, from 1), and a caret below it."""
    before, after = sql[: position - 1], sql[position - 1 :]
    line = before.count("\n") + 1
    before, after = before.rpartition("\n")[2], after.partition("\n")[0]
    before, after = before.replace("\t", " "), after.replace("\t", " ")
    end = start = ""
    # Only as much is cut off as must be: first behind the position, then at the line's beginning.
    while width(before + after) > DISPLAY_COLUMNS and width(after) > RIGHT_COLUMNS:
        after, end = after[:-1], "..."
    while width(before + after) > DISPLAY_COLUMNS:
        before, start = before[1:], "..."
    margin = f"LINE {line}: {start}"
    yield f"{margin}{before}{after}{end}"
    yield " " * width(margin + before) + "^"

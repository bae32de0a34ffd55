"""Lay out an error or a notice as psql does when verbose, without the place in PostgreSQL's code.

Reference: libpq, fe-protocol3.c: pqBuildErrorMessage3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pglite_native.error_advice import PGLITE, advice
from pglite_native.error_excerpt import excerpt

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

_INTERFACE = PGLITE._replace(parameters="there are no parameters here: write the value itself")

ERRORS = ("ERROR", "FATAL", "PANIC")


def describe(fields: Mapping[str, str], sql: str, place: str = "") -> Iterator[str]:
    """Yield the lines of a report on `sql`, without their ends; `place` is where that stands."""
    severity = fields["S"]
    yield f"{place}{severity}:  {fields['C']}: {fields['M']}"
    if (better := advice(fields, sql, _INTERFACE)) is not None:
        fields = {**fields, "H": better}
    if "P" in fields:
        yield from excerpt(sql, int(fields["P"]))
    elif "p" in fields:
        yield from excerpt(fields["q"], int(fields["p"]))
    yield from _named(fields, EXPLANATIONS)
    if severity in ERRORS:
        yield from _named(fields, CONTEXT)
    yield from _named(fields, OBJECTS)


def _named(fields: Mapping[str, str], names: Mapping[str, str]) -> Iterator[str]:
    for letter, name in names.items():
        if letter in fields:
            yield f"{name}:  {fields[letter]}"

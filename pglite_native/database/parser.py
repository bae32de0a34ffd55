"""Where statements end, which only PostgreSQL's own parser knows.

A line may end in a semicolon within a function's body. So an engine is asked that parses what there
is and executes nothing; an error there leaves a transaction elsewhere alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from pglite_native._closing import Closing
from pglite_native.engine.engine import Engine
from pglite_native.protocol import wire

# scan.l and gram.y, of what has begun and not ended.
OPEN_START, OPEN_END = "unterminated ", "at end of input"

LOCATED_MAX = 10_000
"""Statements that are gone through to find one: a second's work."""

_END = re.compile(r";|\Z")
_BLANK = re.compile(r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*", re.DOTALL)


class Parser(Closing):
    """PostgreSQL's parser; its engine is opened when it is first asked."""

    def __init__(self) -> None:
        self._engine: Engine | None = None

    def is_open(self, sql: str) -> bool:
        """Has a quotation, a comment, a statement or a body begun that has not ended?"""
        reason = self._complaint(sql)
        return reason.startswith(OPEN_START) or reason.endswith(OPEN_END)

    def continues(self, sql: str) -> bool:
        """Would it be cut short if it ended here? A comment of one line counts, too."""
        return self.is_open(sql) or self._is_in_comment(sql)

    def _is_in_comment(self, sql: str) -> bool:
        """Does it end in a comment of one line? Then a quotation mark is a part of that."""
        last_line = sql.rpartition("\n")[2]
        return "--" in last_line and not self.is_open(sql + "'")

    def statements(self, sql: str) -> Iterator[tuple[int, int]]:
        """Yield where each statement begins and ends; what has not ended at the end is one, too."""
        start = 0
        for end in _END.finditer(sql):
            piece = sql[start : end.end()]
            if end.end() < len(sql) and self.continues(piece):
                continue
            blank = _BLANK.match(piece)
            begin = start + (blank.end() if blank else 0)
            if sql[begin : end.end()].strip(";"):
                yield begin, end.end()
            start = end.end()

    def line_of(self, sql: str, index: int) -> int | None:
        """Return the line, from 1, at which the statement of an index begins; None if not known."""
        found = (
            next(islice(self.statements(sql), index, None), None) if index < LOCATED_MAX else None
        )
        return None if found is None else sql.count("\n", 0, found[0]) + 1

    def close(self) -> None:
        """End its engine; idempotent."""
        if self._engine is not None:
            self._engine.close()

    def _leave(self, kind: type[BaseException] | None) -> None:
        self.close()

    def _complaint(self, sql: str) -> str:
        if self._engine is None:
            self._engine = Engine()
        reply = self._engine.exec_protocol_raw(wire.parse(sql) + wire.sync())
        for kind, payload in wire.Splitter().feed(reply):
            if kind == "E":
                return wire.report(payload)["M"]
        return ""

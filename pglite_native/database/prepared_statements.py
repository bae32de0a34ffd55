"""The statements that a session has prepared for its queries, and what is known of them.

A statement that comes a second time is prepared under a name, and from then on costs one call.
What PostgreSQL would make of its text now must be what it made of it then. So all are given up
after everything that may change this (whatever is not known to be harmless, by its command tag),
after a change of a setting that the server reports, and after a restore of the engine. What is
missed by that (a function that alters a table, another session that does) shows as an error before
the statement begins: see Conversation.repeat.

Names are made of the statements' texts: whatever becomes of a session, a fork or a restore or a
second PGlite on it, a name never stands for another statement.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from pglite_native.database.results import Field
from pglite_native.protocol import wire

if TYPE_CHECKING:
    from pglite_native import _rows

Key = tuple[str, tuple[int, ...]]
"""A statement's text, and the types that were given for its parameters."""

PREPARED_MAX = 128
"""Some 10 KiB of PostgreSQL's memory each."""
CANDIDATES_MAX = PREPARED_MAX
"""Statements that have been run once. Were there more, a program that runs that many in turns would
have each prepared, and given up before it comes again."""

# By command tag: what may be prepared, and what else leaves all as it is. SELECT without columns is
# CREATE TABLE AS or SELECT INTO.
REPEATABLE = frozenset(
    (
        *("SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "CALL"),
        *("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"),
    )
)
_HARMLESS = REPEATABLE.union(
    ("START TRANSACTION", "LOCK TABLE", "TRUNCATE TABLE", "COPY", "SHOW"),
    ("DECLARE CURSOR", "FETCH", "MOVE", "CLOSE CURSOR", "LISTEN", "UNLISTEN", "NOTIFY"),
)


class Statement(NamedTuple):
    """A prepared statement.

    Of its result's columns, `converters` and `formats` say how values come: in binary format where
    that is faster and means the same. `formats` is the end of Bind.
    """

    name: bytes
    types: tuple[int, ...]
    columns: tuple[wire.Column, ...]
    fields: tuple[Field, ...]
    names: tuple[str, ...]
    converters: tuple[_rows.Converter, ...]
    formats: bytes


class Statements:
    """Those of one session. An interrupt may come at any time: each step leaves it in order."""

    def __init__(self) -> None:
        self._prepared: OrderedDict[Key, Statement] = OrderedDict()
        self._candidates: OrderedDict[Key, None] = OrderedDict()
        self._known: set[bytes] = set()  # names that the server may know
        self._altered = False  # in a transaction that has not ended
        self.exact: bool | None = None
        """Whether text says all of a float, by extra_float_digits; None: not known."""

    def find(self, key: Key) -> Statement | None:
        """Return a statement if it is prepared, and take note of its use."""
        statement = self._prepared.get(key)
        if statement is not None:
            self._prepared.move_to_end(key)
        return statement

    def is_candidate(self, key: Key) -> bool:
        """Whether it has been run before, and may be prepared."""
        return key in self._candidates

    def nominate(self, key: Key, command: str) -> None:
        """Take note of a statement that has been run, and said this of itself."""
        if command in REPEATABLE:
            self._candidates[key] = None
            while len(self._candidates) > CANDIDATES_MAX:
                self._candidates.popitem(last=False)

    def make_room(self) -> list[bytes]:
        """Return the names that the server need not know any more, when one is added."""
        while len(self._prepared) >= PREPARED_MAX:
            self._prepared.popitem(last=False)
        return list(self._known.difference(found.name for found in self._prepared.values()))

    def sent(self, name: bytes) -> None:
        """Take note of a name that is about to be prepared."""
        self._known.add(name)

    def add(self, key: Key, statement: Statement, closed: Iterable[bytes]) -> None:
        """Add one that the server has prepared, when it has closed others."""
        self._known.difference_update(closed)
        self._known.add(statement.name)
        self._prepared[key] = statement
        self._candidates.pop(key, None)

    def drop(self, key: Key) -> None:
        """Give one up."""
        self._prepared.pop(key, None)

    def clear(self) -> None:
        """Give all up; their names are closed as others are prepared."""
        self._prepared.clear()
        self.exact = None

    def completed(self, command: str, has_columns: bool) -> None:
        """Take note of the end of any statement."""
        if command not in _HARMLESS or (command == "SELECT" and not has_columns):
            self._altered = True
            self.clear()
        elif command == "ROLLBACK" and self._altered:
            self.clear()

    def idle(self) -> None:
        """Take note that no transaction is open: what was set or made in one may be undone."""
        if self._altered:
            self.clear()
            self._altered = False

    def copy(self) -> Statements:
        """Those of a fork of the session."""
        copy = Statements()
        copy._prepared, copy._candidates = self._prepared.copy(), self._candidates.copy()
        copy._known, copy.exact = self._known.copy(), self.exact
        return copy


def name_of(key: Key) -> bytes:
    """Return the name of a statement: 128 bits of Python's keyed hash."""
    text = repr(key)
    return b"pglite_%016x%016x" % (hash("1" + text) & _MASK, hash("2" + text) & _MASK)


_MASK = 2**64 - 1

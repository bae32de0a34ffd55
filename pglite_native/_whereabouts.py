"""Whose session it is, and in which database: what a startup packet would have said."""

from __future__ import annotations

from pglite_native import _wire

QUESTION = _wire.query("SELECT session_user, current_database()")


def read(reply: bytes) -> tuple[str, str]:
    """Return user and database, of an answer in which there are no other rows."""
    (row,) = [payload for kind, payload in _wire.Splitter().feed(reply) if kind == "D"]
    user, database = _wire.values(row)
    return str(user), str(database)

"""Whose session it is, and in which database: what a startup packet would have said."""

from __future__ import annotations

from pglite_native.protocol import wire

QUESTION = wire.query("SELECT session_user, current_database()")


def read(reply: bytes) -> tuple[str, str]:
    """Return user and database, of an answer in which there are no other rows."""
    (row,) = [payload for kind, payload in wire.Splitter().feed(reply) if kind == "D"]
    user, database = wire.values(row)
    return str(user), str(database)

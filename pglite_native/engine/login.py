"""Beginning a session of a database and a user that are chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pglite_native.engine.binding import ffi, lib
from pglite_native.errors import DatabaseError
from pglite_native.protocol import wire

if TYPE_CHECKING:
    from pglite_native.engine.session import Session


def open_session(
    sibling: Session,
    database: str | None,
    user: str | None,
    settings: Mapping[str, str] | None = None,
) -> Session:
    """Open a session of the same cluster, by PostgreSQL's own login.

    `settings` are those of its startup packet, which come before those of the database and role.

    Raises:
        DatabaseError: PostgreSQL refuses.
    """
    user = user or ffi.string(lib.pgn_session_user(sibling._handle)).decode()
    database = database or ffi.string(lib.pgn_session_database(sibling._handle)).decode()
    packet = wire.startup({"user": user, "database": database, **(settings or {})})
    session = sibling._open_sibling(packet)
    for kind, payload in wire.Splitter().feed(session.exec_protocol_raw(b"")):
        if kind == "E":
            session.close()
            raise DatabaseError(wire.report(payload), f"connect to {database} as {user}")
    return session

"""What of a move is done, noted in the target.

A note is written in the transaction that does what it is about. So it is there exactly if that is
done, also after a kill; a file of ours could not promise it.
"""

from __future__ import annotations

from pglite_native.migrate.errors import MoveError
from pglite_native.migrate.side import Connection, rows, value

SCHEMA = "pglite_native_move"

_CREATE = f"""
CREATE SCHEMA {SCHEMA};
CREATE TABLE {SCHEMA}.plan (digest pg_catalog.text NOT NULL);
CREATE TABLE {SCHEMA}.done (
    name pg_catalog.text PRIMARY KEY,
    count pg_catalog.int8 NOT NULL,
    at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now()
)"""


class Notes:
    """The notes of one move, whose schema has a digest."""

    def __init__(self, connection: Connection, digest: str) -> None:
        """Read them.

        Raises:
            MoveError: they are of a move of another schema.
        """
        self._connection = connection
        self._digest = digest
        self.done: dict[str, int] = {}
        self.has_begun = exists(connection)
        if not self.has_begun:
            return
        if value(connection, f"SELECT digest FROM {SCHEMA}.plan") != digest:
            raise MoveError(
                "the target has a part of a move whose schema was another: the source's has "
                "changed since, or it is another database. Begin again with an empty target"
            )
        noted = rows(connection, f"SELECT name, count FROM {SCHEMA}.done")
        self.done = dict(noted)

    def begin(self) -> None:
        """Note that the schema is there, in the transaction that made it."""
        self._connection.execute(_CREATE.encode())
        self._connection.execute(f"INSERT INTO {SCHEMA}.plan VALUES (%s)".encode(), (self._digest,))

    def add(self, name: str, count: int) -> None:
        """Note that something is done, in the transaction that does it."""
        self._connection.execute(
            f"INSERT INTO {SCHEMA}.done (name, count) VALUES (%s, %s)"
            " ON CONFLICT (name) DO UPDATE SET count = excluded.count, at = excluded.at".encode(),
            (name, count),
        )
        self.done[name] = count

    def end(self) -> None:
        """Remove the notes, in the move's last transaction."""
        self._connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE".encode())


def exists(connection: Connection) -> bool:
    """Has a move into this database begun, and not ended?"""
    return bool(value(connection, "SELECT pg_catalog.to_regnamespace(%s) IS NOT NULL", SCHEMA))

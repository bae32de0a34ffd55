"""The suite."""

# mypy: ignore-errors
# SQLAlchemy's tests have no types.

from sqlalchemy.testing.suite import *  # noqa: F403
from sqlalchemy.testing.suite import ServerSideCursorsTest as _ServerSideCursorsTest

from pglite_native.dbapi import ServerCursor


class ServerSideCursorsTest(_ServerSideCursorsTest):
    def _is_server_side(self, cursor):
        """SQLAlchemy knows the cursors of drivers by the drivers' names; here is ours."""
        return isinstance(cursor, ServerCursor) or super()._is_server_side(cursor)

"""The dialects of the runs in process: one database, in which all of the suite's engines meet.

A URL alone would give each engine its own, where the suite takes it for the name of a server.
"""

from __future__ import annotations

import os

from bench.sqlalchemy_suite.targets import SETUP
from pglite_native import Engine
from pglite_native.sqlalchemy import PGliteDialect
from pglite_native.sqlalchemy.asynchronous import PGliteAsyncDialect
from tests import wire

database = Engine()
assert not wire.errors(database.exec_protocol_raw(wire.query(SETUP)))


class InProcessDialect(PGliteDialect):
    supports_statement_cache = True

    def _open(self, directory: str | os.PathLike[str] | None) -> Engine:
        return database

    @classmethod
    def load_provisioning(cls) -> None:
        """What the suite does for PostgreSQL, as for all of its drivers."""
        import sqlalchemy.dialects.postgresql.provision  # noqa: F401


class InProcessAsyncDialect(InProcessDialect, PGliteAsyncDialect):
    supports_statement_cache = True

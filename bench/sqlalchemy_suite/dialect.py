"""The dialect of the run in process: one database, in which all of the suite's engines meet.

A URL alone would give each engine its own, where the suite takes it for the name of a server.
"""

from __future__ import annotations

from typing import Any

from bench.sqlalchemy_suite.targets import SETUP
from pglite_native import PGlite, dbapi
from pglite_native.sqlalchemy import PGliteDialect

database = PGlite()
database.exec(SETUP)


class InProcessDialect(PGliteDialect):
    supports_statement_cache = True

    def connect(self, **options: Any) -> dbapi.Connection:
        return dbapi.connect(**{**options, "database": database})

    @classmethod
    def load_provisioning(cls) -> None:
        """What the suite does for PostgreSQL, as for all of its drivers."""
        import sqlalchemy.dialects.postgresql.provision  # noqa: F401

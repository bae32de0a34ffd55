"""pytest-postgresql's fixtures, factories and options, without PostgreSQL's programs.

    # conftest.py
    pytest_plugins = ["pglite_native.testing.pytest_postgresql"]

    from pglite_native.testing.pytest_postgresql import factories  # from pytest_postgresql ...

Fixtures, arguments and options have the names of pytest-postgresql 7 to 10, and databases have the
names and addresses that these ask for. A test's database is a copy of the template's, made by
CREATE DATABASE, as there; the fixtures of docs/PYTEST.md fork, which is faster.
"""

from __future__ import annotations

from pglite_native.testing.pytest_postgresql import factories
from pglite_native.testing.pytest_postgresql.janitor import AsyncDatabaseJanitor, DatabaseJanitor
from pglite_native.testing.pytest_postgresql.options import pytest_addoption

__all__ = [
    "AsyncDatabaseJanitor",
    "DatabaseJanitor",
    "factories",
    "postgresql",
    "postgresql_async",
    "postgresql_noproc",
    "postgresql_proc",
    "pytest_addoption",
]

postgresql_proc = factories.postgresql_proc()
postgresql_noproc = factories.postgresql_noproc()
postgresql = factories.postgresql("postgresql_proc")
postgresql_async = factories.postgresql_async("postgresql_proc")

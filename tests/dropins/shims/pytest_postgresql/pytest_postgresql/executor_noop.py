"""Process fixtures' values."""

from pglite_native.testing.pytest_postgresql.executors import NoopExecutor

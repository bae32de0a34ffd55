"""The factories."""

from pglite_native.testing.pytest_postgresql.factories import *  # noqa: F403

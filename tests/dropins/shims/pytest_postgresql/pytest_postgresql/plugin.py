"""The plugin."""

from pglite_native.testing.pytest_postgresql import *  # noqa: F403

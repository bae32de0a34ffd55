"""The fixtures."""

from pglite_native.testing.py_pglite.fixtures import *  # noqa: F403

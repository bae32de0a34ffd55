"""The manager."""

from pglite_native.testing.py_pglite import PGliteManager

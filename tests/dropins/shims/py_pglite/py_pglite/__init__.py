"""What py-pglite's tests import in its place."""

from pglite_native.testing.py_pglite import PGliteConfig, PGliteManager

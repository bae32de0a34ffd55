"""SQLAlchemy's part."""

from pglite_native.testing.py_pglite import *  # noqa: F403

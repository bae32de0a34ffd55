"""The configuration."""

from pglite_native.testing.py_pglite.config import PGliteConfig
from pglite_native.testing.py_pglite.config import _socket_path as _get_secure_socket_path

"""A server of PostgreSQL's protocol, whose every connection gets a database of its own.

>>> from pglite_native.server import Server
>>> with Server() as server:
...     connection = psycopg.connect(server.dsn)
"""

from __future__ import annotations

from pglite_native.server.server import Server

__all__ = ["Server"]

"""A server of PostgreSQL's protocol, for clusters in this process.

>>> from pglite_native.server import Server
>>> with Server() as server:
...     connection = psycopg.connect(server.dsn)
"""

from __future__ import annotations

from pglite_native.server.server import Server

__all__ = ["Server"]

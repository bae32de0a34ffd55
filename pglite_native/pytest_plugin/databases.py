"""Databases on a server that the tests of a process share."""

from __future__ import annotations

import itertools
import logging
import time

from pglite_native.engine import Engine
from pglite_native.errors import EngineBusy
from pglite_native.server import Server
from pglite_native.server.backend import BUSY_INTERVAL_S, BUSY_PATIENCE_S
from pglite_native.snapshot import Snapshot

_guest_log = logging.getLogger("pglite_native.guest")


class Database:
    """A database on the server; made by Databases.create."""

    def __init__(self, server: Server, name: str) -> None:
        self._server = server
        self.name = name

    @property
    def url(self) -> str:
        """How to connect, as a URL: postgresql://..."""
        return self._server.url_of(self.name)

    @property
    def dsn(self) -> str:
        """How to connect, as libpq's keywords and values."""
        return self._server.dsn_of(self.name)

    @property
    def parameters(self) -> dict[str, str]:
        """How to connect, as the keyword arguments of libpq's drivers."""
        host, port = self._server.address
        return {"host": host, "port": str(port), "user": self._server.user, "dbname": self.name}

    def snapshot(self) -> Snapshot:
        """Write it down, once no connection has it."""
        return self._server.snapshot(self.name)

    def snapshot_in_use(self) -> Snapshot:
        """Write it down with what a connection is doing."""
        return self._server.snapshot(self.name, in_use=True)

    def drop(self) -> None:
        """Drop it, and end the connection that may be left."""
        self._server.drop(self.name, force=True)


class SharedDatabase(Database):
    """A database with a server of its own, where connections take turns: shared mode."""

    def __init__(self, template: Snapshot) -> None:
        self._engine = Engine(image=template)
        server = Server(self._engine, shared=True)
        super().__init__(server, server.database)

    def snapshot(self) -> Snapshot:
        """Write it down as it stands."""
        deadline = time.monotonic() + BUSY_PATIENCE_S
        while True:
            try:
                return self._engine.snapshot()
            except EngineBusy:  # a reply that has just been sent has not ended yet
                if time.monotonic() > deadline:
                    raise
                time.sleep(BUSY_INTERVAL_S)

    snapshot_in_use = snapshot

    def drop(self) -> None:
        """End the server, its connections and the database."""
        self._server.close()
        self._engine.close()


def _is_news(record: logging.LogRecord) -> bool:
    """Not what PostgreSQL says to the ROLLBACK with which the server ends every session."""
    return "there is no transaction in progress" not in record.getMessage()


class Databases:
    """A server, and names for what is made on it."""

    def __init__(self) -> None:
        _guest_log.addFilter(_is_news)  # pytest would show it with every test that fails
        self._server = Server()
        self._empty = self._server.snapshot("scratch_empty")
        self._numbers = itertools.count(1)

    def create(self, template: Snapshot | None = None, *, shared: bool = False) -> Database:
        """Return a new database, empty or a fork of a template.

        It serves one connection at a time, or with `shared` many, which take turns; that wants a
        server for itself, and so takes longer. It lasts until it is dropped, or the session ends;
        a shared one is to be dropped.
        """
        if shared:
            return SharedDatabase(self._empty if template is None else template)
        name = f"scratch_{next(self._numbers)}"
        self._server.create(name, self._empty if template is None else template)
        return Database(self._server, name)

    def __enter__(self) -> Databases:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()
        _guest_log.removeFilter(_is_news)

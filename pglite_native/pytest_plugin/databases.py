"""Databases on a server that the tests of a process share."""

from __future__ import annotations

import itertools

from pglite_native.engine.snapshot import Snapshot
from pglite_native.server import Server


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

    @property
    def environment(self) -> dict[str, str]:
        """How to connect, as environment variables: libpq's, and DATABASE_URL."""
        names = {"dbname": "PGDATABASE"}
        variables = {names.get(k, f"PG{k.upper()}"): v for k, v in self.parameters.items()}
        return {**variables, "DATABASE_URL": self.url}

    def snapshot(self) -> Snapshot:
        """Write it down, connections or not; their sessions are not in it."""
        return self._server.snapshot(self.name)

    def drop(self) -> None:
        """Drop it, and end the connections that may be left."""
        self._server.drop(self.name, force=True)


class Databases:
    """A server, and names for what is made on it.

    Args:
        host: a loopback address to listen at; None for a Unix socket.
        port: its port, None for any that is free.

    Raises:
        OSError, ValueError: as Server does.
    """

    def __init__(self, host: str | None = None, port: int | None = None) -> None:
        # What is made here is a fork of what is empty.
        self._server = Server(shared=False, host=host, port=port, trust=host is not None)
        self._numbers = itertools.count(1)

    def create(self, template: Snapshot | None = None, *, lend_session: bool = False) -> Database:
        """Return a new database, empty or a fork of a template.

        It takes any number of connections, and lasts until it is dropped, or the session ends.
        With `lend_session` the first is had at once, and no snapshot can be taken: Server.create.
        """
        name = f"scratch_{next(self._numbers)}"
        if template is not None:
            self._server.create(name, template, lend_session=lend_session)
        return Database(self._server, name)

    def __enter__(self) -> Databases:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

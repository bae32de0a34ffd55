"""Instance: a cluster with one database and one role, and its server on TCP."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache

from pglite_native import Engine, PGlite, Snapshot, identifier
from pglite_native._closing import Closing
from pglite_native.server import Server

POSTGRES = "postgres"
HOST = "127.0.0.1"

_TEMPLATES = 8  # of different arguments, in one process


class Instance(Closing):
    """A PostgreSQL cluster in this process that listens at a TCP address.

    Args:
        source: what the cluster begins as: a snapshot, the path of a saved one, an open engine; or
            None for one that has the role and the database of the next arguments.
        user: a superuser, made if it is missing.
        database: the database, made if it is missing.
        host: the address to listen at.
        port: the port, None for any that is free.
        password: what clients have to know; None lets everyone on a loopback address in.
        settings: parameters of the server, for a cluster that is not of a source.
        initdb_args: arguments for initdb, likewise.

    Raises:
        EngineError: PostgreSQL does not start.
        OSError: it cannot listen there.
        ValueError: it would let strangers in.
    """

    def __init__(
        self,
        source: Snapshot | Engine | str | os.PathLike[str] | None = None,
        *,
        user: str = POSTGRES,
        database: str = POSTGRES,
        host: str = HOST,
        port: int | None = None,
        password: str | None = None,
        settings: dict[str, str] | None = None,
        initdb_args: Sequence[str] = (),
    ) -> None:
        self.user = user
        self.database = database
        self.password = password
        if source is None:
            pairs = tuple(sorted((settings or {}).items()))
            source = _template(user, database, pairs, tuple(initdb_args))
        is_engine = isinstance(source, Engine)
        self.engine = source if isinstance(source, Engine) else Engine(image=source)
        try:
            if is_engine:
                prepare(PGlite(engine=self.engine), user, database)
            self._server = Server(
                self.engine,
                host=host,
                port=port,
                password=password,
                trust=password is None,
                scratch=False,
            )
        except BaseException:
            self.engine.close()
            raise

    @property
    def host(self) -> str:
        """The address that it listens at."""
        return self._server.address[0]

    @property
    def port(self) -> int:
        """The TCP port."""
        return self._server.address[1]

    @property
    def url(self) -> str:
        """The database's URL, with the password."""
        return self._server.url_of(self.database, self.user)

    def snapshot(self) -> Snapshot:
        """Write the cluster down, without sessions."""
        return self.engine.snapshot()

    def close(self) -> None:
        """Stop; idempotent."""
        self._server.close()
        self.engine.close()

    def _leave(self, kind: type[BaseException] | None) -> None:
        self.close()


def prepare(db: PGlite, user: str, database: str) -> None:
    """Make the role and the database, as far as they are missing."""
    if not _is_there(db, "pg_roles where rolname = $1", user):
        db.exec(f"create role {identifier(user)} superuser login")
    if not _is_there(db, "pg_database where datname = $1", database):
        db.exec(f"create database {identifier(database)} owner {identifier(user)}")


def _is_there(db: PGlite, condition: str, name: str) -> bool:
    return bool(db.query(f"select from {condition}", [name]).rows)


@lru_cache(maxsize=_TEMPLATES)
def _template(
    user: str, database: str, settings: tuple[tuple[str, str], ...], initdb_args: tuple[str, ...]
) -> Snapshot:
    """A cluster with a role and a database: the next one of the same is a fork of it."""
    with PGlite(settings=dict(settings), initdb_args=initdb_args or None) as db:
        prepare(db, user, database)
        return db.engine.snapshot()

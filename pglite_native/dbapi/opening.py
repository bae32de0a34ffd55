"""Which session a connection gets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from pglite_native.database.arguments import check_options
from pglite_native.database.pglite import PGlite
from pglite_native.dbapi import exceptions
from pglite_native.dbapi.connection import Connection
from pglite_native.dbapi.paramstyles import Paramstyle
from pglite_native.engine import login
from pglite_native.engine.engine import Engine
from pglite_native.engine.session import Session
from pglite_native.errors import PGliteError

if TYPE_CHECKING:
    from typing_extensions import Never

_OPTIONS = ("database", "dbname", "user", "application_name", "startup_params", "paramstyle")

Kind = TypeVar("Kind", bound=Connection)

Database = PGlite | Session | str | os.PathLike[str] | None


def open_connection(
    kind: type[Kind],
    database: Database,
    *,
    dbname: str | None = None,
    user: str | None = None,
    application_name: str | None = None,
    startup_params: Mapping[str, str] | None = None,
    paramstyle: Paramstyle = "format",
    **unknown: Never,
) -> Kind:
    """Return a connection of a class: see `pglite_native.dbapi.connect`."""
    check_options(unknown, _OPTIONS, "connect")
    check_kind(database)
    settings = dict(startup_params or {})
    if application_name is not None:
        settings["application_name"] = application_name
    try:
        if isinstance(database, PGlite):
            database = database.session
        if isinstance(database, Session):
            session = _open_session(database, dbname, user, settings)
            return kind(session, owns_engine=False, paramstyle=paramstyle)
        engine = Engine(database)
        try:
            session = engine
            if dbname or user or settings:
                session = _open_session(engine, dbname, user, settings)
            return kind(session, owns_engine=True, paramstyle=paramstyle)
        except BaseException:
            engine.close()
            raise
    except PGliteError as error:
        exceptions.raise_for(error)


def check_kind(database: object) -> None:
    """Raise TypeError where a database is for coroutines."""
    if hasattr(database, "__aenter__"):
        raise TypeError(
            f"an {type(database).__name__} is for coroutines: give a PGlite, or take"
            " create_async_engine of pglite_native.sqlalchemy"
        )


def _open_session(
    sibling: Session, dbname: str | None, user: str | None, settings: Mapping[str, str]
) -> Session:
    if not settings:
        return sibling.open_session(dbname, user)
    dbname, user = dbname or sibling._database, user or sibling._user
    return login.open_session(sibling, dbname, user, settings)

"""What would fail later, found before anything is changed."""

from __future__ import annotations

from collections.abc import Sequence

from pglite_native.migrate import catalog
from pglite_native.migrate.errors import MoveError
from pglite_native.migrate.side import Connection, major, rows, value

OLDEST = 12  # generated columns, and the catalog's functions about partitions

SHOWN = 3


def check_versions(source: Connection, target: Connection, *, allow_older: bool) -> None:
    """The source's schema has to be one that the target understands."""
    if major(source) < OLDEST:
        raise MoveError(f"the source is PostgreSQL {major(source)}; {OLDEST} is the oldest")
    if major(target) < major(source) and not allow_older:
        raise MoveError(
            f"the target is PostgreSQL {major(target)}, older than the source, which is "
            f"{major(source)}: what the schema has of newer features would fail there. "
            "Take a newer server, or try it with --allow-older: if the schema cannot be "
            "made, nothing is changed"
        )


def check_empty(target: Connection) -> None:
    """A move must not mix with what somebody else has there."""
    found = catalog.objects(target)
    if found:
        more = f", and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        raise MoveError(
            f"the target is not empty: it has {', '.join(found[:SHOWN])}{more}. Take an empty "
            "database, or say --allow-non-empty: if a name is there already, nothing is changed"
        )


def check_encoding(source: Connection, target: Connection) -> None:
    """Not every text can be said in every encoding; in UTF8 all can."""
    encodings = [value(side, "SHOW server_encoding") for side in (source, target)]
    if encodings[1] not in ("UTF8", encodings[0]):
        raise MoveError(
            f"the target's encoding is {encodings[1]}, the source's {encodings[0]}: make a "
            "database for it by CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
        )


def check_extensions(source: Connection, target: Connection) -> None:
    """Those that the source has created have to be there to be created."""
    found = rows(target, "SELECT name FROM pg_catalog.pg_available_extensions")
    available = {name for (name,) in found}
    missing = [name for name in catalog.extensions(source) if name not in available]
    if missing:
        raise MoveError(
            f"the target lacks extensions that the source uses: {', '.join(missing)}. "
            "Install them there, or drop them in the source"
        )


def check_roles(target: Connection, named: Sequence[str], made: Sequence[str]) -> None:
    """Roles belong to a whole server: those that are named must be there, or be made."""
    found = rows(target, "SELECT rolname FROM pg_catalog.pg_roles")
    there = {name for (name,) in found}
    missing = sorted(set(named) - there - set(made))
    if missing:
        raise MoveError(
            f"the target lacks roles that the schema names: {', '.join(missing)}. "
            "Create them there first (CREATE ROLE), or say --with-roles"
        )

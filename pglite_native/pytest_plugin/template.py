"""Template: a database that forks are made of."""

from __future__ import annotations

import os
from contextlib import suppress

import pytest

from pglite_native import AsyncPGlite, DatabaseError, Engine, PGlite, Snapshot, TransactionError
from pglite_native.pytest_plugin.databases import Database

# Tables and views of the user's, as SQL.
RELATIONS = """
    select format('%I.%I', nspname, relname) as name, relkind in ('r', 'p') as is_table
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where relkind in ('r', 'p', 'v', 'm')
        and nspname !~ '^pg_' and nspname <> 'information_schema'
"""


class Template(PGlite):
    """A PGlite whose state at the beginning, `snapshot`, is what forks are made of."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__(engine=Engine(image=snapshot))
        self.snapshot = snapshot

    @classmethod
    def made_of(cls, value: object, name: str) -> Template:
        """Take what a fixture of that name has returned.

        Raises:
            pytest.UsageError: it is no database, or has a transaction open.
        """
        database = _opened(value)
        if database is None:
            raise pytest.UsageError(
                f"{name} must return a PGlite, an AsyncPGlite, an Engine, a Snapshot, the path of "
                f"a saved one, or what pglite_server.create() returns, and not {value!r}"
            )
        try:
            clone = database.clone()
        except TransactionError as error:
            raise pytest.UsageError(f"{name} has an open transaction: commit it") from error
        with clone:
            clone.exec("discard all")
            _warm_up(clone)
            clone.engine.keep_session()  # for the server's, which are then warm too
            return cls(clone.engine.snapshot())

    def fork(self) -> PGlite:
        """A database that begins as the template did."""
        return PGlite(engine=Engine(image=self.snapshot))

    def reset(self) -> None:
        """Undo what was done to it."""
        self.engine.restore(self.snapshot)
        self.refresh_array_types()


def _opened(value: object) -> PGlite | None:
    if isinstance(value, AsyncPGlite):
        value = value._worker.database or PGlite()  # None if it has not been used yet
    if isinstance(value, PGlite):
        return value
    if isinstance(value, Database):
        value = value.snapshot()
    if isinstance(value, Snapshot | str | os.PathLike):
        value = Engine(image=value)
    return PGlite(engine=value) if isinstance(value, Engine) else None


def _warm_up(db: PGlite) -> None:
    """Have PostgreSQL read its catalogues now, and not anew in each fork's first statements.

    Nothing is written: plans of writing statements are made, not run.
    """
    for relation in db.query(RELATIONS).rows:
        name = relation["name"]
        statements = [f"explain select * from {name}"]
        if relation["is_table"]:
            statements += [f"select * from {name} limit 1", f"explain delete from {name}"]
            statements += [f"explain insert into {name} default values"]
        for statement in statements:
            with suppress(DatabaseError):  # a view that is broken, say: its users will hear of it
                db.exec(statement)

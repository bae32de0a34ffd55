"""Migrate a database to a PostgreSQL server, or from one: docs/MIGRATING.md.

Theory of operation: both sides are PostgreSQL to a driver, ours too, by a private Unix socket; so
there is one way to move, whichever side is ours.

    check      what would fail later, before anything is changed
    pre-data   the schema as pg_dump writes it, without what only slows loading down
    tables     one by one, COPY to COPY; each in one transaction of the target, with the note that
               it is done
    verify     both sides count; with `checksum` they hash, too
    post-data  sequences' values, indexes, constraints, triggers, materialized views

The notes are in the target (notes.py), so they stay true when either process is killed: a migration
that is begun again continues with the first table that is not done.

psycopg does the talking and tqdm the bars: the extra `migrate`.
"""

from pglite_native.migrate.errors import MoveError
from pglite_native.migrate.mover import Choices, Moved, move
from pglite_native.migrate.side import Side

__all__ = ["Choices", "MoveError", "Moved", "Side", "move"]

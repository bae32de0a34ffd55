"""Rows from one side to the other, and whether they arrived."""

from __future__ import annotations

from collections.abc import Callable

from psycopg import sql

from pglite_native.migrate.catalog import Table
from pglite_native.migrate.errors import MoveError, during
from pglite_native.migrate.side import Connection

BLOCK = 64 * 1024

# A sum, so that the order of rows does not matter, of as much of each hash as fits in a bigint.
_HASHES = sql.SQL(
    "pg_catalog.sum(('x' || pg_catalog.left(pg_catalog.encode(pg_catalog.sha256("
    "pg_catalog.convert_to(r::pg_catalog.text, 'UTF8')), 'hex'), 15))"
    "::pg_catalog.bit(60)::pg_catalog.int8)"
)


def copy(
    source: Connection, target: Connection, table: Table, advance: Callable[[int], None]
) -> int:
    """Copy a table's rows, in bounded memory; return how many. `advance` is told of bytes.

    As text: in the binary format types that are OIDs inside (regclass, say) would be wrong, and
    some types' format depends on the version.
    """
    names = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    # Without a list COPY takes all columns that are not generated; an empty one is no syntax.
    columns = sql.SQL("({})").format(names) if table.columns else sql.SQL("")
    if table.is_tree:
        what = sql.SQL("(SELECT {} FROM {})").format(names, table.identifier)
    else:
        what = sql.SQL("{} {}").format(table.identifier, columns)
    with source.cursor() as reading, target.cursor() as writing:
        with (
            reading.copy(sql.SQL("COPY {} TO STDOUT").format(what)) as output,
            writing.copy(
                sql.SQL("COPY {} {} FROM STDIN").format(table.identifier, columns)
            ) as sink,
        ):
            pending = bytearray()
            for row in output:
                pending += row
                if len(pending) >= BLOCK:
                    sink.write(pending)
                    advance(len(pending))
                    pending = bytearray()
            sink.write(pending)
            advance(len(pending))
        if reading.rowcount != writing.rowcount:
            raise MoveError(f"{table}: {reading.rowcount} rows left, {writing.rowcount} arrived")
        return writing.rowcount


def fingerprint(side: Connection, table: Table, *, checksum: bool) -> tuple[object, ...]:
    """Return the number of a table's rows, and, if wanted, a hash of them all."""
    parts = [sql.SQL("pg_catalog.count(*)"), *([_HASHES] if checksum else [])]
    with during(f"counting {table}"):
        query = sql.SQL("SELECT {} FROM {} AS r").format(sql.SQL(", ").join(parts), table.alone)
        (found,) = side.execute(query).fetchall()
    return found


def empty(target: Connection, table: Table) -> None:
    """Remove a table's rows."""
    target.execute(sql.SQL("TRUNCATE {}").format(table.alone))


def set_sequence(source: Connection, target: Connection, sequence: sql.Identifier) -> None:
    """Give a sequence its value."""
    query = sql.SQL("SELECT last_value, is_called FROM {}").format(sequence)
    ((last, is_called),) = source.execute(query).fetchall()
    target.execute(
        "SELECT pg_catalog.setval(%s::pg_catalog.regclass, %s, %s)",
        (sequence.as_string(target), last, is_called),
    )

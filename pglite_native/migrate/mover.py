"""The steps of a move, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from pglite_native.migrate import catalog, checks, copying, large_objects, roles, schema
from pglite_native.migrate.catalog import Table
from pglite_native.migrate.display import Display
from pglite_native.migrate.errors import MoveError, during
from pglite_native.migrate.notes import Notes, exists
from pglite_native.migrate.roles import Role
from pglite_native.migrate.schema import Schema
from pglite_native.migrate.side import Connection, Side, major, value

LARGE_OBJECTS = "large objects"  # no table is noted so: their names are quoted


@dataclass(frozen=True)
class Choices:
    """What may be chosen of a move.

    `checksum`: verify by hashes of all rows, not by their number alone. `with_owners`: move owners
    and privileges, too; `with_privileges`: these alone. `with_roles`: make the roles that the
    target lacks. `allow_non_empty`, `allow_older`: of the target. `pg_dump`: the program for
    a source that is a server; None to look for one.
    """

    checksum: bool = False
    with_owners: bool = False
    with_privileges: bool = False
    with_roles: bool = False
    allow_non_empty: bool = False
    allow_older: bool = False
    pg_dump: str | None = None

    @property
    def privileges(self) -> bool:
        """Whether privileges move."""
        return self.with_owners or self.with_privileges


@dataclass(frozen=True)
class Moved:
    """What was moved; `resumed` tables of them by an earlier run."""

    tables: int
    resumed: int
    rows: int
    sequences: int
    large_objects: int


def move(source: Side, target: Side, choices: Choices) -> Moved:
    """Move a database, or continue where an earlier call was ended.

    The source is only read, in one snapshot. When this returns, schema and rows are in the target,
    and both sides have counted the same.

    Raises:
        MoveError: it cannot be done, and why. What is done stays, and the next call continues.
    """
    with closing(target.connect()) as writing, closing(_Move(source, writing, choices)) as moving:
        return moving.run()


class _Move:
    def __init__(self, source: Side, target: Connection, choices: Choices) -> None:
        self._side = source
        self._source = source.connect()
        self._target = target
        self._choices = choices

    def close(self) -> None:
        self._source.close()

    def run(self) -> Moved:
        with during("looking at both sides"):
            missing = self._check()
            plan = self._plan()
            notes = Notes(self._target, plan.digest)
            tables = catalog.tables(self._source)
        if not notes.has_begun:
            with during("making the schema", plan.before), self._target.transaction():
                with during("making roles"):
                    roles.make(self._source, self._target, missing)
                self._target.execute(plan.before.encode())
                notes.begin()
        with closing(Display(tables)) as display:
            resumed = self._copy(tables, notes, display)
            large_objects = self._copy_large_objects(notes, display)
            sequences = self._finish(plan, notes, display)
        counts = [notes.done[table.key] for table in tables]
        return Moved(len(tables), resumed, sum(counts), sequences, large_objects)

    def _check(self) -> list[Role]:
        """Return the roles that are to be made."""
        source, target, choices = self._source, self._target, self._choices
        checks.check_versions(source, target, allow_older=choices.allow_older)
        checks.check_encoding(source, target)
        checks.check_extensions(source, target)
        named = catalog.roles(source, privileges=choices.privileges)
        missing = roles.missing(source, target, named) if choices.with_roles else []
        checks.check_roles(target, named, [role.name for role in missing])
        if not choices.allow_non_empty and not exists(target):
            checks.check_empty(target)
        return missing

    def _plan(self) -> Schema:
        """Begin the snapshot that everything is read in, and have pg_dump use it."""
        pg_dump = schema.pg_dump(self._side, self._choices.pg_dump, major(self._source))
        self._begin()
        snapshot = value(self._source, "SELECT pg_catalog.pg_export_snapshot()")
        return schema.dump(
            pg_dump,
            snapshot=snapshot,
            with_owners=self._choices.with_owners,
            with_privileges=self._choices.privileges,
            user=value(self._source, "SELECT CURRENT_USER"),
            target_major=major(self._target),
        )

    def _begin(self) -> None:
        self._source.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def _copy(self, tables: Sequence[Table], notes: Notes, display: Display) -> int:
        """Copy what is not done; return how many tables were."""
        resumed = 0
        for number, table in enumerate(tables, 1):
            with display.table(table, number, len(tables)):
                is_noted = table.key in notes.done
                if is_noted and self._is_same(table):
                    resumed += 1
                    continue
                with during(f"copying {table}"), self._target.transaction():
                    if is_noted:  # the source has changed since
                        copying.empty(self._target, table)
                    count = copying.copy(self._source, self._target, table, display.advance)
                    notes.add(table.key, count)
                if not self._is_same(table):
                    raise MoveError(f"{table}: the rows that arrived are not those that left")
        return resumed

    def _is_same(self, table: Table) -> bool:
        found, expected = (
            copying.fingerprint(side, table, checksum=self._choices.checksum)
            for side in (self._target, self._source)
        )
        return found == expected

    def _copy_large_objects(self, notes: Notes, display: Display) -> int:
        if LARGE_OBJECTS not in notes.done:
            display.say("large objects")
            with during("copying large objects"), self._target.transaction():
                count = large_objects.copy(
                    self._source,
                    self._target,
                    with_owners=self._choices.with_owners,
                    with_privileges=self._choices.privileges,
                )
                notes.add(LARGE_OBJECTS, count)
        return notes.done[LARGE_OBJECTS]

    def _finish(self, plan: Schema, notes: Notes, display: Display) -> int:
        """Do all that is left in one transaction: after it there is no trace of a move."""
        display.say("indexes and constraints")
        with during("indexes, constraints and triggers", plan.after), self._target.transaction():
            sequences = catalog.sequences(self._source)
            for sequence in sequences:
                copying.set_sequence(self._source, self._target, sequence)
            self._target.execute(plan.after.encode())
            display.say("statistics")
            with during("ANALYZE"):
                self._target.execute("ANALYZE")
            notes.end()
        return len(sequences)

"""From messages of pgoutput to changes with Python values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pglite_native.changes import messages
from pglite_native.changes.change import Change, Operation
from pglite_native.changes.messages import UNCHANGED, Relation, Row, Text
from pglite_native.database.scalar_converters import Parser
from pglite_native.errors import EngineError


@dataclass(frozen=True)
class Table:
    """A table, and how its columns' text is parsed."""

    relation: Relation
    parsers: tuple[Parser, ...]

    @classmethod
    def of(cls, relation: Relation, parser: Callable[[int], Parser]) -> Table:
        return cls(relation, tuple(parser(column.type) for column in relation.columns))

    def row(self, values: Sequence[Text], *, only_key: bool = False) -> dict[str, Any]:
        if len(values) != len(self.parsers):
            raise EngineError(f"pgoutput has written a row of another table than {self.relation}")
        return {
            column.name: parse(value) if isinstance(value, str) else value
            for column, parse, value in zip(
                self.relation.columns, self.parsers, values, strict=True
            )
            if column.is_key or not only_key
        }


Decoded = Table | messages.Decoded
"""A message, of which a Relation has been made a Table: only with a session are types known."""


@dataclass(frozen=True)
class End:
    """A transaction has ended, or a message that belongs to none: confirms a position."""

    position: int


class Assembler:
    """Makes changes of messages, in their order."""

    def __init__(self) -> None:
        self._tables: dict[int, Table] = {}
        self._xid: int | None = None
        self._time: datetime | None = None
        self._origin: str | None = None

    def feed(self, lsn: str, message: Decoded) -> Iterator[Change | End]:
        """Yield what a message says, which the log has at `lsn`.

        It may be fed again, if a parser of the user's has failed.
        """
        match message:
            case Table(relation):
                self._tables[relation.oid] = message
            case messages.Begin(xid, time):
                self._xid, self._time, self._origin = xid, time, None
            case messages.Origin(name):
                self._origin = name
            case messages.Commit(end):
                self._xid = self._time = self._origin = None
                yield End(end)
            case Row():
                yield self._row(lsn, message)
            case messages.Truncate(relations):
                for oid in relations:
                    table = self._table(oid).relation
                    yield self._change("truncate", lsn, schema=table.schema, table=table.name)
            case messages.Message(is_transactional, position, prefix, content):
                yield self._change("message", lsn, prefix=prefix, content=content)
                if not is_transactional:
                    yield End(position + 1)  # it is past what begins there

    def _row(self, lsn: str, row: Row) -> Change:
        table = self._table(row.relation)
        name = table.relation
        old = None if row.old is None else table.row(row.old, only_key=row.old_is_key)
        new = None if row.new is None else table.row(row.new)
        if old is not None and new is not None:
            for column, value in new.items():
                if value is UNCHANGED and column in old:
                    new[column] = old[column]
        return self._change(
            row.operation, lsn, schema=name.schema, table=name.name, old=old, new=new
        )

    def _table(self, oid: int) -> Table:
        if oid not in self._tables:
            raise EngineError(f"pgoutput has not said what the table of OID {oid} is")
        return self._tables[oid]

    def _change(self, operation: Operation, lsn: str, **fields: Any) -> Change:
        values = {"schema": None, "table": None, "old": None, "new": None, **fields}
        return Change(
            operation=operation,
            xid=self._xid,
            lsn=lsn,
            commit_time=self._time,
            origin=self._origin,
            **values,
        )

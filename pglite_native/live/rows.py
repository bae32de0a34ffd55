"""A result as it was and as it is: what has changed between the two, row by row.

Theory of operation: rows are compared as the text that PostgreSQL wrote, by a key; only what has
changed is converted into Python's values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Text = str | None
Parser = Callable[[str], Any]


@dataclass(frozen=True)
class LiveChange:
    """One change of a live query's result.

    Attributes:
        operation: "insert", "update" or "delete" of a row; "reset": the columns are others now, and
            all rows of before are gone.
        key: the value of the key's column; None of a reset.
        row: of an insert all columns, of an update those that have changed, otherwise empty.
        after: the key of the row before it in the result, None for the first row; of an insert, and
            of an update with `moved`.
        moved: whether an updated row has another row before it now.
    """

    operation: Literal["insert", "update", "delete", "reset"]
    key: Any
    row: dict[str, Any]
    after: Any = None
    moved: bool = False


class KeyedRows:
    """A result's rows by their keys, in order.

    Args:
        columns: names of the columns, and OIDs of their types.
        rows: the values as text.
        parsers: of the columns.
        key: a column's name.

    Raises:
        ValueError: there is no such column, or a key is NULL or comes twice.
    """

    def __init__(
        self,
        columns: Sequence[tuple[str, int]],
        rows: Sequence[tuple[Text, ...]],
        parsers: Sequence[Parser],
        key: str,
    ) -> None:
        self.columns = tuple(columns)
        self._parsers = parsers
        names = [name for name, _ in columns]
        if key not in names:
            raise ValueError(f"the key {key!r} is no column of the result: {', '.join(names)}")
        self._key = names.index(key)
        self._rows: dict[str, tuple[Text, ...]] = {}
        for row in rows:
            value = row[self._key]
            if value is None or value in self._rows:
                what = "NULL" if value is None else f"{value}, which comes twice"
                raise ValueError(f"the key {key!r} of a row is {what}: a key must be unique")
            self._rows[value] = row

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, KeyedRows):
            return NotImplemented
        return (
            self.columns == other.columns
            and self._rows == other._rows
            and list(self._rows) == list(other._rows)
        )

    __hash__ = None  # type: ignore[assignment]  # as of what is compared by value

    def objects(
        self, before: KeyedRows | None, known: Sequence[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Convert the rows; those that were the same `before` are the same dicts as in `known`."""
        old: dict[str, dict[str, Any]] = {}
        if before is not None and before.columns == self.columns:
            old = {
                key: made
                for (key, row), made in zip(before._rows.items(), known, strict=True)
                if self._rows.get(key) == row
            }
        return [old[key] if key in old else self._object(row) for key, row in self._rows.items()]

    def changes_since(self, before: KeyedRows | None) -> list[LiveChange]:
        """Return what has changed: inserts, deletes, updates, each in the order of its result."""
        old = before
        reset = []
        if before is not None and before.columns != self.columns:
            old, reset = None, [LiveChange("reset", None, {})]
        rows = {} if old is None else old._rows
        befores = dict(self._predecessors())
        inserts = [
            LiveChange("insert", self._value(key), self._object(row), self._value(befores[key]))
            for key, row in self._rows.items()
            if key not in rows
        ]
        deletes = [
            LiveChange("delete", self._value(key), {}) for key in rows if key not in self._rows
        ]
        return [*reset, *inserts, *deletes, *self._updates(old, befores)]

    def _updates(self, old: KeyedRows | None, befores: dict[str, Text]) -> Iterator[LiveChange]:
        if old is None:
            return
        for key, previous in old._predecessors():
            if key not in self._rows:
                continue
            moved = befores[key] != previous
            row, was = self._rows[key], old._rows[key]
            if not moved and row == was:
                continue
            changed = {
                name: self._parsed(column, row[column])
                for column, (name, _) in enumerate(self.columns)
                if row[column] != was[column]
            }
            after = self._value(befores[key]) if moved else None
            yield LiveChange("update", self._value(key), changed, after, moved)

    def _predecessors(self) -> Iterator[tuple[str, Text]]:
        previous = None
        for key in self._rows:
            yield key, previous
            previous = key

    def _object(self, row: tuple[Text, ...]) -> dict[str, Any]:
        return {
            name: self._parsed(column, row[column]) for column, (name, _) in enumerate(self.columns)
        }

    def _value(self, key: Text) -> Any:
        return self._parsed(self._key, key)

    def _parsed(self, column: int, value: Text) -> Any:
        return None if value is None else self._parsers[column](value)

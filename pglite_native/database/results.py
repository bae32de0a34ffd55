"""What queries return.

Not dataclasses, whose module imports more than a first answer needs otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, NoReturn, TypeVar, overload

Row = TypeVar("Row", dict[str, Any], tuple[Any, ...])


class Field(NamedTuple):
    """A column of a result; `data_type_id` is the OID of its type."""

    name: str
    data_type_id: int


class Results(Generic[Row]):
    """What came of one statement: its rows, to be iterated over and counted by `len` as such.

    It cannot be assigned to; two with the same in them are equal.

    `affected_rows` counts those that INSERT, UPDATE, DELETE, MERGE or COPY touched; `row_count`
    also those that SELECT, FETCH or MOVE found, and is None where nothing is counted. `command` is
    the first word of the command tag: "SELECT", "CREATE"; "" for an empty statement.
    """

    rows: list[Row]
    fields: list[Field]
    affected_rows: int
    command: str
    row_count: int | None

    __match_args__ = ("rows", "fields", "affected_rows", "command", "row_count")
    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self,
        rows: list[Row],
        fields: list[Field],
        affected_rows: int,
        command: str = "",
        row_count: int | None = None,
    ) -> None:
        vars(self).update(
            rows=rows,
            fields=fields,
            affected_rows=affected_rows,
            command=command,
            row_count=row_count,
        )

    if not TYPE_CHECKING:  # to whom names that are wrong are errors already

        def __getattr__(self, name: str) -> NoReturn:
            from pglite_native import guesses  # only for those who have made a mistake

            raise guesses.unknown(self, name, guesses.OF_RESULTS)

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if type(other) is type(self) else NotImplemented

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({fields})"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a result cannot be assigned to: {name}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a result cannot be assigned to: {name}")

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...

    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, str):
            raise TypeError(f"a result is a sequence of rows: result[0][{index!r}] is of the first")
        return self.rows[index]

    def first(self) -> Row | None:
        """The first row; None where there is none."""
        return self.rows[0] if self.rows else None

    def one(self) -> Row:
        """The one row there is.

        Raises:
            ValueError: there is none, or more than one.
        """
        if len(self.rows) != 1:
            raise ValueError(f"one() wants one row, and the statement returned {len(self.rows)}")
        return self.rows[0]

    def scalar(self) -> Any:
        """The first row's first value; None where there is no row.

        Raises:
            ValueError: the statement returns no columns.
        """
        if not self.fields:
            raise ValueError(f"scalar() wants a column, and {self.command or 'it'} returned none")
        row = self.first()
        return None if row is None else next(iter(row.values() if isinstance(row, dict) else row))


def keys(names: Sequence[str]) -> list[str]:
    """The keys of rows as dicts: the columns' names, numbered from the second of a name on.

    >>> keys(["id", "name", "id"])
    ['id', 'name', 'id_2']
    """
    found = dict.fromkeys(names)
    if len(found) == len(names):
        return list(names)
    taken, result = set(names), []
    for name in names:
        key, number = name, 1
        while key in result or (number > 1 and key in taken):
            number += 1
            key = f"{name}_{number}"
        result.append(key)
    return result


class Description(NamedTuple):
    """What a statement wants and gives: OIDs of its parameters' types, and its columns."""

    query_params: list[int]
    result_fields: list[Field]

"""What queries return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Row = TypeVar("Row", dict[str, Any], tuple[Any, ...])


@dataclass(frozen=True)
class Field:
    """A column of a result; `data_type_id` is the OID of its type."""

    name: str
    data_type_id: int


@dataclass(frozen=True)
class Results(Generic[Row]):
    """What came of one statement.

    `affected_rows` counts those that INSERT, UPDATE, DELETE, MERGE or COPY touched; `row_count`
    also those that SELECT, FETCH or MOVE found, and is None where nothing is counted. `command` is
    the first word of the command tag: "SELECT", "CREATE"; "" for an empty statement.
    """

    rows: list[Row]
    fields: list[Field]
    affected_rows: int
    command: str = ""
    row_count: int | None = None


@dataclass(frozen=True)
class Description:
    """What a statement wants and gives: OIDs of its parameters' types, and its columns."""

    query_params: list[int]
    result_fields: list[Field]

"""Books and who has borrowed them: PGlite, transactions, values, notifications, tarballs."""

from __future__ import annotations

import datetime
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

from pglite_native import (
    DatabaseError,
    DataDirError,
    Description,
    Diagnostic,
    EngineError,
    Field,
    Interval,
    Notice,
    PGlite,
    PGliteError,
    Range,
    Results,
    Transaction,
    TransactionError,
    identifier,
)

NUMERIC, TEXT = 1700, 25

T = TypeVar("T")


def the_same(expected: type[T], value: T) -> T:
    """Say to the reader, the type checker and the interpreter of what type a value is."""
    assert isinstance(value, expected)
    return value


class Shelf(Enum):
    FICTION = "fiction"
    POETRY = "poetry"


@dataclass
class Library:
    db: PGlite

    def add(self, title: str, price: Decimal | None, shelf: Shelf) -> int:
        result = self.db.query(
            "insert into book (title, price, shelf) values ($1, $2, $3) returning id",
            [title, price, shelf],
        )
        rows: list[dict[str, Any]] = result.rows
        found: int = rows[0]["id"]
        return found

    def titles(self) -> list[str]:
        result: Results[tuple[Any, ...]] = self.db.query(
            "select title from book order by id", row_mode="array"
        )
        return [title for (title,) in result.rows]

    def move(self, title: str, shelf: Shelf) -> int:
        with self.db.transaction() as transaction:
            return self._move(transaction, title, shelf)

    def _move(self, transaction: Transaction, title: str, shelf: Shelf) -> int:
        with transaction.transaction() as savepoint:
            moved = savepoint.query(
                "update book set shelf = $2 where title = $1", [title, shelf], on_notice=print
            )
        if transaction.closed:
            raise TransactionError(title)
        return moved.affected_rows


def columns(description: Description) -> list[tuple[str, int]]:
    fields: list[Field] = description.result_fields
    return [(field.name, field.data_type_id) for field in fields]


def hear(notice: Notice) -> None:
    diagnostic: Diagnostic = notice
    the_same(str, diagnostic.severity)


def explain(error: PGliteError) -> str:
    if isinstance(error, DatabaseError):
        constraint: str | None = error.constraint
        return f"{error.sqlstate} {constraint} {error.query}"
    if isinstance(error, DataDirError | EngineError):
        return f"the engine: {error}"
    return str(error)


def lines() -> Iterator[bytes]:
    yield b"Emma\tfiction\n"


def main() -> None:
    parsers: dict[int, Callable[[str], object]] = {NUMERIC: Fraction}
    with PGlite(
        on_notice=hear, parsers=parsers, settings={"work_mem": "8MB"}, memory_limit=1 << 30
    ) as db:
        library = Library(db)
        db.exec("create table book (id serial, title text unique, shelf text, price numeric)")
        the_same(int, library.add("Odes", Decimal("7.5"), Shelf.POETRY))
        assert library.titles() == ["Odes"]
        assert library.move("Odes", Shelf.FICTION) == 1
        try:
            library.add("Odes", None, Shelf.POETRY)
        except PGliteError as error:
            explanation = explain(error)
        assert explanation.startswith("23505 book_title_key")
        the_same(int, db.copy_from("copy book (title, shelf) from stdin", lines()))
        the_same(int, db.copy_to("copy book to stdout", io.BytesIO()))
        the_same(bytes, db.copy_to("copy book to stdout"))
        described = db.describe_query("select title from book", param_types=[])
        assert columns(described) == [("title", TEXT)]
        table = identifier("book")
        results: list[Results[tuple[Any, ...]]] = db.exec(f"table {table}", row_mode="array")
        the_same(str, results[0].command)
        the_same(int, results[0].row_count or 0)
        the_same(Range, db.query("select int4range(1, 5) as r").rows[0]["r"])
        the_same(Interval, db.query("select interval '1 month' as i").rows[0]["i"])
        heard: list[str] = []
        stop: Callable[[], None] = db.listen("books", heard.append)
        off: Callable[[], None] = db.on_notification(lambda channel, payload: None)
        db.query("notify books, 'moved'")
        stop()
        off()
        db.unlisten("books")
        assert heard == ["moved"]
        db.serializers[datetime.date] = datetime.date.isoformat
        db.parsers.pop(NUMERIC)
        db.refresh_array_types()
        tarball: bytes = db.dump_data_dir(compression="none")
        schema: str = db.dump_sql(args=["--schema-only"])
        assert "CREATE TABLE" in schema
        db.dump_sql(Path("library.sql"), database="postgres")
        with db.clone() as clone:
            clone.engine.cancel()
    with PGlite(load_data_dir=tarball) as loaded:
        assert not loaded.closed
        loaded.dump_data_dir(io.BytesIO(), "gzip")
        loaded.dump_data_dir(Path("library.tar.gz"))


if __name__ == "__main__":
    main()

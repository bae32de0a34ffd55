"""A cursor of PEP 249, whose rows have come as soon as its statement has run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from pglite_native._closing import Closing
from pglite_native.database import copying
from pglite_native.database.arguments import check_sql
from pglite_native.database.conversation import Answer
from pglite_native.database.typed_conversation import Converted
from pglite_native.dbapi import paramstyles, type_objects
from pglite_native.dbapi.exceptions import InterfaceError, NotSupportedError, ProgrammingError
from pglite_native.dbapi.paramstyles import Parameters
from pglite_native.protocol import wire

if TYPE_CHECKING:
    from typing_extensions import Self

    from pglite_native.dbapi.connection import Connection

Row = tuple[Any, ...]


class Cursor(Closing):
    """What `Connection.cursor` returns. Its rows are tuples; it can be iterated over."""

    arraysize = 1
    """How many rows `fetchmany` returns when it is not told."""

    lastrowid = None
    """Of PEP 249; PostgreSQL has RETURNING for it."""

    def __init__(self, connection: Connection) -> None:
        """Not to be called."""
        self._connection = connection
        self._closed = False
        self._param_types: Sequence[int] = ()
        self._later: list[Converted] = []  # results of further statements
        self._reset()

    def _begin(self) -> None:
        self._check()
        self._later = []
        self._reset()

    def _reset(self) -> None:
        self._rows: list[Row] = []
        self._position = 0
        self._columns: tuple[wire.Column, ...] | None = None
        self._row_count = -1

    if not TYPE_CHECKING:  # to whom names that are wrong are errors already

        def __getattr__(self, name: str) -> NoReturn:
            from pglite_native import guesses  # only for those who have made a mistake

            raise guesses.unknown(self, name, guesses.OF_CURSORS)

    @property
    def connection(self) -> Connection:
        """The connection that it belongs to."""
        return self._connection

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    @property
    def description(self) -> list[type_objects.Column] | None:
        """The result's columns; None where the statement has none."""
        return None if self._columns is None else type_objects.described(self._columns)

    @property
    def rowcount(self) -> int:
        """How many rows the statement returned or touched; -1 where nothing is counted."""
        return self._row_count

    @property
    def rownumber(self) -> int | None:
        """The index of the next row, from 0; None where there is no result."""
        return None if self._columns is None else self._position

    def execute(
        self,
        operation: str,
        parameters: Parameters | None = None,
        *,
        stream: copying.Stream = None,
    ) -> Self:
        """Run a statement, or without parameters any number of them: see `nextset`.

        Args:
            operation: the SQL.
            parameters: values for its placeholders: a sequence for %s, a mapping for %(name)s.
                Where there are none, a percent sign is one.
            stream: what a COPY reads from, a file or an iterable, or the file that it writes to;
                of text or of bytes. What it raises is raised, and ends the statement.

        Raises:
            Error: the statement failed, by its subclasses.
            TypeError: `operation` is no str.
        """
        check_sql(operation, "execute")
        self._begin()
        connection = self._connection
        if stream is not None:
            answer = connection._run(self._copying(operation, stream))
            self._row_count = -1 if answer.row_count is None else answer.row_count
            return self
        if parameters:
            sql, values = paramstyles.convert(operation, parameters, connection.paramstyle)
            self._take(connection._query(sql, values, self._given_types()))
        elif ";" in operation and paramstyles.is_script(operation):
            conversation = connection._conversation
            first, *self._later = connection._run(partial(conversation.run_script, operation))
            self._take(first)
        else:
            self._take(connection._query(operation))
        return self

    def _copying(self, operation: str, stream: copying.Stream) -> Callable[[], Answer]:
        text = self._connection._conversation.text
        if paramstyles.copies_out(operation):
            return partial(text.copy_out, operation, copying.sink(stream).write)
        return partial(text.copy_in, operation, copying.source(stream))

    def executemany(self, operation: str, seq_of_parameters: Sequence[Parameters]) -> Self:
        """Run a statement with each set of parameters, in one call; `rowcount` is of them all.

        If it fails for one, it has taken no effect for any. Rows that it returns are dropped.
        """
        check_sql(operation, "executemany")
        self._begin()
        sets = list(seq_of_parameters)
        if not sets:
            self._row_count = 0
            return self
        connection = self._connection
        sql, values = paramstyles.convert_many(operation, sets, connection.paramstyle)
        self._row_count = connection._query_many(sql, values, self._given_types())
        return self

    def callproc(self, procname: str, parameters: Sequence[Any] = ()) -> Sequence[Any]:
        """CALL a procedure, whose name is taken as SQL; what it returns is the result's row."""
        marks = ", ".join(f"${number}" for number in range(1, len(parameters) + 1))
        self._begin()
        self._take(self._connection._query(f"call {procname}({marks})", parameters))
        return parameters

    def _take(self, converted: Converted) -> None:
        rows, _, answer = converted
        if answer.columns or rows:
            self._rows, self._columns = rows, answer.columns
        if answer.row_count is not None:
            self._row_count = answer.row_count

    def nextset(self) -> bool | None:
        """Go to the result of the next statement; None when there is none."""
        self._check()
        self._reset()
        if not self._later:
            return None
        self._take(self._later.pop(0))
        return True

    def fetchone(self) -> Row | None:
        """Return the next row; None when there is none."""
        rows = self.fetchmany(1)
        return rows[0] if rows else None

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """Return at most so many of the next rows; `arraysize` if it is None."""
        self._check_result()
        start = self._position
        end = min(start + (self.arraysize if size is None else size), len(self._rows))
        self._position = end
        return self._rows[start:end]

    def fetchall(self) -> list[Row]:
        """Return all rows that are left."""
        self._check_result()
        start, self._position = self._position, len(self._rows)
        return self._rows[start:]

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Row:
        row = self.fetchone()
        if row is None:
            raise StopIteration
        return row

    def scroll(self, value: int, mode: Literal["relative", "absolute"] = "relative") -> None:
        """Go to another row.

        Raises:
            IndexError: there is none.
        """
        self._check_result()
        position = _target(value, mode, self._position)
        if not 0 <= position <= len(self._rows):
            raise IndexError(f"there is no row {position}: the result has {len(self._rows)}")
        self._position = position

    def setinputsizes(self, sizes: Sequence[int | None]) -> None:
        """Give the OIDs of the next parameters' types, where they are to be other than PostgreSQL
        would find out; None leaves it to that.
        """
        self._param_types = tuple(size or 0 for size in sizes)

    def _given_types(self) -> Sequence[int]:
        given, self._param_types = self._param_types, ()
        return given

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """Do nothing, as PEP 249 allows."""

    def close(self) -> None:
        """End it, and forget its rows; idempotent."""
        self._closed = True
        self._later, self._rows = [], []

    def _leave(self, kind: type[BaseException] | None) -> None:
        self.close()

    def _check(self) -> None:
        if self._closed:
            raise InterfaceError("the cursor is closed: make another by Connection.cursor()")

    def _check_result(self) -> None:
        self._check()
        if self._columns is None:
            raise ProgrammingError("there are no rows: no statement that returns some has been run")


def _target(value: int, mode: str, position: int) -> int:
    if mode not in ("relative", "absolute"):
        raise NotSupportedError(f"mode must be 'relative' or 'absolute': {mode!r}")
    return position + value if mode == "relative" else value

"""A cursor of the server's: its rows come as they are fetched, in bounded memory."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from pglite_native.database import copying
from pglite_native.database.arguments import check_sql
from pglite_native.database.conversation import IDLE
from pglite_native.database.quoting import identifier
from pglite_native.dbapi import paramstyles
from pglite_native.dbapi.cursor import Cursor, Row, _target
from pglite_native.dbapi.exceptions import NotSupportedError
from pglite_native.dbapi.paramstyles import Parameters

if TYPE_CHECKING:
    from typing_extensions import Self

    from pglite_native.dbapi.connection import Connection


class ServerCursor(Cursor):
    """What `Connection.cursor` returns when it is given a name: DECLARE, FETCH, MOVE and CLOSE.

    It lives until its transaction ends; with `withhold`, until it is closed.
    """

    itersize = 1000
    """How many rows an iteration fetches at a time."""

    def __init__(
        self, connection: Connection, name: str, scrollable: bool | None, withhold: bool
    ) -> None:
        """Not to be called."""
        super().__init__(connection)
        self.name = name
        self._identifier = identifier(name)
        self._withhold = withhold
        scroll = {None: "", True: "scroll ", False: "no scroll "}[scrollable]
        hold = "with hold " if withhold else ""
        self._declare = f"declare {self._identifier} {scroll}cursor {hold}for "
        self._declared = False
        self._ahead: deque[Row] = deque()  # fetched by an iteration, and not returned yet

    def execute(
        self,
        operation: str,
        parameters: Parameters | None = None,
        *,
        stream: copying.Stream = None,
    ) -> Self:
        """Begin to run a query.

        Raises:
            Error: the statement failed, by its subclasses.
        """
        if stream is not None:
            raise NotSupportedError("COPY has no cursor on the server: use one without a name")
        check_sql(operation, "execute")
        self._begin()
        self._close_declared()
        connection = self._connection
        if parameters:
            sql, values = paramstyles.convert(operation, parameters, connection.paramstyle)
            connection._query(self._declare + sql, values, self._given_types())
        else:
            connection._query(self._declare + operation)
        self._declared = True
        self._fetch("forward 0")
        self._row_count, self._position = -1, 0
        return self

    def executemany(self, operation: str, seq_of_parameters: Any) -> NoReturn:
        """Raise NotSupportedError: there is one query to a cursor."""
        raise NotSupportedError("a cursor on the server has one query: use one without a name")

    def callproc(self, procname: str, parameters: Any = ()) -> NoReturn:
        """Raise NotSupportedError: a procedure has no cursor."""
        raise NotSupportedError("a cursor on the server has a query: use one without a name")

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """Return at most so many of the next rows; `arraysize` if it is None."""
        self._check_result()
        wanted = self.arraysize if size is None else size
        rows = [self._ahead.popleft() for _ in range(min(wanted, len(self._ahead)))]
        if len(rows) < wanted:
            rows += self._fetch(f"forward {wanted - len(rows)}")
        self._position += len(rows)
        return rows

    def fetchall(self) -> list[Row]:
        """Return all rows that are left."""
        self._check_result()
        rows = [*self._ahead, *self._fetch("forward all")]
        self._ahead.clear()
        self._position += len(rows)
        return rows

    def __next__(self) -> Row:
        self._check_result()
        if not self._ahead:
            self._ahead.extend(self._fetch(f"forward {self.itersize}"))
        if not self._ahead:
            raise StopIteration
        self._position += 1
        return self._ahead.popleft()

    def _fetch(self, how: str) -> list[Row]:
        rows, _, answer = self._connection._query(f"fetch {how} from {self._identifier}")
        self._columns = answer.columns
        return rows

    def scroll(self, value: int, mode: Literal["relative", "absolute"] = "relative") -> None:
        """Go to another row; backwards only where the cursor is scrollable.

        Raises:
            Error: the cursor cannot go there.
        """
        self._check_result()
        position = _target(value, mode, self._position)
        self._ahead.clear()
        self._connection._query(f"move absolute {position} from {self._identifier}")
        self._position = position

    def close(self) -> None:
        """End it, here and on the server; idempotent."""
        if not self._closed:
            self._close_declared()
        super().close()

    def _close_declared(self) -> None:
        """Close the server's cursor, if it has not gone with its transaction."""
        self._ahead.clear()
        if not self._declared:
            return
        self._declared = False
        connection = self._connection
        if connection.closed or (connection.status == IDLE and not self._withhold):
            return
        found = "select from pg_catalog.pg_cursors where name = $1"
        if connection._query(found, (self.name,)).answer.row_count:
            connection._query(f"close {self._identifier}")

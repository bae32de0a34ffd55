"""Queries, and transactions around them."""

from __future__ import annotations

import contextlib
import io
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from threading import get_ident
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypedDict, overload

from pglite_native._closing import Closing
from pglite_native.database import copying
from pglite_native.database.arguments import (
    check_copy,
    check_no_params,
    check_options,
    check_spread,
    check_sql,
)
from pglite_native.database.conversation import IDLE, IN_TRANSACTION
from pglite_native.database.modes import MODES, modes
from pglite_native.database.results import Description, Results
from pglite_native.database.scalar_converters import Parser, Serializer
from pglite_native.database.typed_conversation import RowMode, TypedConversation
from pglite_native.diagnostics import Notice
from pglite_native.engine.files import Writable
from pglite_native.errors import PGliteError, TransactionError

if TYPE_CHECKING:
    from typing_extensions import Never, Unpack

    from pglite_native.database.arrow import ArrowTable
    from pglite_native.database.script import Source

Objects = Results[dict[str, Any]]
Arrays = Results[tuple[Any, ...]]


class ExecOptions(TypedDict, total=False):
    """The options of exec(): see Queries.query."""

    parsers: Mapping[int, Parser] | None
    on_notice: Callable[[Notice], object] | None


class QueryOptions(ExecOptions, total=False):
    """The options of query(): see Queries.query."""

    serializers: Mapping[int | type, Serializer] | None
    param_types: Sequence[int]


class ArrowOptions(TypedDict, total=False):
    """The options of query_arrow(): see Queries.query_arrow."""

    serializers: Mapping[int | type, Serializer] | None
    on_notice: Callable[[Notice], object] | None
    param_types: Sequence[int]


_EXEC = ("row_mode", *ExecOptions.__annotations__)
_PARAMS = frozenset(("params", "args", "parameters", "values"))
_QUERY = ("params", *_EXEC, *QueryOptions.__annotations__)


_ENDED = "the transaction has ended, or was not entered by `with`"


class Queries(ABC):
    """What a database and a transaction in it have in common."""

    _conversation: TypedConversation

    if not TYPE_CHECKING:  # to whom names that are wrong are errors already

        def __getattr__(self, name: str) -> NoReturn:
            from pglite_native import guesses  # only for those who have made a mistake

            raise guesses.unknown(self, name, guesses.OF_QUERIES)

    @property
    def _lock(self) -> AbstractContextManager[object]:
        """What a call holds."""
        return self._conversation.lock

    @abstractmethod
    def _ready(self) -> TypedConversation:
        """Return the conversation to its lock's holder; raise when it is too late."""

    @overload
    def query(
        self,
        sql: str,
        params: Sequence[Any] | None = None,
        *,
        row_mode: Literal["object"] = "object",
        **options: Unpack[QueryOptions],
    ) -> Objects: ...

    @overload
    def query(
        self,
        sql: str,
        params: Sequence[Any] | None = None,
        *,
        row_mode: Literal["array"],
        **options: Unpack[QueryOptions],
    ) -> Arrays: ...

    def query(
        self,
        sql: str,
        params: Sequence[Any] | None = None,
        *more: Never,
        row_mode: RowMode = "object",
        **options: Unpack[QueryOptions],
    ) -> Objects | Arrays:
        """Run one statement.

        Args:
            sql: the statement, with $1, $2, ... for its parameters.
            params: their values, in order; None is NULL.
            row_mode: "object" for rows as dicts by the columns' names, of which the second of a
                name is numbered (`id`, `id_2`); "array" for tuples.
            options: parsers: converters of results by the type's OID, before those of the database.
                serializers: converters of parameters by the type's OID, or by the value's class.
                on_notice: called with each notice and warning, beside the database's own.
                param_types: the parameters' types as OIDs, where they are to be other than
                PostgreSQL would find out; 0 leaves it to that.

        Raises:
            DatabaseError: PostgreSQL's error.
            TypeError: there is no serializer for a value; `sql` is no str, an option not known.
            EngineError: the engine cannot go on; its subclasses say why.
        """
        if more or options:
            check_spread(more, params, "query")
            check_options(options, _QUERY, "query")
        check_sql(sql, "query")
        with self._lock:
            return self._ready().query(sql, params, row_mode, **options)

    def query_arrow(
        self,
        sql: str,
        params: Sequence[Any] | None = None,
        **options: Unpack[ArrowOptions],
    ) -> ArrowTable:
        """Run one statement; return its result as an Arrow table.

        No Python object is made for a value. pyarrow, polars, pandas, duckdb and others take it, by
        Arrow's PyCapsule interface; none of them need be installed.

        >>> pyarrow.table(db.query_arrow("select * from book where price > $1", [5]))

        Args:
            sql: the statement, with $1, $2, ... for its parameters.
            params: their values, as for query().
            options: serializers, on_notice, param_types: as for query().

        Raises:
            ValueError: a value is none that Arrow's type can hold: infinity as a date or timestamp,
                NaN as a decimal, 24:00 as a time. The statement has been run.
        Otherwise raises as query() does.
        """
        with self._lock:
            return self._ready().query_arrow(sql, params, **options)

    @overload
    def exec(
        self,
        sql: str,
        *,
        row_mode: Literal["object"] = "object",
        **options: Unpack[ExecOptions],
    ) -> list[Objects]: ...

    @overload
    def exec(
        self, sql: str, *, row_mode: Literal["array"], **options: Unpack[ExecOptions]
    ) -> list[Arrays]: ...

    def exec(
        self,
        sql: str,
        *no_params: Never,
        row_mode: RowMode = "object",
        **options: Unpack[ExecOptions],
    ) -> list[Objects] | list[Arrays]:
        """Run any number of statements, without parameters; return a result for each.

        Outside of a transaction they are one: if a statement fails, none has taken effect.

        Takes row_mode, parsers and on_notice, and raises, as query() does.
        """
        check_sql(sql, "exec")
        if no_params or options:
            check_no_params((*no_params, *_PARAMS.intersection(options)), "exec")
            check_options(options, _EXEC, "exec")
        with self._lock:
            return self._ready().exec(sql, row_mode, **options)

    def exec_file(self, file: Source) -> None:
        """Run a file of SQL, also one of pg_dump's with data below its COPY ... FROM stdin.

        It is a path, or an open file: of a text in memory, io.StringIO(text).

        It is run as a whole, as by exec(). Where it has lines of psql's, which are the data and
        commands that begin with a backslash, what stands between them is run one after the other.
        Of the commands those that pg_dump writes, and \\i and \\ir, are known. A dump empties
        search_path, and at its end, \\unrestrict, that is reset.

        Raises:
            OSError: a file cannot be read.
            ValueError: it has another command of psql's, or is not UTF-8.
            TypeError: it is SQL itself.
            DatabaseError: PostgreSQL's error, with the file's name and line.
        """
        from pglite_native.database import script  # most programs have no such files

        is_path = isinstance(file, (str, os.PathLike))
        if (isinstance(file, str) and "\n" in file) or not (is_path or hasattr(file, "read")):
            raise TypeError("exec_file() takes a path or an open file: exec_file(io.StringIO(sql))")
        with self._lock:
            script.run(self._ready().text, file)

    def copy_from(self, sql: str, source: copying.Readable) -> int:
        """Run a COPY FROM STDIN; return how many rows were copied.

        >>> db.copy_from("copy author (name) from stdin", b"Eliot\\nAusten\\n")
        2

        Args:
            sql: the statement.
            source: what it reads, in the format that it names: bytes, an open file, of bytes or of
                text (which is sent as UTF-8), or an iterable of either. It is read as it is sent,
                and must not use the database. What it raises is raised, and nothing has been
                copied.

        Raises:
            ValueError: the statement is another one; it has been run.
            TypeError: `source` is a path or a text itself, or has something else in it.
        Otherwise raises as query() does.
        """
        check_copy(sql, "copy_from")
        with self._lock:
            return self._ready().copy_from(sql, source)

    @overload
    def copy_to(self, sql: str) -> bytes: ...

    @overload
    def copy_to(self, sql: str, sink: Writable | io.TextIOBase) -> int: ...

    def copy_to(self, sql: str, sink: Writable | io.TextIOBase | None = None) -> bytes | int:
        """Run a COPY TO STDOUT; write to a file and return how many rows were copied, or without
        one return what was copied.

        >>> db.copy_to("copy author (name) to stdout (format csv, header)")
        b'name\\nEliot\\nAusten\\n'

        Args:
            sql: the statement.
            sink: a file of bytes or of text; it is written to as rows come, and must not use the
                database. What it raises cancels the statement and is raised.

        Raises:
            ValueError: the statement is another one; it has been run.
        Otherwise raises as query() does.
        """
        check_copy(sql, "copy_to")
        with self._lock:
            conversation = self._ready()
            if sink is not None:
                return conversation.copy_to(sql, sink)
            buffer = io.BytesIO()
            conversation.copy_to(sql, buffer)
            return buffer.getvalue()

    def describe_query(self, sql: str, *, param_types: Sequence[int] = ()) -> Description:
        """Return the types of a statement's parameters and result, without running it.

        Takes param_types, and raises, as query() does.
        """
        check_sql(sql, "describe_query")
        with self._lock:
            return self._ready().describe(sql, param_types)

    def transaction(
        self,
        *wrong: Never,
        isolation_level: str | None = None,
        read_only: bool | None = None,
        deferrable: bool | None = None,
        **unknown: Never,
    ) -> Transaction:
        """Return a transaction, to be used in a `with` statement.

        It is committed when the block ends, and rolled back when an exception leaves it. Within
        another one it is a savepoint: what it did can be undone alone. While it is open other
        threads wait; those with a session of their own (PGlite.connect) only for its locks.

        >>> with db.transaction() as transaction:
        ...     transaction.query("insert into author (name) values ($1)", ["Eliot"])

        Args:
            isolation_level: "READ COMMITTED", "REPEATABLE READ" or "SERIALIZABLE"; None for what
                default_transaction_isolation says.
            read_only: whether it only reads.
            deferrable: whether a serializable one that only reads waits until it can be sure.

        Raises:
            ValueError: there is no such isolation level.
            TransactionError: a savepoint has no modes of its own; raised by `with`.
        """
        if wrong:
            raise TypeError("a transaction is a block: with db.transaction() as transaction: ...")
        check_options(unknown, MODES, "transaction")
        return Transaction(self, modes(isolation_level, read_only, deferrable))


class Transaction(Queries, Closing):
    """A transaction, or within one a savepoint; made by `transaction()`, good for one block."""

    def __init__(self, parent: Queries, modes: str = "") -> None:
        """Not to be called."""
        self._parent = parent
        self._modes = modes
        self._conversation = parent._conversation
        self._hold: Generator[None, None, None] | None = None
        self._depth = 0
        self._savepoint: str | None = None
        self._open = False
        self._half_ended = False
        self._used = False
        self._thread = 0

    if not TYPE_CHECKING:  # to whom names that are wrong are errors already

        def __getattr__(self, name: str) -> NoReturn:
            from pglite_native import guesses  # only for those who have made a mistake

            raise guesses.unknown(self, name, guesses.OF_TRANSACTIONS)

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self._used and not self._open

    def rollback(self) -> None:
        """Undo it, and end it: the rest of its block cannot use it any more."""
        with self._lock:
            self._ready()
            self._end(self._roll_back)

    @property
    def _lock(self) -> AbstractContextManager[object]:
        if self._used and self._thread != get_ident():  # it would wait for the end of the block
            if not self._open:
                raise TransactionError(_ENDED)
            raise TransactionError(
                "a transaction is used by the thread whose block it is: give other threads sessions"
                " of their own, db.connect(), or run their statements in that thread"
            )
        return self._conversation.lock

    def _ready(self) -> TypedConversation:
        conversation = self._parent._ready()
        if not self._open:
            raise TransactionError(_ENDED)
        return conversation

    def __enter__(self) -> Transaction:
        if self._used:
            raise TransactionError(
                "a transaction can be used in one `with` statement: call transaction() for another"
            )
        self._hold = _holding(self._parent._lock)
        try:
            next(self._hold)
            self._begin(self._parent._ready())
        except BaseException as error:
            self.__exit__(type(error))
            raise
        return self

    def _begin(self, conversation: TypedConversation) -> None:
        self._depth = conversation.savepoints
        if conversation.text.status == IDLE:
            conversation.unsettled = True  # until it is open, and `with` sees to its end
            conversation.text.simple(f"begin {self._modes}")
        elif self._modes:
            raise TransactionError(
                f"a transaction is open already: {self._modes} is for one that begins"
            )
        else:
            self._savepoint = f"pglite_{self._depth + 1}"
            conversation.exec(f"savepoint {self._savepoint}")
            conversation.savepoints += 1
        self._thread = get_ident()
        self._open = self._used = True
        conversation.unsettled = False

    def _leave(self, kind: type[BaseException] | None) -> None:
        """End it. What that raises has it called again, until nothing is left half done."""
        self._come_over()
        if self._open:
            self._end(self._commit if kind is None else self._roll_back_if_possible)
        if self._half_ended and self._savepoint:
            self._roll_back_if_possible()
        with contextlib.suppress(PGliteError):
            self._conversation.settle()
        if self._used:
            self._conversation.savepoints = self._depth
        if self._hold is not None:
            self._hold.close()

    def _come_over(self) -> None:
        """Hold the lock in this thread where the block, a generator's, has begun in another one."""
        if self._used and self._thread != get_ident():
            lock: Any = self._conversation.lock
            count, _ = lock._release_save()  # as threading.Condition does
            lock._acquire_restore((count, get_ident()))
            self._thread = get_ident()

    def _end(self, how: Callable[[], None]) -> None:
        conversation = self._conversation
        conversation.unsettled = self._savepoint is None
        self._open, self._half_ended = False, True
        how()
        conversation.unsettled = self._half_ended = False

    def _commit(self) -> None:
        status = self._conversation.text.status
        if status == IN_TRANSACTION:
            name = self._savepoint
            self._conversation.exec(f"release savepoint {name}" if name else "commit")
            return
        self._roll_back()
        if status == IDLE:
            raise TransactionError("a statement in the block ended the transaction")
        raise TransactionError("the transaction was rolled back: a statement in it has failed")

    def _roll_back_if_possible(self) -> None:
        with contextlib.suppress(PGliteError):  # then nothing is left to be undone
            self._roll_back()

    def _roll_back(self) -> None:
        name = self._savepoint
        if self._conversation.text.status != IDLE:
            self._conversation.exec(
                f"rollback to savepoint {name}; release savepoint {name}" if name else "rollback"
            )
        self._half_ended = False


def _holding(lock: AbstractContextManager[object]) -> Generator[None, None, None]:
    """Hold a lock from the first `next` until `close`, which can be called at any time.

    So it is known who is to release it, even if an interrupt comes when it has just been taken.
    """
    with lock:
        yield

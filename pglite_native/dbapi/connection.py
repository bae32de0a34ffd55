"""A connection of PEP 249: a session, and the transaction in it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeVar, overload

from pglite_native._closing import Closing
from pglite_native.database.conversation import IDLE, Conversation
from pglite_native.database.modes import modes
from pglite_native.database.scalar_converters import Parser, Serializer
from pglite_native.database.typed_conversation import Converted, TypedConversation
from pglite_native.database.types import Types
from pglite_native.dbapi import exceptions, two_phase
from pglite_native.dbapi.cursor import Cursor
from pglite_native.dbapi.exceptions import (
    DataError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
)
from pglite_native.dbapi.paramstyles import INTERFACES, Parameters, Paramstyle
from pglite_native.dbapi.server_cursor import ServerCursor
from pglite_native.dbapi.two_phase import Xid
from pglite_native.diagnostics import Notice
from pglite_native.engine.session import Session
from pglite_native.errors import EngineClosed, PGliteError
from pglite_native.known_attributes import KnownAttributes
from pglite_native.protocol import wire

Value = TypeVar("Value")

NOTICES_MAX = 100


class Connection(KnownAttributes, Closing):
    """What `connect` returns: a session of its own, with a transaction that the first statement
    begins, and `commit` or `rollback` ends.

    Threads may share it: each call waits for the one before.

    Attributes:
        isolation_level: of the transactions that are begun from now on: "READ COMMITTED",
            "REPEATABLE READ", "SERIALIZABLE"; None for the session's default, as for the next two.
        read_only: whether they only read.
        deferrable: whether a serializable one that only reads waits until it can be sure.
        paramstyle: of the SQL that its cursors get: "format", which also is "pyformat" where the
            parameters are a mapping, or "numeric_dollar", that is $1, $2, ... as PostgreSQL has it.
        notices: the last notices and warnings.
        notifications: process, channel and payload of each that has come; they come with the next
            statement, and stay until they are taken out.
    """

    Warning = exceptions.Warning
    Error = exceptions.Error
    InterfaceError = exceptions.InterfaceError
    DatabaseError = exceptions.DatabaseError
    DataError = exceptions.DataError
    OperationalError = exceptions.OperationalError
    IntegrityError = exceptions.IntegrityError
    InternalError = exceptions.InternalError
    ProgrammingError = exceptions.ProgrammingError
    NotSupportedError = exceptions.NotSupportedError

    _cursor_class = Cursor
    _settable: ClassVar[frozenset[str]] = frozenset(
        (
            "deferrable",
            "isolation_level",
            "notices",
            "notifications",
            "paramstyle",
            "read_only",
        )
    )

    def __init__(self, session: Session, *, owns_engine: bool, paramstyle: Paramstyle) -> None:
        """Not to be called. The session is the connection's, and closed with it."""
        self._session = session
        self._owns_engine = owns_engine
        self.notices: deque[Notice] = deque(maxlen=NOTICES_MAX)
        conversation = Conversation(session, self.notices.append)
        self._conversation = TypedConversation(conversation, Types())
        self.notifications = conversation.notifications
        self.paramstyle: Paramstyle = paramstyle
        self._autocommit = False
        self.isolation_level: str | None = None
        self.read_only: bool | None = None
        self.deferrable: bool | None = None
        self._two_phase: Xid | str | None = None
        self._prepared = False

    if not TYPE_CHECKING:  # to whom names that are wrong are errors already

        def __getattr__(self, name: str) -> NoReturn:
            from pglite_native import guesses  # only for those who have made a mistake

            raise guesses.unknown(self, name, guesses.OF_CONNECTIONS)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._conversation.closed

    @property
    def status(self) -> str:
        """Of the transaction: "I" for none, "T" for one in progress, "E" for one that has failed.

        Raises:
            OperationalError: the session cannot be used.
        """
        return self._call(lambda: self._conversation.text.status)

    @property
    def autocommit(self) -> bool:
        """Whether statements begin no transaction, and each is one of its own.

        Raises:
            ProgrammingError: it is changed in a transaction.
        """
        return self._autocommit

    @autocommit.setter
    def autocommit(self, on: bool) -> None:
        if on != self._autocommit and not self.closed and self.status != IDLE:
            raise ProgrammingError(
                "autocommit cannot be changed in a transaction: commit() or rollback() before"
            )
        self._autocommit = on

    @property
    def parsers(self) -> dict[int, Parser]:
        """Converters of results by the type's OID: they get the value's text."""
        return self._conversation.types.parsers

    @property
    def serializers(self) -> dict[int | type, Serializer]:
        """Converters of parameters by the type's OID, or by the value's class, to text."""
        return self._conversation.types.serializers

    @overload
    def cursor(self, name: None = None) -> Cursor: ...

    @overload
    def cursor(
        self, name: str, *, scrollable: bool | None = None, withhold: bool = False
    ) -> ServerCursor: ...

    def cursor(
        self, name: str | None = None, *, scrollable: bool | None = None, withhold: bool = False
    ) -> Cursor:
        """Return a cursor.

        Args:
            name: for one on the server, which reads a result of any size in bounded memory; None
                for one whose rows all come at once.
            scrollable: whether it can go backwards; None: where that costs nothing.
            withhold: whether it outlives its transaction.

        Raises:
            InterfaceError: the connection is closed.
        """
        self._check()
        if name is None:
            return self._cursor_class(self)
        return ServerCursor(self, name, scrollable, withhold)

    def execute(self, operation: str, parameters: Parameters | None = None) -> Cursor:
        """Run a statement by a cursor of its own, and return that."""
        return self.cursor().execute(operation, parameters)

    def commit(self) -> None:
        """End the transaction, if there is one, and keep what it did."""
        self._end("commit")

    def rollback(self) -> None:
        """End the transaction, if there is one, and undo what it did."""
        self._end("rollback")

    def _end(self, how: str) -> None:
        if self._two_phase is not None:
            raise ProgrammingError("a transaction of two phases ends by tpc_commit or tpc_rollback")
        self._check()
        if self._conversation.text.known_status != IDLE:
            self._call(self._end_open, how)

    def _end_open(self, how: str) -> None:
        text = self._conversation.text
        if text.status != IDLE:
            text.simple(how)

    def xid(self, format_id: int, global_transaction_id: str, branch_qualifier: str) -> Xid:
        """Return an identifier for a transaction of two phases."""
        return Xid(format_id, global_transaction_id, branch_qualifier)

    def tpc_begin(self, xid: Xid | str) -> None:
        """Begin a transaction of two phases, with its identifier or any string for one.

        Raises:
            ProgrammingError: a transaction is in progress, or `autocommit` is on.
        """
        if self._autocommit or self.status != IDLE:
            raise ProgrammingError(
                "a transaction of two phases begins outside of a transaction, with autocommit off"
            )
        self._two_phase, self._prepared = xid, False
        try:
            self._run(lambda: self._conversation.text.simple(""))
        except BaseException:
            self._two_phase = None
            raise

    def tpc_prepare(self) -> None:
        """Do the first phase: from here on the transaction outlives the session."""
        if self._two_phase is None or self._prepared:
            raise ProgrammingError("there is no transaction of two phases to be prepared")
        try:
            self._command(f"prepare transaction {two_phase.literal(self._two_phase)}")
            self._prepared = True
        except exceptions.Error:
            self._two_phase = None  # PostgreSQL has rolled it back
            raise

    def tpc_commit(self, xid: Xid | str | None = None) -> None:
        """Commit the transaction, in one phase if it has not been prepared; or another by its
        identifier, as `tpc_recover` returns it.
        """
        self._finish("commit", xid)

    def tpc_rollback(self, xid: Xid | str | None = None) -> None:
        """Undo the transaction, or another by its identifier."""
        self._finish("rollback", xid)

    def tpc_recover(self) -> list[Xid]:
        """Return the identifiers of all transactions that are prepared in this database."""
        query = "select gid from pg_catalog.pg_prepared_xacts where database = current_database()"
        before = self.status
        rows = self._query(query).rows
        if before == IDLE:
            self._call(self._end_open, "rollback")
        return [two_phase.parse(gid) for (gid,) in rows]

    def _finish(self, how: str, xid: Xid | str | None) -> None:
        if xid is None and self._two_phase is None:
            raise ProgrammingError("there is no transaction of two phases")
        own, self._two_phase = self._two_phase, None
        if xid is None and not self._prepared:
            self._call(self._end_open, how)
        else:
            self._command(f"{how} prepared {two_phase.literal(own or xid or '')}")

    def _command(self, sql: str) -> None:
        self._call(self._conversation.text.simple, sql)

    def cancel(self) -> None:
        """Cancel the running statement (57014). From any thread; nothing when idle."""
        self._session.cancel()

    _cancel = cancel

    def close(self) -> None:
        """Close it; a transaction in progress is rolled back. Idempotent.

        A statement that runs in another thread is cancelled.
        """
        self._conversation.closed = True
        self._session.close()
        if self._owns_engine:
            self._session.engine.close()

    def _leave(self, kind: type[BaseException] | None) -> None:
        """At a block's good end what it did is kept, as with psycopg."""
        if kind is None and not self.closed and self._two_phase is None:
            self._commit_what_is_there()
        self.close()

    def _commit_what_is_there(self) -> None:
        is_interrupted = self._conversation.text.known_status is None
        try:
            self.commit()
        except OperationalError as error:
            # Where the session has ended, the statement that it ended with has raised that.
            if not (is_interrupted and isinstance(error.__cause__, EngineClosed)):
                raise

    def _check(self) -> None:
        if self._conversation.closed:
            raise InterfaceError("the connection is closed: make another by connect()")

    def _query(
        self, sql: str, values: Sequence[Any] = (), param_types: Sequence[int] = ()
    ) -> Converted:
        """Run one statement in a transaction."""
        conversation = self._conversation
        try:
            return self._run(
                conversation.run, sql, values, "array", conversation.types, param_types
            )
        except (TypeError, ValueError) as error:
            raise _of_value(error) from error

    def _query_many(
        self, sql: str, sets: Sequence[Sequence[Any]], param_types: Sequence[int]
    ) -> int:
        """Run one statement any number of times in a transaction."""
        try:
            return self._run(self._conversation.run_many, sql, sets, param_types)
        except (TypeError, ValueError) as error:
            raise _of_value(error) from error

    def _run(self, call: Callable[..., Value], *arguments: Any) -> Value:
        """Call what runs statements, in a transaction."""
        value: Value = self._call(self._in_transaction, call, *arguments)
        return value

    def _in_transaction(self, call: Callable[..., Value], *arguments: Any) -> Value:
        text = self._conversation.text
        if self._autocommit or text.status != IDLE:
            return call(*arguments)
        text.beginning = _beginning(self.isolation_level, self.read_only, self.deferrable)
        try:
            return call(*arguments)
        finally:
            text.beginning = b""

    def _call(self, call: Callable[..., Value], *arguments: Any) -> Value:
        """Call what uses the session, and raise the exceptions of PEP 249."""
        with self._conversation.lock:
            self._check()
            try:
                return call(*arguments)
            except PGliteError as error:
                exceptions.raise_for(error, INTERFACES[self.paramstyle])


def _of_value(error: Exception) -> exceptions.Error:
    """Return what PEP 249 has for a value that cannot be converted."""
    kind = ProgrammingError if isinstance(error, TypeError) else DataError
    return kind(str(error))


@lru_cache
def _beginning(
    isolation_level: str | None, read_only: bool | None, deferrable: bool | None
) -> bytes:
    try:
        sql = f"begin {modes(isolation_level, read_only, deferrable)}"
    except ValueError as error:
        raise ProgrammingError(str(error)) from None
    return wire.parse(sql) + wire.bind([]) + wire.execute()

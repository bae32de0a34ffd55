"""Session: a backend of PostgreSQL in this process, spoken to in its wire protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from pglite_native.engine.engine import Engine
    from pglite_native.engine.files import Target

from pglite_native import logs
from pglite_native._closing import Closing, Dropping, Owner
from pglite_native.engine import forking, login
from pglite_native.engine.binding import check, ffi, lib, new_variable
from pglite_native.errors import EngineClosed
from pglite_native.uncopied import Uncopied

BytesLike = bytes | bytearray | memoryview
"""Bytes-like: one or many protocol messages, or a part of one."""

STREAM_PART = 256 * 1024
"""Bytes that a part of a stream has at least, but for the last: a few buffers' worth, so that the
price of a step (some microseconds) does not count."""

_UNLIMITED = 2**63

# Looked up once, as every call needs them.
_BYTES = ffi.typeof("uint8_t[]")
_REPLY = ffi.typeof("pgn_reply *")

forking.import_before_fork("logging", "pglite_native.error_excerpt")

# PostgreSQL's severities (elog.c) by Python's levels. ERROR is for the client, who has it already.
_LEVELS = {
    "WARNING": logs.WARNING,
    "FATAL": logs.ERROR,
    "PANIC": logs.CRITICAL,
    "DEBUG": logs.DEBUG,
}


def check_serving() -> None:
    """See whether clients can be served here.

    Raises:
        EngineError: a system call that it takes is refused.
    """
    error = ffi.new("pgn_error *")
    check(lib.pgn_can_serve(error), error, where="no client can be served here")


class Session(Uncopied, Closing):
    """A session of a cluster, with a transaction of its own: `open_session` makes it.

    What a connection of a server has to itself, it has: transaction, settings, role, prepared
    statements, portals, temporary tables, advisory locks, LISTEN. Files and shared memory are
    common to all sessions of a cluster, which run at the same time and wait for each other's
    locks as PostgreSQL has it.

    A session may be used from any thread, by one at a time; several threads use several sessions.
    The GIL is released while SQL runs. Sessions do not survive `os.fork()`: the child gets
    EngineError.
    """

    _handle: Any = ffi.NULL
    _incarnation = 0  # counts what makes another session of it, behind the back of who uses it
    _instead = (
        "Engine.fork() is a copy, open_session() one more session; another process opens an engine"
        " of its own"
    )

    _log_line: bytes
    _engine: Engine  # kept, so that a cluster lives as long as any of its sessions
    _database: str | None = None  # that was asked for, as was
    _user: str | None = None
    _helpers: list[Session]  # that work for a call of this one's, and are cancelled with it

    def _own(self, owner: Owner) -> None:
        self._owner = owner  # which ends the session when it is dropped
        self._handle = owner.variable[0]
        self._log_line = b""
        self._helpers = []

    @property
    def pid(self) -> int:
        """Its process number, as pg_backend_pid() returns it and pg_stat_activity shows it."""
        process: int = lib.pgn_session_process(self._handle)
        return process

    @property
    def engine(self) -> Engine:
        """The engine whose cluster it is a session of."""
        return self._engine

    @property
    def dsn(self) -> str:
        """How a driver connects as this session does, as libpq's keywords and values.

        From the first look at it, or at `url`, a server listens on a private Unix socket, until
        the engine is closed. Each connection is one more session of the cluster.
        """
        server = self.engine._private_server.server(self.engine)
        return server.dsn_of(self._database or server.database, self._user)

    @property
    def url(self) -> str:
        """The same as a URL."""
        server = self.engine._private_server.server(self.engine)
        return server.url_of(self._database or server.database, self._user)

    def open_session(self, database: str | None = None, user: str | None = None) -> Session:
        """Open one more session of this session's cluster.

        It begins as a new connection does: with none of this one's settings, prepared statements,
        temporary tables.

        Args:
            database: any database of the cluster; None for this session's.
            user: any role that may log in; None for this session's.

        Raises:
            DatabaseError: PostgreSQL refuses: there is no such database or role (3D000, 28000), it
                must not be connected to (55000, 42501), there are as many sessions as
                `max_connections` allows (53300).
            EngineMemoryError: there is no memory, address space or memory map for one more.
            EngineClosed: the cluster is closed.
        """
        database, user = database or self._database, user or self._user
        if database is None and user is None:
            # Refused, PostgreSQL says why to a client that logs in.
            with suppress(EngineClosed):
                return self._open_sibling(None)
        session = login.open_session(self, database, user)
        session._database, session._user = database, user
        return session

    def _open_sibling(
        self, packet: BytesLike | None, address: tuple[int, int, int, int] | None = None
    ) -> Session:
        """Open a session by a startup packet, whose answer the next call returns, refusals too.

        `address`: where the client is, as pgn_address has it; None: on this machine.
        """
        data = ffi.NULL if packet is None else ffi.from_buffer(_BYTES, packet)
        owner, error = new_variable("pgn_session"), ffi.new("pgn_error *")
        size = 0 if packet is None else len(data)
        client = ffi.NULL if address is None else ffi.new("pgn_address *", address)
        status = lib.pgn_session_open(self._handle, data, size, client, owner.variable, error)
        self._pass_log_on()
        check(status, error)
        session = Session.__new__(Session)
        session._own(owner)
        session._engine = self.engine
        return session

    def exec_protocol_raw(self, message: BytesLike) -> bytes:
        """Send messages of the frontend protocol, return everything the backend answers.

        `message` may hold a part of a message or many. The call returns when the backend has dealt
        with all of it and waits for more; an incomplete message is completed by the next calls.
        Errors of SQL are messages in the reply, not exceptions.

        Reference: PostgreSQL documentation, chapter "Frontend/Backend Protocol".

        Raises:
            EngineBusy: another thread is using the session, or a stream is open.
            EngineClosed: the session is closed, or has ended.
            EngineMemoryError: the reply does not fit in memory; use exec_protocol_stream.
            EngineError: the cluster has failed.
        """
        parts: list[bytes] = []
        self._exec(message, _UNLIMITED, parts.append)
        return b"".join(parts)

    def exec_protocol_stream(self, message: BytesLike) -> Stream:
        """As exec_protocol_raw, with the reply in parts of some hundred KiB as it is made.

        Memory stays bounded for replies of any size. Until the stream is exhausted or closed the
        session is busy; closing it early cancels the statement and drops the rest of the reply.
        """
        return Stream(self, message)

    def _exec_in_parts(self, message: BytesLike, take: Callable[[bytes], object]) -> None:
        """As exec_protocol_raw; the parts of a long reply are handed on as they are made."""
        self._exec(message, STREAM_PART, take)

    def _exec(self, message: BytesLike, part_size: int, take: Callable[[bytes], object]) -> None:
        """Make a call, and hand on the parts of its reply, each of at least some size but the last.

        Whatever is raised meanwhile (in a main thread that may be a KeyboardInterrupt, after any
        call of a function), the call has ended then. So its end stands here, not in a function,
        which could be interrupted before it does anything.
        """
        data = ffi.from_buffer(_BYTES, message)  # borrowed by the session until the call's end
        size, reply = len(data), ffi.new(_REPLY)
        reply.ended = True  # as none has begun; pgn_exec says otherwise
        try:
            status = lib.pgn_exec(self._handle, data, size, part_size, reply)
            if status:
                reply.ended = True  # by the failure
                check(status, reply.error)
            if reply.ended:
                take(bytes(ffi.unpack(reply.short_bytes, reply.size)))
            while not reply.ended and (reply.size or reply.paused):
                if reply.size:
                    take(bytes(ffi.buffer(reply.bytes, reply.size)))
                # Where it is paused, Python looks at its signals in between: Ctrl-C cancels.
                check(lib.pgn_next(self._handle, part_size, reply), reply.error)
        finally:
            if not reply.ended:
                lib.pgn_end(self._handle, ffi.NULL)  # refused only when closed: then it has ended
            if reply.log_size:
                self._pass_log_on()

    def _serve(self, socket: int, buffer: BytesLike) -> int | None:
        """Answer a client, on a socket's descriptor, and send it what the idle session has to say.

        The GIL is released all the time; `buffer` is for what comes.

        Return None when it is over: one side has ended it; 0 if there is something else to look at.
        """
        data = ffi.from_buffer(_BYTES, buffer, require_writable=True)
        reply, over = ffi.new(_REPLY), ffi.new("bool *")
        status = lib.pgn_serve(self._handle, socket, data, len(data), over, reply)
        if reply.log_size:
            self._pass_log_on()
        check(status, reply.error)
        return None if over[0] else 0

    def cancel(self) -> None:
        """Cancel the running statement (SQLSTATE 57014). From any thread; nothing when idle."""
        lib.pgn_cancel(self._handle)
        for helper in tuple(self._helpers):
            helper.cancel()

    @contextmanager
    def _helped_by(self, helper: Session) -> Iterator[None]:
        """What cancels this session's call cancels the helper's, too."""
        self._helpers.append(helper)
        try:
            yield
        finally:
            self._helpers.remove(helper)

    @overload
    def dump_sql(self, *, args: Sequence[str] = (), database: str | None = None) -> str: ...

    @overload
    def dump_sql(
        self, file: Target, *, args: Sequence[str] = (), database: str | None = None
    ) -> None: ...

    def dump_sql(
        self,
        file: Target | None = None,
        *,
        args: Sequence[str] = (),
        database: str | None = None,
    ) -> str | None:
        """Dump a database as SQL, by PostgreSQL's pg_dump, which the package brings.

        It sees what is committed, as it was at one moment, from a session of its own, and waits for
        tables that others have locked exclusively: a transaction of this session among them.

        >>> schema = session.dump_sql(args=["--schema-only", "--no-owner"])

        Args:
            file: a path, where the dump is there whole or not at all, or a binary file; without it,
                the dump is returned.
            args: options of pg_dump, as on its command line: what is dumped, and how.
            database: any database of the cluster; None for this session's.

        Raises:
            DumpError: pg_dump cannot; the message is its own.
            DatabaseError: PostgreSQL does not let the session's user into the database.
            ValueError: `args` say where the dump goes, in which format, or whence it comes.
            OSError: the file cannot be written.
            EngineClosed: the cluster is closed.

        Reference: PostgreSQL documentation, pg_dump.
        """
        from pglite_native.engine import sql_dump  # most sessions are never dumped

        return sql_dump.dump(self, file, args, database)

    def close(self) -> None:
        """End the session as a server does when its client is gone; idempotent.

        An open transaction is rolled back. A statement that runs in another thread is cancelled
        and awaited; that thread gets EngineClosed or the statement's last reply.
        """
        if not self._handle:  # it was never opened
            return
        lib.pgn_close(self._handle)
        self._pass_log_on()

    def _leave(self, kind: type[BaseException] | None) -> None:
        self.close()

    def _pass_log_on(self) -> None:
        size = 64 * 1024
        try:
            buffer = ffi.new("char[]", size)
        except MemoryError:  # the log waits for the next call, the caller gets this one's reply
            return
        text = self._log_line
        while count := lib.pgn_log(self._handle, buffer, size):
            text += bytes(ffi.buffer(buffer, count))
        *lines, self._log_line = text.split(b"\n")
        for line in lines:
            severity = line.partition(b":  ")[0].rpartition(b" ")[2].rstrip(b"12345")
            level = _LEVELS.get(severity.decode(errors="replace"), logs.INFO)
            logs.logger("guest").log(level, "%s", line.decode(errors="replace"))


class Stream(Dropping, Iterator[bytes]):
    """The reply of one call, in parts; made by Session.exec_protocol_stream.

    Dropping it, closing it, or leaving a `with` on it before its end abandons the rest.
    """

    _session: Session | None = None

    def __init__(self, session: Session, message: BytesLike) -> None:
        """Not to be called."""
        self._data = ffi.from_buffer(_BYTES, message)  # borrowed by the session until the end
        self._reply: Any = ffi.new(_REPLY)
        size, error = len(self._data), ffi.new("pgn_error *")
        try:
            check(lib.pgn_begin(session._handle, self._data, size, error), error)
            self._session = session
        except BaseException:
            if not error.status:  # it has begun, and an interrupt came after
                lib.pgn_end(session._handle, ffi.NULL)
            raise

    def __next__(self) -> bytes:
        if self._session is None:
            raise StopIteration
        reply = self._reply
        try:
            while True:
                check(lib.pgn_next(self._session._handle, STREAM_PART, reply), reply.error)
                if not reply.paused:
                    break
        except BaseException:
            self.close()
            raise
        if reply.size:
            return bytes(ffi.buffer(reply.bytes, reply.size))
        self.close()
        raise StopIteration

    def close(self) -> None:
        """End the call; idempotent."""
        session, self._session = self._session, None
        if session is not None and session._handle:
            lib.pgn_end(session._handle, ffi.NULL)  # refused only when closed: then it has ended
            self._data = None
            if self._reply.log_size:
                session._pass_log_on()

    def _leave(self, kind: type[BaseException] | None) -> None:
        self.close()

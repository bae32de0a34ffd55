"""PGlite: a database with Python values in it. Names are those of PGlite's own interface."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypedDict, overload

from pglite_native._closing import Closing
from pglite_native.database.arguments import check_callable, check_options
from pglite_native.database.conversation import IDLE, Conversation
from pglite_native.database.quoting import identifier
from pglite_native.database.results import Results
from pglite_native.database.scalar_converters import Parser, Serializer
from pglite_native.database.transaction import Queries
from pglite_native.database.typed_conversation import Callback, Listener, TypedConversation
from pglite_native.database.types import Types
from pglite_native.diagnostics import Notice
from pglite_native.engine.engine import Engine
from pglite_native.engine.guest import Tier
from pglite_native.engine.session import Session
from pglite_native.engine.snapshot import Snapshot
from pglite_native.errors import EngineClosed, SnapshotError, TransactionError
from pglite_native.known_attributes import KnownAttributes
from pglite_native.uncopied import Uncopied

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from pglite_native.changes.iterating import Changes
    from pglite_native.engine.data_dir import Compression, Source
    from pglite_native.engine.files import Target
    from pglite_native.live.hub import Hub
    from pglite_native.live.query import LiveChanges, LiveIncrementalQuery, LiveQuery
    from pglite_native.live.rows import LiveChange


class EngineOptions(TypedDict, total=False):
    """The keyword arguments of Engine, which describes them."""

    settings: Mapping[str, str] | None
    user: str
    database: str
    transport: Literal["polling", "callback"] | None
    buffer_size: int | str
    memory_limit: int | str | None
    initdb_args: Sequence[str] | None
    load_data_dir: Source | None
    clock: datetime | None
    seed: int | None
    extensions: Sequence[str]
    image: Snapshot | str | os.PathLike[str] | Literal[False] | None
    tier: Tier


class PGlite(Queries, KnownAttributes, Uncopied, Closing):
    """A PostgreSQL 18 database in this process, in memory or in a directory.

    >>> with PGlite() as db:
    ...     db.exec("create table author (id int generated always as identity, name text)")
    ...     db.query("insert into author (name) values ($1)", ["Eliot"])
    ...     print(db.query("select * from author").rows)
    [{'id': 1, 'name': 'Eliot'}]

    It is one session: threads may share it, and each call, and each transaction as a whole, waits
    for the one before. `connect` gives a thread a session of its own.

    Args:
        data_dir: a directory for a durable database, made with its parents if it is missing, also
            as a URL (file://); None, ":memory:" or "memory://" for memory.
        engine: an engine or a session to use, in place of all arguments that describe an engine;
            it is closed with the database.
        parsers: converters of results by the type's OID: they get the value's text.
        serializers: converters of parameters by the type's OID, or by the value's class: they
            return the value's text.
        on_notice: called with each notice and warning. They are logged in any case, by the logger
            pglite_native.notice.
        options: keyword arguments of Engine.

    Raises:
        EngineError: as Engine does.
        TypeError: an option is not known.
        ValueError: `data_dir` is the address of a server.
    """

    _instead = (
        "clone() is a copy, connect() one more session; another process opens a database of its"
        " own, PGlite(image=path), or connects by a driver to `url`"
    )

    _settable: ClassVar[frozenset[str]] = frozenset()

    def __init__(
        self,
        data_dir: str | os.PathLike[str] | None = None,
        *,
        engine: Session | None = None,
        parsers: Mapping[int, Parser] | None = None,
        serializers: Mapping[int | type, Serializer] | None = None,
        on_notice: Callable[[Notice], None] | None = None,
        **options: Unpack[EngineOptions],
    ) -> None:
        check_place(data_dir, engine, options)
        self._on_notice = on_notice
        self._hub: Hub | None = None  # of its live queries
        self._session = Engine(data_dir, **options) if engine is None else engine
        try:
            conversation = Conversation(self._session, on_notice)
            self._conversation = TypedConversation(conversation, Types(parsers, serializers))
        except BaseException:
            self._session.close()  # now, not when the exception is dropped
            raise

    @property
    def engine(self) -> Engine:
        """The engine of its cluster, for what that alone can do: its clock, snapshots."""
        return self._session.engine

    @property
    def session(self) -> Session:
        """Its session, for the raw protocol; the engine itself, if it came with one."""
        return self._session

    @property
    def dsn(self) -> str:
        """How a driver connects to this live database, as libpq's keywords and values.

        From the first look at it, or at `url`, a server listens on a private Unix socket, until
        the engine is closed. Each connection is one more session.
        """
        return self._session.dsn

    @property
    def url(self) -> str:
        """The same as a URL."""
        return self._session.url

    def connect(self, database: str | None = None, user: str | None = None) -> PGlite:
        """Return one more session of the same cluster, with transactions of its own.

        Both can be used at the same time, each from its own thread; they wait for each other's
        locks as connections to a server do. It has this one's converters and on_notice. Closing
        it rolls back what it has not committed; it is also closed with the cluster, that is, with
        the PGlite that was there first.

        Args:
            database: any database of the cluster; None for this one.
            user: any role that may log in; None for this one's.

        Raises:
            EngineError: as Session.open_session does.
        """
        return self._connect(database, user, self._on_notice)

    def _connect(
        self, database: str | None, user: str | None, on_notice: Callable[[Notice], None] | None
    ) -> PGlite:
        if self.closed:
            raise EngineClosed("the database is closed: open it again before connecting")
        return PGlite(
            engine=self._session.open_session(database, user),
            parsers=self.parsers,
            serializers=self.serializers,
            on_notice=on_notice,
        )

    @property
    def parsers(self) -> dict[int, Parser]:
        """Converters of results by the type's OID; changes count from the next result on."""
        return self._conversation.types.parsers

    @property
    def serializers(self) -> dict[int | type, Serializer]:
        """Converters of parameters by the type's OID, or by the value's class."""
        return self._conversation.types.serializers

    @property
    def closed(self) -> bool:
        """Whether close() was called."""
        return self._conversation.closed

    def __repr__(self) -> str:
        session = vars(self).get("_session")
        if session is None:  # a subclass's own __init__ has not come to ours
            return object.__repr__(self)
        folder = session.engine.data_dir
        where = "in memory" if folder is None else f"in {folder}"
        return f"<{type(self).__name__} {where}{', closed' if self.closed else ''}>"

    def _ready(self) -> TypedConversation:
        conversation = self._conversation
        if conversation.closed:
            raise EngineClosed("the database is closed")
        if conversation.unsettled:
            conversation.settle()
        return conversation

    def listen(self, channel: str, callback: Callback) -> Callable[[], None]:
        """LISTEN on a channel; return a function that ends it.

        `callback` gets the payload of each notification, after the statement that brought it and
        in the thread that ran that; if it fails, the exception is logged. The channel's name is
        taken as it is: SQL's `listen Jobs`, without quotes, means "jobs".

        Raises:
            DatabaseError: PostgreSQL's error.
        """
        check_callable(callback, "listen()")
        with self._conversation.lock:
            conversation = self._ready()
            conversation.exec(f"listen {identifier(channel)}")
            conversation.channels.setdefault(channel, []).append(callback)
        return lambda: self.unlisten(channel, callback)

    def unlisten(self, channel: str, callback: Callback | None = None) -> None:
        """End what listen() began, for one callback or for all of the channel.

        UNLISTEN is sent when none is left. Unknown channels and callbacks are passed over.

        Raises:
            DatabaseError: PostgreSQL's error.
        """
        with self._conversation.lock:
            conversation = self._ready()
            callbacks = conversation.channels.get(channel, [])
            left = [known for known in callbacks if callback not in (None, known)]
            if left:
                conversation.channels[channel] = left
            elif conversation.channels.pop(channel, None):
                conversation.exec(f"unlisten {identifier(channel)}")

    def on_notification(self, callback: Listener) -> Callable[[], None]:
        """Call a function with channel and payload of every notification; return one to end it.

        What is heard are the channels that are listened to.
        """
        check_callable(callback, "on_notification()")
        with self._conversation.lock:
            conversation = self._ready()
            conversation.listeners.append(callback)

        def off() -> None:
            with contextlib.suppress(ValueError):  # twice is as good as once
                self._conversation.listeners.remove(callback)

        return off

    def changes(
        self,
        *,
        tables: Sequence[str] | None = None,
        publication: str | Sequence[str] | None = None,
        slot: str | None = None,
        messages: bool = False,
        timeout: float | None = None,
    ) -> Changes:
        """Return an iterator over what any session commits to this database from now on, to be used
        in a `with` statement.

        It has a session of its own, and needs settings={"wal_level": "logical"}. To begin, it waits
        for the end of all transactions that have written something.

        >>> with db.changes(tables=["author"]) as changes:
        ...     for change in changes:  # for ever, as there is no timeout
        ...         print(change.operation, change.table, change.new)

        Args:
            tables: names of tables, as SQL has them: "author", "other.author"; None for all tables.
                A publication is made of them, and dropped at the end.
            publication: the name of a publication, or several, in place of `tables`.
            slot: the name of a replication slot that stays, made if it is missing: the next
                iterator over it begins where the last one has ended, in another process too. Each
                transaction comes at least once. None for a slot that goes with the iterator.
            messages: whether those of pg_logical_emit_message come, too.
            timeout: how long to wait for a change before an iteration ends, in seconds: 0 for what
                is there now, None for ever.

        Raises:
            DatabaseError: `wal_level` is another (55000); there is no such publication or table
                (42704, 42P01); the slot is in use (55006); the role must not (42501).
            TransactionError: a transaction is open in this session.
            ValueError: the arguments exclude each other, or the slot is another plugin's.
            EngineError: as Session.open_session does.
        """
        from pglite_native.changes.iterating import Changes  # most databases have none
        from pglite_native.changes.reader import Reader
        from pglite_native.changes.slot import Selection

        selection = Selection(publication, tables, slot, messages)
        return Changes(
            self._beside(), lambda session: Reader(session, selection, self.parsers), timeout
        )

    def live_query(
        self,
        sql: str,
        params: Sequence[Any] | None = None,
        callback: Callable[[Results[dict[str, Any]]], object] | None = None,
        *,
        offset: int | None = None,
        limit: int | None = None,
        on_error: Callable[[Exception], object] | None = None,
    ) -> LiveQuery:
        """Run a query now, and again whenever any session has committed a change to its tables.

        >>> def show(results):
        ...     print(results.rows)
        >>> live = db.live_query("select * from author", callback=show)

        The query runs in a session of its own, with the settings that this one has at its first
        live query: it sees what is committed, and no temporary tables.

        Args:
            sql: one statement that only reads, with $1, $2, ... for its parameters.
            params: their values, in order; None is NULL.
            callback: called with the first results, and then with those that are others, in a
                thread of the live queries. What it raises is logged.
            offset: rows to leave out, with `limit`: the results are then WindowResults.
            limit: rows to return at most.
            on_error: called with what the query raises when it is run again; without it, that is
                logged. `wait` and iteration raise it in any case.

        Raises:
            DatabaseError: PostgreSQL's error.
            TransactionError: a transaction is open in this session.
            ValueError: there is only one of offset and limit, or it is negative.
            EngineError: as Session.open_session does.
        """
        from pglite_native.live.query import LiveQuery, checked_window  # most databases have none

        window = checked_window(offset, limit)
        return LiveQuery(self, sql, params, callback, on_error, window)

    def live_incremental_query(
        self,
        sql: str,
        params: Sequence[Any] | None,
        key: str,
        callback: Callable[[Results[dict[str, Any]]], object] | None = None,
        *,
        on_error: Callable[[Exception], object] | None = None,
    ) -> LiveIncrementalQuery:
        """Do the same as live_query; rows that have not changed are the same objects as before.

        Only rows that have changed are converted: for large results, and for programs that compare
        rows by identity.

        Args:
            key: a column of the result that is unique and not NULL.

        Raises:
            ValueError: there is no such column, or a key is NULL or comes twice.
        Otherwise takes and raises the same as live_query.
        """
        from pglite_native.live.query import LiveIncrementalQuery  # most databases have none

        return LiveIncrementalQuery(self, sql, params, key, callback, on_error)

    def live_changes(
        self,
        sql: str,
        params: Sequence[Any] | None,
        key: str,
        callback: Callable[[list[LiveChange]], object] | None = None,
        *,
        on_error: Callable[[Exception], object] | None = None,
    ) -> LiveChanges:
        """Tell what changes in a query's result, row by row: inserts, deletes, updates.

        The first changes are inserts of all rows. Takes and raises the same as
        live_incremental_query.
        """
        from pglite_native.live.query import LiveChanges  # most databases have none

        return LiveChanges(self, sql, params, key, callback, on_error)

    def _cancel(self) -> None:
        """Cancel what a call runs, here or for a live query; from any thread."""
        self._session.cancel()
        if self._hub is not None:
            self._hub.cancel()

    def _beside(self) -> PGlite:
        """Return a session for work of ours beside this one: with no one else's converters.

        That work waits for transactions to end, so this session must not be in one.
        """
        with self._conversation.lock:
            _check_idle(self._ready(), "watched")
        return PGlite(engine=self._session.open_session())

    def refresh_array_types(self) -> None:
        """Look up all types, of arrays, ranges and domains too, in the database.

        New types are looked up when they are first met, so this is only needed where an OID has
        come to mean something else: after Engine.restore.

        Raises:
            DatabaseError: PostgreSQL's error.
        """
        with self._conversation.lock:
            conversation = self._ready()
            conversation.look_up_types()

    def clone(self) -> PGlite:
        """Return a copy in memory, which shares nothing with this database but the converters.

        A database in memory of any size is forked in microseconds to milliseconds, with its
        session's settings and temporary tables; of a directory the files are copied. What this one
        listens to stays with it.

        Raises:
            TransactionError: a transaction is open.
            EngineError: as Engine.fork and Engine.copy_to_memory do.
        """
        with self._conversation.lock:
            conversation = self._ready()
            _check_idle(conversation, "cloned")
            try:
                engine = self.engine.fork()
                is_fork = self.engine is self._session  # of this session, not only of its cluster
            except SnapshotError:  # its files are in a directory, most likely; or this raises, too
                engine, is_fork = self.engine.copy_to_memory(), False
            clone = PGlite(engine=engine, on_notice=self._on_notice)
            if is_fork:
                clone._conversation.text.continues(conversation.text)
            clone._conversation.types = conversation.types.copy()
            if conversation.channels:
                clone.exec("unlisten *")
        return clone

    @overload
    def dump_data_dir(self, *, compression: Compression = "auto") -> bytes: ...

    @overload
    def dump_data_dir(self, file: Target, compression: Compression = "auto") -> None: ...

    def dump_data_dir(
        self,
        file: Target | None = None,
        compression: Compression = "auto",
    ) -> bytes | None:
        """Write the database's files as a tarball, as Engine.dump_data_dir does; return it when
        there is no file.

        `PGlite(load_data_dir=...)` loads it, and so does PGlite on Node.

        Raises:
            TransactionError: a transaction is open.
            OSError: the file cannot be written.
        """
        with self._conversation.lock:
            conversation = self._ready()
            _check_idle(conversation, "dumped")
            if file is None:
                return self.engine.dump_data_dir(compression=compression)
            self.engine.dump_data_dir(file, compression)
            return None

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
        """Dump the database as SQL, by PostgreSQL's pg_dump, which the package brings; return it
        when there is no file.

        It is what all sessions have committed, as it was at one moment. To restore it, run the file
        in another database, by exec_file or psql.

        >>> db.dump_sql("shop.sql")
        >>> schema = db.dump_sql(args=["--schema-only", "--table=author"])

        Args:
            file: a path, where the dump is there whole or not at all, or a binary file.
            args: options of pg_dump, as on its command line: what is dumped, and how.
            database: any database of the cluster; None for this one.

        Raises:
            TransactionError: a transaction is open: of it pg_dump would see nothing, and might wait
                for its end.
            DumpError: pg_dump cannot; the message is its own.
            DatabaseError: PostgreSQL does not let the user into the database.
            ValueError: `args` say where the dump goes, in which format, or whence it comes.
            OSError: the file cannot be written.
        """
        with self._conversation.lock:
            _check_idle(self._ready(), "dumped")
        if file is None:
            return self._session.dump_sql(args=args, database=database)
        self._session.dump_sql(file, args=args, database=database)
        return None

    def close(self) -> None:
        """End the session, and with an engine's first one the whole cluster; idempotent.

        A statement that runs in another thread is cancelled.
        """
        self._conversation.closed = True
        if self._hub is not None:
            self._hub.close()
        self._session.close()

    def _leave(self, kind: type[BaseException] | None) -> None:
        self.close()


def check_place(data_dir: object, engine: Session | None, options: Mapping[str, object]) -> None:
    """Check arguments that say which database is opened, as PGlite and AsyncPGlite take them.

    Raises:
        TypeError: one is not known, or is another's.
        ValueError: they contradict each other.
    """
    own = ("data_dir", "engine", "parsers", "serializers", "on_notice")
    check_options(options, (*own, *EngineOptions.__annotations__), "PGlite")
    if isinstance(data_dir, Session):
        raise TypeError("an engine or a session is given by name: PGlite(engine=...)")
    if isinstance(data_dir, Snapshot):
        raise TypeError("a snapshot is given by name: PGlite(image=...)")
    if engine is not None and (data_dir is not None or options):
        raise ValueError(
            "PGlite(engine) takes neither a data_dir nor options: give them to the Engine"
        )


def _check_idle(conversation: TypedConversation, what: str) -> None:
    if conversation.text.status != IDLE:
        raise TransactionError(f"a database cannot be {what} while a transaction is open")

"""Server: listens, and gives every client a connection."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import ssl
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from pglite_native.engine import Engine
from pglite_native.server.authentication import Authentication, Scram, Trust
from pglite_native.server.connection import Connection
from pglite_native.server.isolated import SCRATCH, Isolated
from pglite_native.server.lease import Databases
from pglite_native.server.listeners import listen_tcp, listen_unix, prepare
from pglite_native.server.messages import Refusal
from pglite_native.server.shared import Shared
from pglite_native.server.startup import CancelRequest
from pglite_native.server.tls import announce
from pglite_native.server.watcher import Watcher
from pglite_native.snapshot import Snapshot

PORT = 5432

# Connections that are not let in yet, over and above those that are: room for CancelRequests, and
# a bound on threads.
STARTING_MAX = 64

STOP_PATIENCE_S = 5.0
STOP_INTERVAL_S = 0.1
ACCEPT_RETRY_S = 0.1


class Server:
    """A server of PostgreSQL's protocol, in one of two modes: see docs/SERVER.md.

    Isolated: every connection gets a fork of the template, in half a millisecond, and what it does
    there no other connection sees. A connection that asks for a database `scratch_<anything>` finds
    what the last one with that name has left; the name serves one connection at a time.

    Shared: all connections are sessions of one database, as with a PostgreSQL server, but that
    they take turns: who is in a transaction has the database for himself. Scratch databases are
    as in isolated mode, if the shared one is in memory.

    Without `host` it listens on a Unix socket, in a directory of mode 0700, and trusts who can
    reach it.

    Args:
        template: what connections get a fork of; it is written down now, and may go on, or be
            closed. In shared mode an engine is served itself: until the server is closed it is not
            to be used otherwise. None for an empty database.
        shared: shared mode.
        host: an address to listen at, by TCP: "127.0.0.1", say.
        port: the TCP port, None for any that is free; for a Unix socket it is a part of the
            socket's name, None for 5432.
        unix_socket_dir: the directory of the Unix socket, made if need be; None for a temporary
            one, or, with `host`, for no Unix socket.
        password: what clients on TCP have to know, whatever their user (SCRAM-SHA-256).
        trust: let clients on TCP in without a password; on a loopback address only.
        tls: a context for servers, with its certificate loaded; clients on TCP may then encrypt.
            The server sets its ALPN.
        max_connections: beyond it clients get 53300. As many scratch databases are kept.
        authentication_timeout: seconds until a client must have been let in.
        turn_timeout: in shared mode, seconds that a client waits for the others' transactions, and
            then gets 55P03; None for ever.
        spool_limit: in shared mode, bytes of replies to clients that read slowly that may be in
            temporary files, all together.

    Raises:
        ValueError: the arguments contradict each other, or would let strangers in.
        OSError: it cannot listen there.
        SnapshotError: the template cannot be written down.
    """

    def __init__(
        self,
        template: Engine | Snapshot | None = None,
        *,
        shared: bool = False,
        host: str | None = None,
        port: int | None = None,
        unix_socket_dir: str | os.PathLike[str] | None = None,
        password: str | None = None,
        trust: bool = False,
        tls: ssl.SSLContext | None = None,
        max_connections: int = 200,
        authentication_timeout: float = 60.0,
        turn_timeout: float | None = 30.0,
        spool_limit: int = 256 << 20,
    ) -> None:
        if host is None and (password is not None or trust or tls is not None):
            raise ValueError("password, trust and tls are for TCP: they want a host")
        if host is not None:
            _check_access(host, password, trust)
        self._password = password
        self._tls = tls
        self._max_connections = max_connections
        self._startup_limit_s = authentication_timeout
        self._lock = threading.Lock()
        self._connections: dict[Connection, threading.Thread] = {}
        self._admitted: set[Connection] = set()
        self._is_closing = False
        self._own_dir: str | None = None
        self._unix: tuple[str, int] | None = None
        self._tcp: tuple[str, int] | None = None
        self._listeners: list[tuple[socket.socket, threading.Thread]] = []
        self._databases: Databases = (
            Shared(template, max_connections, turn_timeout_s=turn_timeout, spool_limit=spool_limit)
            if shared
            else Isolated(template, max_connections)
        )
        self._watcher = Watcher()
        try:
            if host is None or unix_socket_dir is not None:
                self._listen_unix(unix_socket_dir, PORT if port is None else port)
            if host is not None:
                self._listen_tcp(host, 0 if port is None else port)
        except BaseException:
            self.close()
            raise

    @property
    def address(self) -> tuple[str, int]:
        """The Unix socket's directory, or else the host, and the port."""
        address = self._unix or self._tcp
        assert address is not None
        return address

    @property
    def dsn(self) -> str:
        """How to connect, as libpq's keywords and values."""
        return self.dsn_of(self.database)

    def dsn_of(self, database: str) -> str:
        """The same for another database: one named scratch_<anything>."""
        host, port = self.address
        pairs = {"host": host, "port": str(port)}
        pairs |= {"user": self._databases.user, "dbname": database}
        if self._unix is None and self._password is not None:
            pairs["password"] = self._password
        return " ".join(f"{key}={_quoted(value)}" for key, value in pairs.items())

    @property
    def url(self) -> str:
        """How to connect, as a URL."""
        return self.url_of(self.database)

    @property
    def database(self) -> str:
        """The name of the template's database."""
        return self._databases.database

    @property
    def user(self) -> str:
        """The template's user, as whom `dsn` and `url` connect."""
        return self._databases.user

    def url_of(self, database: str, *, with_password: bool = True) -> str:
        """The URL of another database: one named scratch_<anything>."""
        host, port = self.address
        user, name = quote(self._databases.user, safe=""), quote(database, safe="")
        if self._unix is not None:
            return f"postgresql://{user}@/{name}?host={quote(host)}&port={port}"
        secret = ""
        if with_password and self._password is not None:
            secret = ":" + quote(self._password, safe="")
        place = f"[{host}]" if ":" in host else host
        return f"postgresql://{user}{secret}@{place}:{port}/{name}"

    def create(self, database: str, template: Snapshot) -> None:
        """Make a scratch database of another template than the server's.

        It is forked when it is first asked for. The snapshot is taken as it is: one of an idle
        session is best, as `Server.snapshot` makes them.

        Raises:
            ValueError: there is one of that name, or the name is not scratch_<anything>.
        """
        _check_scratch(database)
        self._scratch().create(database, template)

    def snapshot(self, database: str, *, in_use: bool = False) -> Snapshot:
        """Write a scratch database down, with its session: a new one, or with `in_use` that of a
        connection that may have it.

        Raises:
            ValueError: a connection has it, or the name is not scratch_<anything>.
            EngineBusy: a statement is running.
            SnapshotError: in the middle of a message or of COPY.
        """
        _check_scratch(database)
        try:
            return self._scratch().snapshot(database, in_use=in_use)
        except Refusal as refusal:
            raise ValueError(str(refusal)) from refusal

    def drop(self, database: str, *, force: bool = False) -> bool:
        """Drop a scratch database; False if there is none of that name.

        Args:
            database: its name.
            force: end the connection that is using it (57P01).

        Raises:
            ValueError: a connection is using it.
        """
        if force:
            with self._lock:
                connections = [each for each in self._admitted if each.database == database]
            for connection in connections:
                connection.stop()
        try:
            return self._scratch().drop(database)
        except Refusal as refusal:
            raise ValueError(str(refusal)) from refusal

    def close(self) -> None:
        """Stop; idempotent. Running statements are cancelled, clients told (57P01)."""
        with self._lock:
            if self._is_closing:
                return
            self._is_closing = True
        for listener, thread in self._listeners:
            listener.shutdown(socket.SHUT_RDWR)  # ends the accept
            thread.join()
            listener.close()
        self._end_connections()
        self._watcher.close()
        self._databases.close()
        if self._unix is not None:
            directory, port = self._unix
            Path(directory, f".s.PGSQL.{port}").unlink(missing_ok=True)
        if self._own_dir is not None:
            shutil.rmtree(self._own_dir, ignore_errors=True)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _scratch(self) -> Isolated:
        scratch = self._databases.scratch
        if scratch is None:
            raise ValueError("scratch databases are forks of one in memory, not in a directory")
        return scratch

    def _listen_unix(self, directory: str | os.PathLike[str] | None, port: int) -> None:
        if directory is None:
            directory = self._own_dir = tempfile.mkdtemp(prefix="pglite-native-")
        path = Path(directory).absolute()
        listener = listen_unix(path, port)
        self._unix = os.fspath(path), port
        self._start(listener, Trust())

    def _listen_tcp(self, host: str, port: int) -> None:
        if self._tls is not None:
            announce(self._tls)
        authentication: Authentication = Trust()
        if self._password is not None:
            authentication = Scram(self._password, self._tls)
        listener = listen_tcp(host, port)
        self._tcp = host, listener.getsockname()[1]
        self._start(listener, authentication)

    def _start(self, listener: socket.socket, authentication: Authentication) -> None:
        thread = threading.Thread(
            target=self._accept, args=(listener, authentication), name="pglite-accept", daemon=True
        )
        self._listeners.append((listener, thread))
        thread.start()

    def _accept(self, listener: socket.socket, authentication: Authentication) -> None:
        while not self._is_closing:
            try:
                client, _ = listener.accept()
            except OSError:
                # The listener's end, or no descriptor left, which passes as clients leave.
                time.sleep(0 if self._is_closing else ACCEPT_RETRY_S)
                continue
            self._welcome(client, authentication)

    def _welcome(self, client: socket.socket, authentication: Authentication) -> None:
        with suppress(OSError):
            prepare(client)
        connection = Connection(
            client,
            databases=self._databases,
            watcher=self._watcher,
            authentication=authentication,
            tls=self._tls,
            startup_limit_s=self._startup_limit_s,
            admit=self._admit,
            cancel=self._cancel,
        )
        thread = threading.Thread(
            target=self._serve, args=(connection,), name="pglite-connection", daemon=True
        )
        with self._lock:
            if self._is_closing or len(self._connections) >= self._max_connections + STARTING_MAX:
                client.close()
                return
            try:
                thread.start()
            except RuntimeError:  # the system has no thread left
                client.close()
                return
            self._connections[connection] = thread

    def _serve(self, connection: Connection) -> None:
        try:
            connection.serve()
        finally:
            with self._lock:
                del self._connections[connection]
                self._admitted.discard(connection)

    def _admit(self, connection: Connection) -> None:
        with self._lock:
            if self._is_closing:
                raise Refusal("57P03", "the database system is shutting down")
            if len(self._admitted) >= self._max_connections:
                raise Refusal("53300", "sorry, too many clients already")
            self._admitted.add(connection)

    def _cancel(self, request: CancelRequest) -> None:
        with self._lock:
            connections = list(self._admitted)
        for connection in connections:
            if connection.cancel_by(request):
                return

    def _end_connections(self) -> None:
        deadline = time.monotonic() + STOP_PATIENCE_S
        while True:
            with self._lock:
                left = dict(self._connections)
            if not left:
                return
            for connection in left:
                connection.stop()
                if time.monotonic() > deadline:
                    connection.abort()
            next(iter(left.values())).join(STOP_INTERVAL_S)


def _check_access(host: str, password: str | None, trust: bool) -> None:
    if password is not None and trust:
        raise ValueError("either a password or trust")
    if not password and not trust:
        raise ValueError("TCP wants a password, or trust to be said")
    if trust and not _is_loopback(host):
        raise ValueError(f"trust is for loopback addresses, not {host!r}")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_scratch(database: str) -> None:
    if not database.startswith(SCRATCH):
        raise ValueError(f"a scratch database is named {SCRATCH}<anything>, not {database!r}")


def _quoted(value: str) -> str:
    """A value in libpq's keyword syntax."""
    if value and not set(value) & set(" '\\"):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"

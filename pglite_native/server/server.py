"""Server: listens, and gives every client a connection."""

from __future__ import annotations

import atexit
import ipaddress
import os
import socket
import ssl
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol

from pglite_native._closing import Closing
from pglite_native.engine import forking
from pglite_native.engine.engine import Engine
from pglite_native.engine.session import check_serving
from pglite_native.engine.snapshot import Snapshot
from pglite_native.server import scratch, timeouts
from pglite_native.server.addresses import Address
from pglite_native.server.authentication import Authentication, Scram, Trust
from pglite_native.server.cluster_choice import Clusters
from pglite_native.server.connection import ClientConnection
from pglite_native.server.interpreters import check_interpreter
from pglite_native.server.listeners import SpareDescriptor, listen_tcp, listen_unix, prepare
from pglite_native.server.messages import Refusal
from pglite_native.server.open_connections import Connections
from pglite_native.server.socket_directory import SocketDirectory
from pglite_native.server.tls import announce

PORT = 5432
PORT_MAX = 65535


class HasEngine(Protocol):
    """A PGlite or an engine: what belongs to a cluster."""

    @property
    def engine(self) -> Engine:
        """The cluster's engine."""


class Server(Closing):
    """A server of PostgreSQL's protocol: see docs/SERVER.md.

    All connections have sessions of one cluster, with all its databases, as with a PostgreSQL
    server: `Server(db)` and `Server(engine)` serve what is open already, `Server(snapshot)` and
    `Server()` a cluster made of the snapshot, or an empty one.

    With `shared=False` each connection gets a fork of it to itself, in less than a millisecond, and
    what it does there no other connection sees.

    A connection that asks for a database `scratch_<anything>` gets the fork of that name, which
    stays, with all others that ask for it.

    Without `host` it listens on a Unix socket, in a directory of mode 0700, and trusts who can
    reach it.

    Args:
        source: a PGlite or an engine, which may be in use; a snapshot; None for an empty database.
        shared: False: a fork of the source, as it is now, to each connection.
        host: an address to listen at, by TCP: "127.0.0.1", say.
        port: the TCP port, None for any that is free; for a Unix socket it is a part of the
            socket's name, None for 5432.
        unix_socket_dir: the directory of the Unix socket, made if need be; None for a temporary
            one, or, with `host`, for no Unix socket.
        password: what clients on TCP have to know (SCRAM-SHA-256), if their role has no password
            of its own.
        trust: let clients on TCP in without a password; on a loopback address only.
        tls: a context for servers, with its certificate loaded; clients on TCP may then encrypt.
            The server sets its ALPN.
        max_connections: beyond it clients get 53300. As many scratch databases are kept.
        scratch: False: a name scratch_<anything> is one of a database like any other.
        authentication_timeout: seconds until a client must have been let in.

    Raises:
        TypeError: the source is something else.
        ValueError: the arguments contradict each other, or would let strangers in.
        OSError: it cannot listen there.
        SnapshotError: the engine cannot be forked.
        EngineError: a sandbox refuses what it takes to wait for clients; or this is a
            subinterpreter.
    """

    def __init__(
        self,
        source: HasEngine | Snapshot | None = None,
        *,
        shared: bool = True,
        host: str | None = None,
        port: int | None = None,
        unix_socket_dir: str | os.PathLike[str] | None = None,
        password: str | None = None,
        trust: bool = False,
        tls: ssl.SSLContext | None = None,
        max_connections: int = 200,
        scratch: bool = True,
        authentication_timeout: float = timeouts.AUTHENTICATION_S,
    ) -> None:
        check_interpreter()
        check_serving()
        engine = source if isinstance(source, Snapshot | None) else _engine_of(source)
        if not isinstance(port, int | None):
            raise TypeError(f"a port is a number, and not {type(port).__name__}: {port!r}")
        if port is not None and not 0 <= port <= PORT_MAX:
            raise ValueError(f"a port is 0 to {PORT_MAX}: {port}")
        if port is not None and host is None and unix_socket_dir is None:
            raise ValueError(
                f"port {port} of what? TCP is host= (--host 127.0.0.1), with a password or"
                " trust=True (--trust); a Unix socket has a port in its name, in the directory that"
                " unix_socket_dir= (--socket-dir) names"
            )
        if host is None and (password is not None or trust or tls is not None):
            raise ValueError(
                "password, trust and tls are for TCP: name the address that it is to listen at by"
                " host (--host 127.0.0.1); a Unix socket is its user's alone"
            )
        if host is not None:
            _check_access(host, password, trust)
        self._password = password
        self._tls = tls
        self._startup_limit_s = authentication_timeout
        self._is_closing = False
        self._process = os.getpid()
        self._closing = threading.RLock()
        self._is_closed = False
        self._own_directory: SocketDirectory | None = None
        self._unix: tuple[str, int] | None = None
        self._tcp: tuple[str, int] | None = None
        self._listeners: list[tuple[socket.socket, threading.Thread]] = []
        self._spare = SpareDescriptor()
        self._connections = Connections(max_connections)
        self._clusters = Clusters(
            engine,
            shared=shared,
            scratch_max=max_connections if scratch else 0,
        )
        try:
            if host is None or unix_socket_dir is not None:
                self._listen_unix(unix_socket_dir, PORT if port is None else port)
            if host is not None:
                self._listen_tcp(host, 0 if port is None else port)
        except BaseException:
            self.close()
            raise
        atexit.register(self.close)  # else its socket would be left
        forking.register(self)

    if not TYPE_CHECKING:  # to whom names that are wrong are errors already

        def __getattr__(self, name: str) -> NoReturn:
            from pglite_native import guesses  # only for those who have made a mistake

            raise guesses.unknown(self, name, guesses.OF_SERVERS)

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

    def dsn_of(self, database: str, user: str | None = None) -> str:
        """The same for another database, and another role if one is given."""
        return self._address(user, with_password=True).dsn(database)

    @property
    def url(self) -> str:
        """How to connect, as a URL."""
        return self.url_of(self.database)

    def url_of(self, database: str, user: str | None = None, *, with_password: bool = True) -> str:
        """The URL of another database, and another role if one is given."""
        return self._address(user, with_password=with_password).url(database)

    @property
    def database(self) -> str:
        """The name of the source's database."""
        return self._clusters.database

    @property
    def user(self) -> str:
        """The source's user, as which `dsn` and `url` connect."""
        return self._clusters.user

    def create(self, database: str, template: Snapshot, *, lend_session: bool = False) -> None:
        """Make a scratch database of another template than the server's.

        It is forked when it is first asked for. The snapshot is taken as it is: one of an idle
        session is best, as `Server.snapshot` makes them.

        Args:
            database: its name.
            template: what it is a fork of.
            lend_session: let the first connection, by the Unix socket, have the fork's own session,
                where others have theirs opened first, which takes milliseconds. The database cannot
                be written down by `snapshot` from then on.

        Raises:
            ValueError: there is one of that name, or the name is not scratch_<anything>.
        """
        scratch.check_name(database)
        self._clusters.scratch.create(database, template, lend_session=lend_session)

    def snapshot(self, database: str) -> Snapshot:
        """Write a scratch database down, connections or not; their sessions are not in it.

        Raises:
            ValueError: the name is not scratch_<anything>.
            EngineBusy: a statement is running.
            SnapshotError: a transaction is open; or the database's own session has been lent.
        """
        scratch.check_name(database)
        return self._clusters.scratch.snapshot(database)

    def drop(self, database: str, *, force: bool = False) -> bool:
        """Drop a scratch database; False if there is none of that name.

        Args:
            database: its name.
            force: end the connections that are using it (57P01).

        Raises:
            ValueError: connections are using it.
        """
        scratch.check_name(database)
        is_known, cluster = self._clusters.scratch.remove(database, force=force)
        if cluster is not None:
            self._connections.end_cluster(cluster)
            cluster.close()
        return is_known

    def close(self) -> None:
        """Stop; idempotent. Running statements are cancelled, clients told (57P01)."""
        if os.getpid() != self._process:
            return  # a child of fork has none of its threads
        with self._closing:
            if self._is_closed:
                return
            self._is_closing = True  # an interrupt may leave the rest for another call
            self._connections.shut()
            for listener, thread in self._listeners:
                with suppress(OSError):  # it has been closed
                    listener.shutdown(socket.SHUT_RDWR)  # ends the accept
                with suppress(RuntimeError):  # an interrupt came before it was started
                    thread.join()
                listener.close()
            self._spare.close()
            self._connections.close()
            self._clusters.close()
            if self._unix is not None:
                directory, port = self._unix
                Path(directory, f".s.PGSQL.{port}").unlink(missing_ok=True)
            if self._own_directory is not None:
                self._own_directory.remove()
            atexit.unregister(self.close)
            self._is_closed = True

    def _leave(self, kind: type[BaseException] | None) -> None:
        self.close()

    def _after_fork(self) -> None:
        """See forking. Clients must see the parent's end, whatever becomes of the child."""
        for listener, _ in self._listeners:
            listener.close()
        if self._own_directory is not None:
            self._own_directory.give_up()

    def _address(self, user: str | None, *, with_password: bool) -> Address:
        host, port = self.address
        is_unix = self._unix is not None
        password = self._password if with_password and not is_unix else None
        return Address(host, port, is_unix, user or self.user, password)

    def _listen_unix(self, directory: str | os.PathLike[str] | None, port: int) -> None:
        if directory is None:
            self._own_directory = SocketDirectory()
            directory = self._own_directory.path
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
                client, is_last = self._spare.accept(listener)
            except OSError:
                # The listener's end, or no descriptor left at all.
                time.sleep(0 if self._is_closing else timeouts.ACCEPT_RETRY_S)
                continue
            self._welcome(client, authentication, _no_descriptor() if is_last else None)

    def _welcome(
        self, client: socket.socket, authentication: Authentication, refusal: Refusal | None
    ) -> None:
        with suppress(OSError):
            prepare(client)
        connection = ClientConnection(
            client,
            clusters=self._clusters,
            others=self._connections,
            authentication=authentication,
            tls=self._tls,
            startup_limit_s=self._startup_limit_s,
            refusal=refusal,
        )
        if not self._connections.start(connection):
            client.close()


def _engine_of(source: HasEngine) -> Engine:
    engine = getattr(source, "engine", None)
    if not isinstance(engine, Engine):
        raise TypeError(
            "a server serves a PGlite, an Engine, a Snapshot or nothing, and not"
            f" {type(source).__name__}: {source!r}; a directory's is Server(PGlite(directory))"
        )
    return engine


def _check_access(host: str, password: str | None, trust: bool) -> None:
    if password is not None and trust:
        raise ValueError("give a password, or trust without one, but not both")
    if password == "":
        raise ValueError("the password is empty")
    if password is None and not trust:
        raise ValueError(
            f"everybody who can reach {host} could read and change the database: give a password"
            " (password=, --password-file), or trust all programs of this machine, on a loopback"
            " address (trust=True, --trust)"
        )
    if trust and not _is_loopback(host):
        raise ValueError(
            f"trust is for loopback addresses, as 127.0.0.1, and {host!r} can be reached from other"
            " machines: give a password instead (password=, --password-file)"
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _no_descriptor() -> Refusal:
    return Refusal(
        "53300",
        "sorry, too many clients already",
        detail="The server's process has no file descriptor left.",
        hint="Let it have more (ulimit -n), or fewer connections (max_connections).",
    )

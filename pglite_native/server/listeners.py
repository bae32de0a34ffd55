"""The sockets at which a server waits for clients."""

from __future__ import annotations

import errno
import os
import socket
import stat
import threading
from contextlib import suppress
from pathlib import Path

from pglite_native.engine.folders import make_private
from pglite_native.server.startup import InternetAddress

# As many as the system lets wait: on a Unix socket who finds the queue full is refused at once.
BACKLOG = socket.SOMAXCONN


def listen_unix(directory: Path, port: int) -> socket.socket:
    """Listen in a directory, which is made if it is not there, by the name that libpq knows.

    Directory and socket are the user's alone: who can reach the socket is trusted.

    Raises:
        OSError: it cannot be made; the path is too long, say.
    """
    make_private(directory)
    path = directory / f".s.PGSQL.{port}"
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX)
    try:
        _bind(listener, path)
        path.chmod(0o600)  # before listen: until then no client can connect
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def _bind(listener: socket.socket, path: Path) -> None:
    try:
        listener.bind(os.fspath(path))
    except OSError as error:
        if error.errno is not None:
            raise
        # Python itself has refused it
        raise OSError(
            errno.ENAMETOOLONG,
            "the path of a Unix socket is too long (Linux allows 107 bytes): choose another"
            " directory for it, by unix_socket_dir or --socket-dir",
            os.fspath(path),
        ) from None


def listen_tcp(host: str, port: int) -> socket.socket:
    """Listen at an address; port 0 is any that is free.

    Raises:
        OSError: it cannot be listened at; the message says which, and why.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        is_name = isinstance(error, socket.gaierror)  # else Python adds the address once more
        reason = error.strerror if is_name else os.strerror(error.errno or 0)
        place = f"{host}, port {port}" if port else host
        raise OSError(error.errno, f"the server cannot listen at {place}: {reason}") from error


class SpareDescriptor:
    """What the last client is accepted with, so that it can be told that there is no other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # as several listeners have it in common
        self._fd: int | None = None

    def accept(self, listener: socket.socket) -> tuple[socket.socket, bool]:
        """Return the next client, and whether it has taken the last descriptor.

        Raises:
            OSError: the listener has ended, or not even the spare one is left.
        """
        with self._lock:
            if self._fd is None:
                self._fd = _any_descriptor()
        try:
            return listener.accept()[0], False
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                raise
        with self._lock:
            self.close()
            client = listener.accept()[0]
            with suppress(OSError):
                self._fd = _any_descriptor()
            return client, self._fd is None

    def close(self) -> None:
        """Give it back; idempotent."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)


def _any_descriptor() -> int:
    """Return one that takes no file: a root may be without /dev/null, and no client be accepted."""
    return socket.socket(socket.AF_UNIX).detach()


def prepare(client: socket.socket) -> None:
    """What a client's socket wants to be."""
    if client.family != socket.AF_UNIX:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


def address_of(client: socket.socket) -> InternetAddress | None:
    """Where a client is; None: on this machine, as it comes by a Unix socket."""
    if client.family == socket.AF_UNIX:
        return None
    host, port = client.getpeername()[:2]
    return InternetAddress.parse(host.partition("%")[0], port)  # without an interface's name


def _remove_stale(path: Path) -> None:
    """Remove the socket of a server that is no more; one that answers is in use."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise FileExistsError(errno.EEXIST, "not a socket", str(path))
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise OSError(errno.EADDRINUSE, "another server is listening", str(path))

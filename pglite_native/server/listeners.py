"""The sockets at which a server waits for clients."""

from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path

# As many as the system lets wait: on a Unix socket who finds the queue full is refused at once.
BACKLOG = socket.SOMAXCONN


def listen_unix(directory: Path, port: int) -> socket.socket:
    """Listen in a directory, which is made if it is not there, by the name that libpq knows.

    Directory and socket are the user's alone: who can reach the socket is trusted.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / f".s.PGSQL.{port}"
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(os.fspath(path))
        path.chmod(0o600)  # before listen: until then nobody can connect
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def listen_tcp(host: str, port: int) -> socket.socket:
    """Listen at an address; port 0 is any that is free."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return socket.create_server(address[:2], family=family, backlog=BACKLOG)


def prepare(client: socket.socket) -> None:
    """What a client's socket wants to be."""
    if client.family != socket.AF_UNIX:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


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

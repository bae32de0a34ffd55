"""Directories that this process has opened, or another has, and serves.

`manage.py runserver` and `manage.py migrate` are two processes with one directory. The first opens
it, and listens on a Unix socket in it; the second finds it locked, and connects there.
"""

from __future__ import annotations

import atexit
import errno
import socket
import threading
import time
from pathlib import Path

from pglite_native.engine.engine import Engine
from pglite_native.errors import EngineLocked
from pglite_native.server import Server
from pglite_native.server.server import PORT

PATIENCE_S = 10.0
"""How long another process may have a directory that it does not serve yet."""

RETRY_S = 0.05

_lock = threading.Lock()
_servers: dict[str, Server] = {}


def address(directory: str) -> tuple[str, int]:
    """Where the cluster in a directory can be reached; it is opened if need be.

    Raises:
        EngineError: it cannot be opened; EngineLocked: another process has it, and does not serve.
        OSError: it cannot be served.
    """
    with _lock:
        deadline_s = time.monotonic() + PATIENCE_S
        while directory not in _servers:
            try:
                engine = Engine(directory)
            except EngineLocked:
                if _is_served(directory):
                    return directory, PORT
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(RETRY_S)  # the other process is opening it, or closing
            else:
                _servers[directory] = _serve(engine, directory)
        return _servers[directory].address


def _is_served(directory: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        try:
            client.connect(str(Path(directory, f".s.PGSQL.{PORT}")))
        except OSError:  # it is not there, or left from a process that was killed
            return False
    return True


def _serve(engine: Engine, directory: str) -> Server:
    try:
        server = Server(engine, scratch=False, unix_socket_dir=directory)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            engine.close()
            raise
        server = Server(engine, scratch=False)  # where no other process finds it
    atexit.register(engine.close)  # a checkpoint: without one the next process has to recover
    return server

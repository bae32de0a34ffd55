"""Directories that this process has opened, or another has, and serves.

`manage.py runserver` and `manage.py migrate` are two processes with one directory. The first opens
it, and listens on a Unix socket in it; the second finds it locked, and connects there.
"""

from __future__ import annotations

import atexit
import errno
import threading
from pathlib import Path

from pglite_native.engine.engine import Engine
from pglite_native.errors import EngineLocked
from pglite_native.server import Server
from pglite_native.server.server import PORT

_lock = threading.Lock()
_servers: dict[str, Server] = {}


def address(directory: str) -> tuple[str, int]:
    """Where the cluster in a directory can be reached; it is opened if need be.

    Raises:
        EngineError: it cannot be opened; EngineLocked: another process has it, and does not serve.
        OSError: it cannot be served.
    """
    with _lock:
        if directory not in _servers:
            try:
                engine = Engine(directory)
            except EngineLocked:
                if Path(directory, f".s.PGSQL.{PORT}").exists():
                    return directory, PORT
                raise
            _servers[directory] = _serve(engine, directory)
        return _servers[directory].address


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

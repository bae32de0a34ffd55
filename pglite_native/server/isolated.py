"""Isolated mode: every connection gets a fork of one template.

A fork is gone when its connection ends, unless the connection asked for a database by a name of
the form scratch_<anything>. Such a database is made when its name is first given, stays when the
connection ends, and is there for the next one that gives the name: tables and rows, not what
belongs to a session. One connection at a time can use it. It lasts until it is dropped, the server
stops, or PostgreSQL ends its session by a FATAL error: then no backend is left that holds it.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable

from pglite_native import _whereabouts
from pglite_native.engine import Engine
from pglite_native.server import messages
from pglite_native.server.backend import CLEANING, Backend
from pglite_native.server.framing import Framing
from pglite_native.server.lease import RECEIVE_BYTES
from pglite_native.server.messages import Refusal
from pglite_native.server.startup import Startup
from pglite_native.snapshot import Snapshot

SCRATCH = "scratch_"

# A client that reconnects is often faster than the server at seeing that it had left.
SCRATCH_PATIENCE_S = 1.0


class Fork:
    """A backend while a connection has it, for itself: the Lease of this mode."""

    def __init__(self, owner: Isolated, backend: Backend, scratch: str | None) -> None:
        self._owner = owner
        self._backend = backend
        self._scratch = scratch
        self._framing = Framing()

    def converse(self, client: socket.socket, is_stopping: Callable[[], bool]) -> None:
        buffer = memoryview(bytearray(RECEIVE_BYTES))
        while not is_stopping():
            size = self._receive(client, buffer)
            if size is None:
                return
            if not size:
                continue
            data, is_last = self._framing.feed(buffer[:size])
            last = b""
            with self._backend.exchange(data) as parts:
                for last in parts:
                    client.sendall(last)  # waits for a slow reader, and the engine with it
            if is_last or (not messages.is_ready(last) and self._backend.has_ended()):
                return

    def _receive(self, client: socket.socket, buffer: memoryview) -> int | None:
        """Return the size of what the client has sent, None when it has gone.

        Ordinary requests are answered on the way, but for those in TLS.
        """
        if self._framing.is_between_messages and not isinstance(client, ssl.SSLSocket):
            return self._backend.serve(client, buffer)
        return client.recv_into(buffer) or None

    def cancel(self) -> None:
        self._backend.cancel()

    def release(self) -> None:
        if self._scratch is None:
            self._backend.close()
            return
        self._backend.leave(self._framing.missing)
        self._owner.give_back(self._scratch, self._backend)


class Isolated:
    """Hands out forks of a template."""

    def __init__(self, template: Engine | Snapshot | None, databases_max: int) -> None:
        self._template, self.user, self.database = _clean(template)
        self._databases_max = databases_max
        # By name; None while a connection has it. Guarded by the condition, like the next two.
        self._scratch: dict[str, Backend | None] = {}
        self._in_use: dict[str, Backend] = {}
        self._templates: dict[str, Snapshot] = {}
        self._changed = threading.Condition()

    @property
    def scratch(self) -> Isolated:
        return self

    def acquire(self, startup: Startup) -> tuple[Fork, bytes]:
        """Log in; return a backend, and its welcome.

        Raises:
            Refusal: PostgreSQL refuses, the database is in use, or there are too many.
            EngineError: there is no memory for one more engine.
        """
        if not startup.database.startswith(SCRATCH):
            fork = Backend(Engine(image=self._template))
            return Fork(self, fork, None), _log_in(fork, startup.encode(startup.database))
        name = startup.database
        kept = self._take(name)
        packet = startup.encode(self.database)
        try:
            if kept is None:
                backend = Backend(Engine(image=self._template_of(name)))
                welcome = _log_in(backend, packet)
            else:
                backend = kept
                welcome = kept.log_in_again(packet)
        except BaseException:
            self.give_back(name, kept)
            raise
        with self._changed:
            self._in_use[name] = backend
        return Fork(self, backend, name), welcome

    def give_back(self, name: str, backend: Backend | None) -> None:
        """End the use of a scratch database; None if it is no more."""
        with self._changed:
            self._in_use.pop(name, None)
            if backend is None:
                del self._scratch[name]
            else:
                self._scratch[name] = backend
            self._changed.notify_all()

    def create(self, name: str, template: Snapshot) -> None:
        """Choose what a scratch database is a fork of; it is made when it is first asked for.

        Raises:
            ValueError: there is one of that name.
        """
        with self._changed:
            if name in self._scratch or name in self._templates:
                raise ValueError(f'database "{name}" already exists')
            self._templates[name] = template

    def snapshot(self, name: str, *, in_use: bool) -> Snapshot:
        """Write a scratch database down: once no connection has it, or in the middle of its use.

        Raises:
            Refusal: a connection has it.
            EngineError: as Engine.snapshot does.
        """
        with self._changed:
            backend = self._in_use.get(name) if in_use else None
        if backend is not None:
            return backend.snapshot()
        kept = self._take(name)
        try:
            return self._template_of(name) if kept is None else kept.snapshot()
        finally:
            self.give_back(name, kept)

    def drop(self, name: str) -> bool:
        """Forget a scratch database; False if there is none. Refusal if it is in use."""
        with self._changed:
            self._wait_until_free(name)
            was_created = self._templates.pop(name, None) is not None
            backend = self._scratch.pop(name, None)
        if backend is not None:
            backend.close()
        return was_created or backend is not None

    def close(self) -> None:
        """Drop everything; no connection is left."""
        with self._changed:
            backends = list(self._scratch.values())
            self._scratch.clear()
        for backend in backends:
            if backend is not None:
                backend.close()

    def _take(self, name: str) -> Backend | None:
        """Reserve a scratch database, and clean it; None if it has still to be made."""
        with self._changed:
            self._wait_until_free(name)
            if name not in self._scratch and len(self._scratch) >= self._databases_max:
                raise Refusal(
                    "53300",
                    "too many scratch databases",
                    detail=f"The server keeps {self._databases_max}, until they are dropped.",
                )
            kept = self._scratch.get(name)
            self._scratch[name] = None
        if kept is not None and not kept.clean():
            kept.close()
            return None
        return kept

    def _wait_until_free(self, name: str) -> None:
        def is_free() -> bool:
            return name not in self._scratch or self._scratch[name] is not None

        if not self._changed.wait_for(is_free, SCRATCH_PATIENCE_S):
            raise _in_use(name)

    def _template_of(self, name: str) -> Snapshot:
        return self._templates.get(name, self._template)


def _log_in(fork: Backend, packet: bytes) -> bytes:
    try:
        return fork.log_in(packet)
    except BaseException:
        fork.close()
        raise


def _in_use(name: str) -> Refusal:
    return Refusal(
        "55006",
        f'database "{name}" is being accessed by another connection',
        detail="A scratch database serves one connection at a time.",
    )


def _clean(template: Engine | Snapshot | None) -> tuple[Snapshot, str, str]:
    """A template's snapshot without what belongs to its session, its user and its database.

    What the template's session had (temporary tables, settings, an open transaction) would be no
    business of the connections.
    """
    if isinstance(template, Snapshot):
        twin = Engine(image=template)
    else:
        twin = Engine() if template is None else template.fork()
    with twin:
        user, database = _whereabouts.read(twin.exec_protocol_raw(CLEANING + _whereabouts.QUESTION))
        snapshot = twin.snapshot()
    return snapshot, user, database

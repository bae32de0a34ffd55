"""A backend: the engine that a connection talks to, in a session of its own."""

from __future__ import annotations

import socket
import time
from contextlib import suppress

from pglite_native._wire import copy_fail, query, sync
from pglite_native.engine import Engine
from pglite_native.session import Message, Stream
from pglite_native.errors import EngineBusy, EngineClosed, EngineError
from pglite_native.server import messages
from pglite_native.server.messages import Refusal
from pglite_native.snapshot import Snapshot

BUSY_PATIENCE_S = 1.0
BUSY_INTERVAL_S = 0.002

PADDING = b"\xff" * 65536

# Whatever state a client left the session in, this ends it. CopyFail ends COPY, and is ignored
# elsewhere. The first ROLLBACK undoes a pipeline that no Sync has committed; where an error has
# made PostgreSQL skip to the next Sync it is skipped too, and the second does the work.
CLEANING = (
    copy_fail("the client has gone")
    + query("ROLLBACK")
    + sync()
    + query("ROLLBACK")
    + query("DISCARD ALL")
)


class LoginRefused(Refusal):
    """What PostgreSQL said instead of a welcome."""

    def __init__(self, reply: bytes) -> None:
        super().__init__("", "login refused")
        self._reply = reply

    def encode(self, severity: str = "FATAL") -> bytes:
        return self._reply


class Backend:
    """One engine, for one connection at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._missing: int | None = None  # of a message that a client has not finished; None: clean

    def log_in(self, packet: bytes) -> bytes:
        """Begin a session by a startup packet; return the welcome.

        Raises:
            LoginRefused: PostgreSQL refuses; the engine has ended.
        """
        reply = self._engine.exec_protocol_raw(packet)
        if not messages.is_ready(reply):
            raise LoginRefused(reply)
        return reply

    def log_in_again(self, packet: bytes) -> bytes:
        """As log_in, where there is a database that a refusal must not end."""
        before = self._engine.snapshot()
        try:
            return self.log_in(packet)
        except LoginRefused:
            self._engine.restore(before)
            raise

    def exchange(self, data: Message) -> Stream:
        """Hand messages on; the answer comes in parts, in bounded memory."""
        return self._engine.exec_protocol_stream(data)

    def serve(self, client: socket.socket, buffer: memoryview) -> int | None:
        """Answer a client for as long as it sends ordinary requests, as Engine._serve has it."""
        return self._engine._serve(client.fileno(), buffer)

    def has_ended(self) -> bool:
        """Has PostgreSQL ended the session, by a FATAL error say?"""
        try:
            self._engine.exec_protocol_raw(b"")
        except EngineClosed:
            return True
        return False

    def cancel(self) -> None:
        """Cancel what runs; from any thread."""
        self._engine.cancel()

    def snapshot(self) -> Snapshot:
        """Write it down, with the session and what is open in it.

        A client has its answer a moment before the engine is free again, so it is tried for a time.
        """
        deadline = time.monotonic() + BUSY_PATIENCE_S
        while True:
            try:
                return self._engine.snapshot()
            except EngineBusy:
                if time.monotonic() > deadline:
                    raise
                time.sleep(BUSY_INTERVAL_S)

    def leave(self, missing: int) -> None:
        """Note that a client has gone, in the middle of a message that lacks `missing` bytes."""
        self._missing = missing

    def clean(self) -> bool:
        """Make the session as good as new after a client; False if that is impossible.

        Not at once, as most databases are not used again. A message that was cut short is first
        completed, by bytes that make it wrong: no string ends in them, no number is sensible.
        """
        missing, self._missing = self._missing, None
        if missing is None:
            return True
        try:
            while missing > 0:
                self._drain(PADDING[:missing])
                missing -= len(PADDING)
            return messages.is_ready(self._drain(CLEANING))
        except EngineError:
            return False

    def _drain(self, data: bytes) -> bytes:
        """Hand messages on; return the last part of the answer."""
        last = b""
        for part in self._engine.exec_protocol_stream(data):
            last = part
        return last

    def close(self) -> None:
        with suppress(EngineError):  # one that has failed: it is gone all the same
            self._engine.close()

"""Sending to clients that may read slowly, where others may wait for the backend that writes.

As long as nobody waits, the backend does not write ahead: who reads slowly slows his own statement
down. When others wait, the rest of the reply goes into a temporary file as fast as it comes, and on
to the client when the backend has long been given to the next. What all the files together may hold
is limited; beyond it the backend waits after all, but not for a client that takes nothing at all.
"""

from __future__ import annotations

import os
import select
import socket
import ssl
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO

CHUNK_BYTES = 64 * 1024  # of the file, at a time

# What a TLS socket has not taken has to be offered again, no less of it. By single records that is
# always so: more may have been added behind, nothing taken away.
TLS_RECORD_BYTES = 16 * 1024
POLL_MS = 20  # how soon it is noticed that others have come to wait

_FULL = (BlockingIOError, ssl.SSLWantWriteError)


class Spool:
    """What the files of all outboxes may hold together, in bytes."""

    def __init__(self, limit: int) -> None:
        self._lock = threading.Lock()
        self._free = limit

    def reserve(self, size: int) -> bool:
        with self._lock:
            if size > self._free:
                return False
            self._free -= size
            return True

    def release(self, size: int) -> None:
        with self._lock:
            self._free += size


class Outbox:
    """What is on its way to one client. For one thread.

    Args:
        client: a socket that does not block.
        spool: what the file counts against.
        is_wanted: tells whether others wait for the backend.
        patience_s: how long they may be made to wait for a client that takes nothing; None for
            ever.
    """

    def __init__(
        self,
        client: socket.socket,
        spool: Spool,
        is_wanted: Callable[[], bool],
        patience_s: float | None,
    ) -> None:
        self._client = client
        self._spool = spool
        self._is_wanted = is_wanted
        self._patience_s = patience_s
        self._file: IO[bytes] | None = None
        self._sent = self._written = 0  # bytes, of the file's
        self._piece = TLS_RECORD_BYTES if isinstance(client, ssl.SSLSocket) else sys.maxsize
        self._poll = select.poll()
        self._poll.register(client, select.POLLOUT)

    def put(self, part: bytes) -> None:
        """Send, at once or by and by, as `drain` will.

        Raises:
            OSError: the client has gone, or takes nothing.
        """
        rest, stalled_ms = memoryview(part), 0
        while True:
            before = len(rest), self._sent
            if self._file is None or self._flush():
                rest = rest[self._send(rest) :]
                if not rest:
                    return
            is_wanted = self._is_wanted()
            if is_wanted and self._append(rest):
                return
            if before != (len(rest), self._sent):
                stalled_ms = 0
            elif is_wanted:
                stalled_ms += POLL_MS
            if self._patience_s is not None and stalled_ms > self._patience_s * 1000:
                raise TimeoutError("the client takes nothing, and others wait")
            self._poll.poll(POLL_MS)

    def drain(self) -> None:
        """Wait until everything has been sent.

        Raises:
            OSError: the client has gone.
        """
        while self._file is not None and not self._flush():
            self._poll.poll()

    def close(self) -> None:
        """Drop what has not been sent."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self._spool.release(self._written)
            self._sent = self._written = 0

    def _send(self, data: memoryview) -> int:
        """Send what the client takes; return how much."""
        sent = 0
        with suppress(*_FULL):
            while sent < len(data):
                sent += self._client.send(data[sent : sent + self._piece])
        return sent

    def _flush(self) -> bool:
        """Send what the client takes of the file; True if that was all."""
        assert self._file is not None
        while self._sent < self._written:
            if not self._poll.poll(0):
                return False
            chunk = os.pread(self._file.fileno(), CHUNK_BYTES, self._sent)
            self._sent += self._send(memoryview(chunk))
        self.close()
        return True

    def _append(self, rest: memoryview) -> bool:
        """Put into the file; False if there is no room, here or on the disk."""
        if not self._spool.reserve(len(rest)):
            return False
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (closed by close)
            position = self._written
            while rest:
                size = os.pwrite(self._file.fileno(), rest, position)
                position, rest = position + size, rest[size:]
        except OSError:
            self._spool.release(len(rest) + position - self._written)
            return False
        self._written = position
        return True

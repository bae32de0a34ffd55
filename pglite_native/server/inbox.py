"""Waiting for a client, where something else may have to be seen to meanwhile."""

from __future__ import annotations

import os
import select
import socket
import ssl
from contextlib import suppress

from pglite_native.server.lease import RECEIVE_BYTES


class Alarm:
    """What ends a wait from another thread."""

    def __init__(self) -> None:
        self.descriptor = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def ring(self) -> None:
        """End the wait, or else the next one."""
        os.eventfd_write(self.descriptor, 1)

    def reset(self) -> None:
        with suppress(BlockingIOError):
            os.eventfd_read(self.descriptor)

    def close(self) -> None:
        os.close(self.descriptor)


class Inbox:
    """What comes from one client, on a socket that does not block. For one thread."""

    def __init__(self, client: socket.socket, alarm: Alarm) -> None:
        self._client = client
        self._alarm = alarm
        self._buffer = memoryview(bytearray(RECEIVE_BYTES))
        self._poll = select.poll()
        self._poll.register(client, select.POLLIN)
        self._poll.register(alarm.descriptor, select.POLLIN)

    def receive(self, patience_ms: int | None) -> memoryview | None:
        """Return what has come, empty at the end; None after an alarm, or when patience is over.

        It stands in a buffer that the next call overwrites.
        """
        while True:
            if not self._has_pending():
                events = self._poll.poll(patience_ms)
                if all(descriptor == self._alarm.descriptor for descriptor, _ in events):
                    self._alarm.reset()
                    return None
            with suppress(BlockingIOError, ssl.SSLWantReadError):
                return self._buffer[: self._client.recv_into(self._buffer)]

    def _has_pending(self) -> bool:
        """Has TLS read more of the socket than it has given out?"""
        return isinstance(self._client, ssl.SSLSocket) and self._client.pending() > 0

"""Where one message of a client ends and the next begins, without looking into any; no I/O.

The backend takes bytes in any pieces and needs none of this. The server does: a Terminate must not
reach a backend that others will use, nor a startup packet one that has been logged in to; and who
vanishes in the middle of a message leaves a backend that waits for the rest.
"""

from __future__ import annotations

from pglite_native._wire import HEADER, LENGTH_BYTES
from pglite_native.server.messages import Refusal


class Framing:
    """Follows one client's messages, from after its startup packet on."""

    def __init__(self) -> None:
        self._missing = 0  # bytes of the message that has begun
        self._header = b""  # of a message of which less than that has come

    def feed(self, data: memoryview) -> tuple[memoryview, bool]:
        """Return what of `data` is for the backend, and whether Terminate follows it."""
        size = len(data)
        position = self._missing
        if self._header:  # cut in two: the backend has not seen the first half
            return self._feed_joined(data)
        while position + HEADER.size <= size:
            kind, length = HEADER.unpack_from(data, position)
            if kind == b"X":
                self._missing = 0
                return data[:position], True
            _check(kind, length)
            position += 1 + length
        if position < size:
            self._missing = 0
            self._header = bytes(data[position:])
            return data[:position], False
        self._missing = position - size
        return data, False

    def _feed_joined(self, data: memoryview) -> tuple[memoryview, bool]:
        joined, self._header = self._header + data, b""
        return self.feed(memoryview(joined))

    @property
    def missing(self) -> int:
        """Bytes by which the backend's last message is not complete."""
        return self._missing


def _check(kind: bytes, length: int) -> None:
    # Every other type is for PostgreSQL to judge; this one begins a startup packet.
    if kind == b"\0":
        raise Refusal("08P01", "invalid frontend message type 0")
    if length < LENGTH_BYTES:
        raise Refusal("08P01", "invalid message length")

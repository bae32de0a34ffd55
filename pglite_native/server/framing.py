"""Where one message of a client ends and the next begins, without looking into any; no I/O.

The backend takes bytes in any pieces and needs none of this. The server does: a Terminate must not
reach a backend that others will use, nor a startup packet one that has been logged in to; who
vanishes in the middle of a message leaves a backend that waits for the rest; and nobody shall get a
backend that others wait for as long as he has not said what he wants of it.
"""

from __future__ import annotations

from pglite_native._wire import HEADER, LENGTH_BYTES
from pglite_native.server.messages import Refusal

# Messages up to this size, type included, are passed on when they are complete; of larger ones
# what there is.
WHOLE_MAX = 64 * 1024

# Flush asks for nothing to be done. The others belong to COPY: outside of it, as after one that has
# failed while its data were under way, PostgreSQL passes over them.
_IDLE_KINDS = b"Hdcf"


class Framing:
    """Follows one client's messages, from after its startup packet on."""

    def __init__(self) -> None:
        self.has_request = False
        """Is there something in what was passed on last that PostgreSQL, when idle, acts upon?"""
        self._missing = 0  # bytes of the message that has begun
        self._held = b""  # the beginning of a message, the backend has not seen any of it

    def feed(self, data: memoryview) -> tuple[memoryview, bool]:
        """Return what of `data` is for the backend, and whether Terminate follows it."""
        if self._held:
            data, self._held = memoryview(self._held + data), b""
        size = len(data)
        position = self._missing
        self.has_request = False
        while position + HEADER.size <= size:
            kind, length = HEADER.unpack_from(data, position)
            if kind == b"X":
                self._missing = 0
                return data[:position], True
            _check(kind, length)
            end = position + 1 + length
            if end > size and 1 + length <= WHOLE_MAX:
                break
            self.has_request |= kind not in _IDLE_KINDS
            position = end
        if position < size:
            self._missing = 0
            self._held = bytes(data[position:])
            return data[:position], False
        self._missing = position - size
        return data, False

    @property
    def is_between_messages(self) -> bool:
        """Has everything that was fed been whole messages?"""
        return not self._missing and not self._held

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

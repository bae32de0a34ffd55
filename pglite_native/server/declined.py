"""A request that is answered by an error in the backend's place; no I/O.

The client must find the protocol as it expects it after an error: after a Query or FunctionCall,
ReadyForQuery; in the extended protocol everything is skipped up to the Sync.

Reference: PostgreSQL documentation, "Message Flow": "Extended Query", "Pipelining".
"""

from __future__ import annotations

from pglite_native._wire import HEADER
from pglite_native.server.messages import READY_IDLE

_IGNORED = b"Hdcf"  # where they stand alone, as in framing.py
_EXTENDED = b"PBDEC"


class Declined:
    """Passes over one request, from the first message that asks for something to the last."""

    def __init__(self, error: bytes) -> None:
        self.has_ended = False
        self._error = error
        self._missing = 0  # bytes of the message that has begun
        self._is_last = False  # of the request: that message
        self._is_extended = False

    def feed(self, data: memoryview) -> tuple[memoryview, bytes]:
        """Take whole messages, or a piece of a large one; return what follows the request, which
        is nothing until it has ended, and what the client is to be told.
        """
        answer, position, size = b"", 0, len(data)
        while True:
            skipped = min(self._missing, size - position)
            position += skipped
            self._missing -= skipped
            if self._is_last and not self._missing:
                self.has_ended = True
                return data[position:], answer + READY_IDLE
            if position == size:
                return data[position:], answer
            kind, length = HEADER.unpack_from(data, position)
            self._missing = 1 + length
            if kind in _IGNORED:
                continue
            answer, self._error = answer + self._error, b""
            self._is_extended = self._is_extended or kind in _EXTENDED
            self._is_last = not self._is_extended or kind == b"S"

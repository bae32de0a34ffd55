"""Where one message of a client ends and the next begins, without looking into any; no I/O.

PostgreSQL takes bytes in any pieces and needs none of this. The server does: where a message
begins, a startup packet would begin the session anew, as another user's.
"""

from __future__ import annotations

from pglite_native._wire import HEADER, LENGTH_BYTES
from pglite_native.server.messages import Refusal


class Framing:
    """Follows one client's messages, from after its startup packet on."""

    def __init__(self) -> None:
        self._missing = 0  # bytes of the message that has begun
        self._header = b""  # the beginning of the next one's type and length

    def feed(self, data: memoryview) -> None:
        """Take what the client has sent.

        Raises:
            Refusal: there is no message in it.
        """
        position, size = 0, len(data)
        while position < size:
            if self._missing:
                skipped = min(self._missing, size - position)
                self._missing -= skipped
                position += skipped
                continue
            wanted = HEADER.size - len(self._header)
            self._header += data[position : position + wanted]
            position += wanted
            _check_type(self._header)
            if len(self._header) == HEADER.size:
                self._missing = _length(self._header) - LENGTH_BYTES
                self._header = b""

    @property
    def is_between_messages(self) -> bool:
        """Has everything that was fed been whole messages?"""
        return not self._missing and not self._header


def _check_type(header: bytes) -> None:
    if header[0] == 0:  # every other type is for PostgreSQL to judge
        raise Refusal("08P01", "invalid frontend message type 0")


def _length(header: bytes) -> int:
    length: int
    _, length = HEADER.unpack(header)
    if length < LENGTH_BYTES:
        raise Refusal("08P01", "invalid message length")
    return length

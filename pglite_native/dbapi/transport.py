"""A transport: what a driver takes for a socket, with a session at the other end.

What the driver writes is kept until it flushes. Then the session runs, and the driver reads the
answer, which leaves the session part by part as it is read. One part is always taken ahead: so the
session is idle when the driver has read the last byte.
"""

from __future__ import annotations

from pglite_native.engine.session import Session, Stream
from pglite_native.errors import EngineBusy
from pglite_native.protocol import wire


class Transport:
    """The methods of a socket, and of the file that `makefile` makes of it, as far as needed.

    Raises:
        EngineError: the session cannot be used; its subclasses say why.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._written = bytearray()
        self._stream: Stream | None = None  # while the session has more of an answer
        self._ahead = b""
        self._unread = b""
        self._position = 0
        self._hung_up = False

    def makefile(self, mode: str) -> Transport:
        return self

    def write(self, data: bytes) -> None:
        self._written += data

    def flush(self) -> None:
        """Hand what was written to the session, and take the beginning of its answer."""
        data, self._written = self._written, bytearray()
        if self._hung_up:  # what is left is Terminate, and the session is closed another way
            return
        if self._stream is not None:
            raise EngineBusy("the answer to what was sent before has not been read to its end")
        self._stream = self._session.exec_protocol_stream(data)
        self._take_part()
        self._take_part()

    def read(self, size: int) -> bytes:
        """Return as many bytes as wanted, or what there is at the answer's end."""
        while len(self._unread) - self._position < size and self._ahead:
            self._take_part()
        start, self._position = self._position, self._position + size
        return self._unread[start : self._position]

    def abandon(self) -> bytes:
        """Drop what has not been read, end what is in progress; return the session's status."""
        self._end()
        self._written.clear()
        self._unread = self._ahead = b""
        return self._session.exec_protocol_raw(wire.give_up())[-1:]

    def hang_up(self) -> None:
        """Let nothing more reach the session."""
        self._hung_up = True

    def close(self) -> None:
        """Part of a socket; there is nothing to close."""

    def _take_part(self) -> None:
        """What is ahead can now be read, and the next part is ahead."""
        self._unread = self._unread[self._position :] + self._ahead
        self._position = 0
        self._ahead = b""
        if self._stream is not None:
            try:
                self._ahead = next(self._stream, b"")
            finally:
                if not self._ahead:
                    self._end()

    def _end(self) -> None:
        """End the session's call, whose statement is cancelled if it has not ended."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

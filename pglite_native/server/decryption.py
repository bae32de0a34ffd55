"""A client that speaks TLS, for a conversation that does not.

The conversation gets one end of a pair of sockets; a thread carries what the client says there,
and back, decrypted and encrypted.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CHUNK_BYTES = 64 * 1024  # in each direction, at most, on its way


@contextmanager
def decrypted(client: socket.socket) -> Iterator[socket.socket]:
    """What speaks for the client without TLS: itself, if it has none.

    It is not to be used otherwise meanwhile.
    """
    if not isinstance(client, ssl.SSLSocket):
        client.settimeout(None)
        yield client
        return
    inner, outer = socket.socketpair()
    thread = threading.Thread(
        target=_carry, args=(client, outer), name="pglite-decryption", daemon=True
    )
    try:
        with inner:
            thread.start()
            try:
                yield inner
            finally:
                with suppress(OSError):  # the thread sees it, even if a child of fork has both ends
                    inner.shutdown(socket.SHUT_RDWR)
    finally:
        if thread.ident is None:  # the system has no thread left
            outer.close()
        else:
            thread.join()


def _carry(client: ssl.SSLSocket, outer: socket.socket) -> None:
    client.settimeout(0)
    outer.settimeout(0)
    request, answer = _Direction(client, outer), _Direction(outer, client)
    with outer:
        while not answer.is_over:
            request.move()
            answer.move()
            if answer.is_over:
                return
            _wait(request, answer)


class _Direction:
    """What goes from one socket to another; it holds one chunk at most."""

    def __init__(self, source: socket.socket, target: socket.socket) -> None:
        self._source = source
        self._target = target
        self._chunk = memoryview(b"")
        self._has_ended = False
        self.is_over = False
        self.wanted: tuple[socket.socket, int] | None = None  # what it waits for

    def move(self) -> None:
        """Carry what can be carried without waiting."""
        self.wanted = None
        while not self.is_over and self.wanted is None:
            if self._chunk:
                self._send()
            elif self._has_ended:
                self.is_over = True
                self._pass_end_on()
            else:
                self._receive()

    def _receive(self) -> None:
        try:
            self._chunk = memoryview(self._source.recv(CHUNK_BYTES))
            self._has_ended = not self._chunk
        except (BlockingIOError, ssl.SSLWantReadError):
            self.wanted = self._source, select.POLLIN
        except ssl.SSLWantWriteError:
            self.wanted = self._source, select.POLLOUT
        except OSError:
            self._has_ended = True

    def _send(self) -> None:
        try:
            self._chunk = self._chunk[self._target.send(self._chunk) :]
        except (BlockingIOError, ssl.SSLWantWriteError):
            self.wanted = self._target, select.POLLOUT
        except ssl.SSLWantReadError:
            self.wanted = self._target, select.POLLIN
        except OSError:
            self.is_over = True

    def _pass_end_on(self) -> None:
        if not isinstance(self._target, ssl.SSLSocket):
            with suppress(OSError):  # nothing is there any more to hear of it
                self._target.shutdown(socket.SHUT_WR)


def _wait(*directions: _Direction) -> None:
    events: dict[socket.socket, int] = {}
    for direction in directions:
        if direction.wanted is not None:
            end, event = direction.wanted
            events[end] = events.get(end, 0) | event
    poll = select.poll()
    for end, event in events.items():
        poll.register(end, event)
    poll.poll()

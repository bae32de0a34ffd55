"""What a client and its session say to each other, from login to the end.

It is C's, without the GIL (csrc/engine/serve.c): from the socket to the session and back. What C
leaves over, a message in pieces say, is handed on from here.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

from pglite_native.errors import EngineClosed
from pglite_native.server.framing import Framing
from pglite_native.session import Session

RECEIVE_BYTES = 64 * 1024  # at a time, from a client


def converse(session: Session, client: socket.socket, is_stopping: Callable[[], bool]) -> None:
    """Carry bytes both ways, until one side ends it.

    Args:
        session: logged in.
        client: a socket that blocks, without TLS.
        is_stopping: whether to end it.

    Raises:
        Refusal: what the client sends is no message.
        EngineError: the cluster has failed, or was closed.
        OSError: the client has gone.
    """
    buffer = memoryview(bytearray(RECEIVE_BYTES))
    framing = Framing()
    while not is_stopping():
        if framing.is_between_messages:
            size = session._serve(client.fileno(), buffer)
        else:
            size = client.recv_into(buffer) or None
        if size is None:
            return
        if size and not _hand_on(session, client, buffer[:size], framing):
            return


def _hand_on(session: Session, client: socket.socket, data: memoryview, framing: Framing) -> bool:
    """Hand bytes on, and the answer back; False if the session ended by it: by Terminate, say."""
    framing.feed(data)
    with session.exec_protocol_stream(data) as parts:
        for part in parts:
            client.sendall(part)  # waits for a slow reader, and the session with it
    if framing.is_between_messages:
        try:
            client.sendall(session.exec_protocol_raw(b""))
        except EngineClosed:
            return False
    return True

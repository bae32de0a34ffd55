"""The engine as one side of the comparison, and the ways to deliver a message to it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from pglite_native import Engine, EngineClosed

Delivery = Callable[[Engine, bytes], bytes]


def _whole(engine: Engine, data: bytes) -> bytes:
    return engine.exec_protocol_raw(data)


def _bytewise(engine: Engine, data: bytes) -> bytes:
    """Ends where the session ends: what follows is dropped, as on a closed connection."""
    answer = bytearray()
    for index in range(len(data)):
        try:
            answer += engine.exec_protocol_raw(data[index : index + 1])
        except EngineClosed:
            break
    return bytes(answer)


def _streamed(engine: Engine, data: bytes) -> bytes:
    return b"".join(engine.exec_protocol_stream(data))


DELIVERIES: dict[str, Delivery] = {"whole": _whole, "bytewise": _bytewise, "streamed": _streamed}


class EngineSession:
    def __init__(self, deliver: Delivery) -> None:
        self._deliver = deliver
        self._engine = Engine()

    def exchange(self, data: bytes, until: str | None) -> bytes:
        """`until` is for the native side, but where its connection ends, the session has to."""
        answer = self._deliver(self._engine, data)
        if until is None:
            with pytest.raises(EngineClosed):
                self._engine.exec_protocol_raw(b"")
        return answer

    def close(self) -> None:
        self._engine.close()


def connect_by(delivery: str) -> Callable[[], EngineSession]:
    return partial(EngineSession, DELIVERIES[delivery])

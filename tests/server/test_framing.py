"""The boundaries of messages, however the bytes arrive."""

from __future__ import annotations

import pytest

from pglite_native.server.framing import Framing
from pglite_native.server.messages import Refusal
from tests import wire

STREAM = wire.query("SELECT 1") + wire.sync() + wire.copy_data(b"\0" * 300) + wire.copy_done()


def feed(framing: Framing, data: bytes, size: int) -> bool:
    """In pieces of one size; is it between two messages then?"""
    for start in range(0, len(data), size):
        framing.feed(memoryview(data[start : start + size]))
    return framing.is_between_messages


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 7, 64, 10000])
def test_boundaries_are_known_wherever_the_bytes_are_cut(size: int) -> None:
    message = wire.query("SELECT 1")
    for cut in range(len(message) + 1):
        framing = Framing()
        assert feed(framing, STREAM + message[:cut], size) == (cut in (0, len(message)))
        assert feed(framing, message[cut:], size)


@pytest.mark.parametrize("data", [wire.startup({"user": "postgres"}), b"Q\0\0\0\3", b"\0" * 5])
@pytest.mark.parametrize("size", [1, 100])
def test_what_is_no_message_is_refused(data: bytes, size: int) -> None:
    with pytest.raises(Refusal):
        feed(Framing(), STREAM + data, size)

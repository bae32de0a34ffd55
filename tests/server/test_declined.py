"""Requests that are answered by an error in the backend's place."""

from __future__ import annotations

import pytest

from pglite_native.server.declined import Declined
from pglite_native.server.framing import Framing
from tests import wire

ERROR = wire.message("E", b"C55P03\0\0")
READY = wire.message("Z", b"I")
AFTER = wire.query("SELECT 'next'")
HUGE = "x" * 200_000

REQUESTS = {
    "query": wire.query("SELECT 1"),
    "huge query": wire.query(f"SELECT '{HUGE}'"),
    "function call": wire.function_call(1),
    "pipeline": wire.extended("SELECT 1"),
    "huge pipeline": wire.extended("SELECT $1", [HUGE]),
    "pipeline with flushes": wire.parse("", "SELECT 1") + wire.flush() + wire.sync(),
    "pipeline with a query": wire.parse("", "SELECT 1") + wire.query("SELECT 1") + wire.sync(),
    "copy data before": wire.copy_data(b"1\n") + wire.copy_done() + wire.query("SELECT 1"),
}


def decline(data: bytes, size: int) -> tuple[bytes, bytes]:
    """As the server would, in pieces of one size: the answer, and what is left."""
    declined, framing, answer = Declined(ERROR), Framing(), b""
    for start in range(0, len(data), size):
        part, _ = framing.feed(memoryview(data[start : start + size]))
        rest, more = declined.feed(part)
        answer += more
        if declined.has_ended:
            return answer, bytes(rest) + framing._held + data[start + size :]
        assert not rest
    return answer, b""


@pytest.mark.parametrize("size", [1, 7, 65536, 10**6])
@pytest.mark.parametrize("data", REQUESTS.values(), ids=REQUESTS)
def test_a_request_is_passed_over_whole(data: bytes, size: int) -> None:
    if len(data) > 100_000 and size < 100:
        size *= 1000
    assert decline(data + AFTER, size) == (ERROR + READY, AFTER)


def feed(declined: Declined, data: bytes) -> tuple[bytes, bytes]:
    rest, answer = declined.feed(memoryview(data))
    return bytes(rest), answer


def test_a_pipeline_is_answered_at_once_and_ready_at_its_sync() -> None:
    declined = Declined(ERROR)
    assert feed(declined, wire.parse("", "SELECT 1")) == (b"", ERROR)
    assert feed(declined, wire.bind("", "") + wire.execute()) == (b"", b"")
    assert not declined.has_ended
    assert feed(declined, wire.sync() + AFTER) == (AFTER, READY)
    assert declined.has_ended


def test_a_large_message_is_answered_when_it_is_complete() -> None:
    message = REQUESTS["huge query"]
    declined = Declined(ERROR)
    assert feed(declined, message[:70_000]) == (b"", ERROR)
    assert feed(declined, message[70_000:-1]) == (b"", b"")
    assert feed(declined, message[-1:]) == (b"", READY)

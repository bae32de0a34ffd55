"""The boundaries of messages, however the bytes arrive."""

from __future__ import annotations

import pytest

from pglite_native.server.framing import WHOLE_MAX, Framing
from pglite_native.server.messages import Refusal
from tests import wire

STREAM = wire.query("SELECT 1") + wire.sync() + wire.copy_data(b"X" * 300) + wire.copy_done()


def feed(framing: Framing, data: bytes, size: int) -> tuple[bytes, bool]:
    """In pieces of one size; stops where the server would."""
    passed = b""
    for start in range(0, len(data), size):
        part, is_last = framing.feed(memoryview(data[start : start + size]))
        passed += part
        if is_last:
            return passed, True
    return passed, False


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 7, 64, 10000])
def test_terminate_is_kept_back_and_all_before_it_passed(size: int) -> None:
    framing = Framing()
    assert feed(framing, STREAM + wire.terminate() + wire.query("no"), size) == (STREAM, True)
    assert framing.missing == 0


@pytest.mark.parametrize("size", [1, 3, 10000])
def test_messages_are_passed_on_whole(size: int) -> None:
    message = wire.query("SELECT 1")
    for cut in range(len(message) + 1):
        framing = Framing()
        passed, is_last = feed(framing, STREAM + message[:cut], size)
        assert passed == (STREAM + message if cut == len(message) else STREAM)
        assert (is_last, framing.missing) == (False, 0)


@pytest.mark.parametrize("size", [1000, 65536, 10**6])
def test_large_messages_are_passed_on_as_they_come(size: int) -> None:
    whole, large = (wire.copy_data(b"X" * (WHOLE_MAX - 5 + more)) for more in (0, 1))
    assert feed(Framing(), STREAM + whole[:-1], size) == (STREAM, False)
    framing = Framing()
    assert feed(framing, STREAM + large[:-1], size) == (STREAM + large[:-1], False)
    assert framing.missing == 1
    assert feed(framing, large[-1:] + STREAM, size) == (large[-1:] + STREAM, False)
    assert framing.missing == 0


def test_what_postgresql_passes_over_is_no_request() -> None:
    framing = Framing()
    for idle in (wire.flush(), wire.copy_data(b"1"), wire.copy_done(), wire.copy_fail("no")):
        framing.feed(memoryview(idle))
        assert not framing.has_request
    for request in (
        wire.query(""),
        wire.sync(),
        wire.parse("", ""),
        wire.copy_done() + wire.sync(),
    ):
        framing.feed(memoryview(request))
        assert framing.has_request


def test_a_terminate_inside_of_a_message_is_none() -> None:
    data = wire.copy_data(wire.terminate() * 20_000)
    assert feed(Framing(), data, 7) == (data, False)


@pytest.mark.parametrize("data", [wire.startup({"user": "postgres"}), b"Q\0\0\0\3", b"\0" * 5])
@pytest.mark.parametrize("size", [1, 100])
def test_what_is_no_message_is_refused(data: bytes, size: int) -> None:
    with pytest.raises(Refusal):
        feed(Framing(), STREAM + data, size)

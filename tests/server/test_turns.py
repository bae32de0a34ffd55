"""The queue at a shared backend."""

from __future__ import annotations

import threading
import time

import pytest

from pglite_native.server.messages import Refusal
from pglite_native.server.turns import Claim, Turns
from tests import wire

WAIT_S = 10


class Waiter:
    """A thread that takes a turn and notes how that ended."""

    def __init__(self, turns: Turns, order: list[Claim], limit_s: float | None = WAIT_S) -> None:
        self.claim = Claim()
        self.refusal: Refusal | None = None
        self._turns, self._order, self._limit_s = turns, order, limit_s
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._turns.take(self.claim, self._limit_s)
        except Refusal as refusal:
            self.refusal = refusal
        else:
            self._order.append(self.claim)
            self._turns.give_back()

    def join(self) -> str | None:
        """How it ended: an SQLSTATE, or None for a turn."""
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()
        return None if self.refusal is None else wire.sqlstates(self.refusal.encode())[0]


def wait_until_queued(turns: Turns, count: int) -> None:
    deadline = time.monotonic() + WAIT_S
    while len(turns._waiting) < count:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def queue(turns: Turns, count: int, order: list[Claim]) -> list[Waiter]:
    waiters = []
    for number in range(count):
        waiters.append(Waiter(turns, order))
        wait_until_queued(turns, number + 1)
    return waiters


def test_a_free_backend_is_taken_at_once() -> None:
    turns = Turns()
    for _ in range(3):
        turns.take(Claim(), 0)
        turns.give_back()


def test_who_comes_first_is_served_first() -> None:
    turns, order = Turns(), list[Claim]()
    turns.take(Claim())
    waiters = queue(turns, 20, order)
    turns.give_back()
    assert [waiter.join() for waiter in waiters] == [None] * 20
    assert order == [waiter.claim for waiter in waiters]
    turns.take(Claim(), 0)  # free again


def test_who_gives_back_and_asks_again_is_the_last() -> None:
    turns, order, greedy = Turns(), list[Claim](), Claim()
    turns.take(greedy)
    waiters = queue(turns, 3, order)
    turns.give_back()
    turns.take(greedy, WAIT_S)
    assert order == [waiter.claim for waiter in waiters]
    turns.give_back()
    assert [waiter.join() for waiter in waiters] == [None] * 3


def test_a_wait_ends_at_its_limit_and_tells_for_whom() -> None:
    turns, holder = Turns(), Claim(process=42)
    turns.take(holder)
    holder.is_waiting_for_client = True
    began = time.monotonic()
    with pytest.raises(Refusal) as caught:
        turns.take(Claim(), 0.05)
    assert 0.04 < time.monotonic() - began < WAIT_S
    (error,) = wire.errors(caught.value.encode("ERROR"))
    assert (error["S"], error["C"]) == ("ERROR", "55P03")
    assert error["M"] == "could not obtain the backend within 0.05 s"
    assert error["D"].startswith("Process 42 has had it for 0.") and "its client" in error["D"]
    assert "commit or roll back" in error["H"] and "turn_timeout" in error["H"]
    turns.give_back()
    turns.take(Claim(), 0)  # it did not stay in the queue


def test_a_cancelled_wait_ends_and_the_others_go_on() -> None:
    turns, order = Turns(), list[Claim]()
    turns.take(Claim())
    first, second, third = queue(turns, 3, order)
    turns.cancel(second.claim, lambda: pytest.fail("nothing of it runs"))
    assert second.join() == "57014"
    turns.give_back()
    assert (first.join(), third.join()) == (None, None)
    assert order == [first.claim, third.claim]


def test_cancelling_reaches_what_runs_only_in_the_claim_s_turn() -> None:
    turns, mine, other, calls = Turns(), Claim(), Claim(), list[str]()
    turns.cancel(mine, lambda: calls.append("before"))
    turns.take(mine)
    turns.cancel(mine, lambda: calls.append("mine"))
    turns.cancel(other, lambda: calls.append("other"))
    turns.give_back()
    turns.cancel(mine, lambda: calls.append("after"))
    assert calls == ["mine"]
    turns.take(mine, 0)  # none of it is remembered


@pytest.mark.parametrize("limit_s", [0.0, 0.0005])
def test_many_with_short_patience_lose_no_turn(limit_s: float) -> None:
    """Handing over just as the patience ends, again and again: one holder at a time, none stays."""
    turns, holders, served = Turns(), list[Claim](), list[int]()

    def run() -> None:
        claim, count = Claim(), 0
        for _ in range(300):
            try:
                turns.take(claim, limit_s)
            except Refusal:
                continue
            holders.append(claim)
            assert holders == [claim]
            time.sleep(0.0001)
            holders.remove(claim)
            turns.give_back()
            count += 1
        served.append(count)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(served) == 8 and sum(served) > 0
    turns.take(Claim(), 0)

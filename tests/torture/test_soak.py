"""A few thousand statements: `python -m tests.torture soak` runs many."""

from __future__ import annotations

from pathlib import Path

import pytest

from pglite_native import Engine
from tests.torture.soak import Soak, read

pytestmark = pytest.mark.long

STATEMENTS, PLACES = 8000, 4


def test_every_move_has_the_same_answer_everywhere_and_all_is_given_back(ram_path: Path) -> None:
    with Engine() as engine:
        engine.open_session().close()
    before = read(0)
    with Soak(ram_path, seed=1) as soak:
        while soak.total < STATEMENTS or len(soak.statements) < PLACES:
            soak.turn()
        soak.finish()
    after = read(soak.total)
    assert after.descriptors <= before.descriptors + 2
    assert after.threads <= before.threads
    assert after.maps <= before.maps + 60  # the allocator's own
    assert after.memory <= before.memory + (64 << 20)
    print(before, after)

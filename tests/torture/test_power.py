"""A few power cuts: `python -m tests.torture power` makes many."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture.power import Cuts

pytestmark = pytest.mark.long

SAMPLE = ["schema", "two-phase", "sessions", "making"]


@pytest.mark.parametrize("name", SAMPLE)
def test_nothing_is_lost_by_power_cuts(name: str, ram_path: Path) -> None:
    cuts = Cuts(ram_path, seed=sum(name.encode()))
    cuts.cut(name, 3)
    assert cuts.cuts[name] >= 3

"""A few kills of each kind: `python -m tests.torture kills` makes many."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture.kills import Torture
from tests.torture.workloads import CLASSES

pytestmark = pytest.mark.long

# export has tests/migrate/test_resuming.py, and takes a native server.
SAMPLE = [name for name in CLASSES if name not in ("export", "extension")]


@pytest.mark.parametrize("name", SAMPLE)
def test_nothing_is_lost_by_kills(name: str, ram_path: Path) -> None:
    with Torture(ram_path, [name], seed=sum(name.encode())) as torture:
        torture.round()
    print(f"{torture.kills.total()} kills, {torture.said.total()} acknowledged")

"""Sessions that do everything to each other, at random: nothing hangs, fails or is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.child import ROOT

pytestmark = pytest.mark.long

SECONDS = 2.5


def play(seed: int, *data_dir: Path) -> None:
    command = [sys.executable, "-m", "tests.concurrency.chaos", str(seed), str(SECONDS)]
    played = subprocess.run(
        [*command, *map(str, data_dir)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    print(played.stdout)
    assert played.returncode == 0, played.stderr


@pytest.mark.parametrize("seed", range(2))
def test_random_sessions_in_memory(seed: int) -> None:
    play(seed)


def test_random_sessions_in_a_durable_directory(ram_path: Path) -> None:
    play(7, ram_path / "data")

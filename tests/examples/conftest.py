"""The package as users have it: installed from its wheel, run out of sight of the checkout."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., str]


@pytest.fixture
def run(site: Path, tmp_path: Path) -> Run:
    """Runs Python in an empty folder; returns what it printed, once it has succeeded."""

    def run_python(*arguments: str | Path, stdin: str = "") -> str:
        result = subprocess.run(
            [sys.executable, *arguments],
            input=stdin,
            cwd=tmp_path,
            env={"PATH": "", "PYTHONPATH": str(site), "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            encoding="utf-8",
        )
        assert (result.returncode, result.stderr) == (0, "")
        return result.stdout

    return run_python

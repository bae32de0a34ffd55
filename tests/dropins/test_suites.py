"""The tools' own test suites pass on the drop-ins, but for what suites.toml says is not applicable."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dropins.running import Suite, run_suite

SUITES = Suite.all()


@pytest.mark.parametrize("suite", SUITES, ids=[suite.name for suite in SUITES])
def test_a_suite_passes(suite: Suite, tmp_path: Path) -> None:
    outcomes = run_suite(suite.name, tmp_path, [*suite.deselected(), "tests"])
    others = {name: outcome for name, outcome in outcomes.items() if outcome != "passed"}
    assert others == {}, (tmp_path / "output.txt").read_text(encoding="utf-8")
    assert len(outcomes) == suite.passed

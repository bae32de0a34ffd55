"""The tools' own test suites pass on the drop-ins, but for what suites.toml has a reason for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dropins.running import Suite, run_suite

pytestmark = pytest.mark.long

SUITES = Suite.all()


@pytest.mark.parametrize("suite", SUITES, ids=[suite.name for suite in SUITES])
def test_a_suite_passes(suite: Suite, tmp_path: Path) -> None:
    ran = run_suite(suite, tmp_path)
    assert set(ran.outcomes.values()) == {"passed"}, ran.output
    assert (len(ran.outcomes), ran.left_out) == (suite.passed, suite.left_out)

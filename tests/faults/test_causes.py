"""Calls of the system that fail where it once went wrong; and the SQLSTATEs of all causes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.engine import child
from tests.faults import injection

LIMIT_SECONDS = 120
CASES = (
    "dropping_files_that_cannot_be_opened",
    "a_failed_checkpoint_s_requests",
    "a_checkpoint_that_is_not_noted",
    "a_copy_whose_checkpoint_fails",
    "threads_after_a_failed_start",
    "writes_of_one_session_end_the_cluster",
    "closing_while_nothing_can_be_written",
    "a_full_disk_is_named",
    "a_start_that_fails_comes_to_an_end",
    "settings_that_cannot_be_read",
    "a_segment_that_cannot_be_looked_for",
    "a_lock_that_cannot_be_looked_at",
    "no_memory_is_said",
)


@pytest.fixture(scope="module")
def preloaded(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    return injection.environment(tmp_path_factory.mktemp("injection"))


@pytest.mark.parametrize("case", CASES)
def test_case(case: str, preloaded: Mapping[str, str], ram_path: Path) -> None:
    script = "import runpy; runpy.run_module('tests.faults.cases', run_name='__main__')"
    child.output(script, case, ram_path / "data", env=preloaded, seconds=LIMIT_SECONDS)

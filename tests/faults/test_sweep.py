"""Calls of the system that fail, some of each kind: `python -m tests.faults` takes every one.

What may happen: the statement fails, with PostgreSQL's SQLSTATE for the cause, and the session goes
on; or PostgreSQL panics, as it does wherever it cannot write its WAL or sync a file, the engine
says so, and the next one recovers. Every row whose commit was acknowledged is there, no index
misses one, and everything works as soon as nothing fails.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pglite_native import Engine
from tests.engine import child
from tests.faults import injection

pytestmark = pytest.mark.long

SWEEP = "import runpy; runpy.run_module('tests.faults.sweep', run_name='__main__')"
# Of each kind, by the tier that is fast, and by the other; which sees no difference in some parts.
PARTS = {"single": (4, 0), "shared": (4, 1), "files": (1, 0), "memory": (1, 1)}


@pytest.mark.parametrize("part", PARTS)
def test_part(part: str, tmp_path: Path, ram_path: Path) -> None:
    with Engine() as engine:
        points = PARTS[part][engine.tier == "wasm3"]
    if points == 0:
        pytest.skip("by the other tier")
    environment = injection.environment(tmp_path)
    lines = child.output(SWEEP, ram_path / "folder", part, points, env=environment).splitlines()
    outcomes = [json.loads(line) for line in lines]
    assert len(outcomes) >= 5
    assert [outcome for outcome in outcomes if outcome["wrong"]] == []

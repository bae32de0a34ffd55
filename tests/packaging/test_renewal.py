"""What another version of PGlite is compared by, and what the oldest dependencies are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import dependencies
from tools.build import VENDOR
from tools.renewal.__main__ import LINES_MAX, Report
from tools.renewal.contents import ZONES, contents


def test_a_version_is_described_by_its_interface_and_its_files() -> None:
    lines = contents(VENDOR)
    assert "pglite.wasm: export pgl_startPGlite () -> ()" in lines
    assert "initdb.wasm: import env.exit (i32) -> ()" in lines
    assert "pglite.wasm: export InterruptPending" in lines
    assert any(line.startswith("pglite/share/postgresql/postgres.bki ") for line in lines)
    assert len([line for line in lines if ZONES in line]) == 1


def test_a_comparison_says_what_has_gone_and_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    Report(path).compare("Exports", ["a", "b"], ["b", "c"])
    assert path.read_text().split() == ["##", "Exports:", "2", "lines", "-a", "+c"]


def test_a_long_comparison_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    Report(path).compare("Exports", [], map(str, range(LINES_MAX + 7)))
    assert path.read_text().endswith("... and 7 more\n")


def test_every_dependency_has_a_lower_bound() -> None:
    bounds = dependencies.requirements(dependencies.project())
    assert {"cffi", "scramp", "sqlalchemy[asyncio]", "psycopg[binary]"} <= set(bounds)
    with pytest.raises(ValueError, match="no lower bound"):
        dependencies.requirements({"dependencies": ["cffi"], "optional-dependencies": {}})

"""The example projects' own tests pass, as a user runs them."""

from __future__ import annotations

import shutil

import pytest

from tests.plugin.conftest import PLUGIN
from tools import ROOT


@pytest.mark.parametrize(
    ("project", "count", "arguments"),
    [("alembic_library", 5, ()), ("django_shop", 11, ("-n", "2"))],
    ids=["Alembic", "Django, in two processes"],
)
def test_a_project_s_tests_pass(
    project: str,
    count: int,
    arguments: tuple[str, ...],
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    shutil.copytree(ROOT / "examples" / project, pytester.path, dirs_exist_ok=True)
    # As if it were installed; pytest-asyncio has nothing to do here but to warn.
    result = pytester.runpytest_subprocess("-p", PLUGIN, "-p", "no:asyncio", *arguments)
    result.assert_outcomes(passed=count)

"""The example projects' own tests pass, as a user runs them."""

from __future__ import annotations

import shutil

import pytest

from tests.plugin.conftest import PLUGIN
from tools import ROOT

pytestmark = pytest.mark.long


@pytest.mark.parametrize(
    ("project", "count", "arguments"),
    [("alembic_library", 5, ()), ("django_shop", 11, ("-p", "django", "-p", "xdist", "-n", "2"))],
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
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    result = pytester.runpytest_subprocess("-p", PLUGIN, *arguments)
    result.assert_outcomes(passed=count)

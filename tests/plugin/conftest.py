"""Runs of pytest by the tests, with the plugin as an installed one."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence

import pytest

from tools import ROOT

PLUGIN = "pglite_native.pytest_plugin"
Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs pytest on files, given by name and content; further arguments are pytest's."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # processes of the run do not inherit sys.path
    # Reading all plugins that are installed takes longer than most runs.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run_pytest(
        files: dict[str, str],
        *arguments: str,
        plugins: Sequence[str] = (),
        ini: str = "",
    ) -> pytest.RunResult:
        if "asyncio" in plugins:
            ini = "asyncio_default_fixture_loop_scope = function\n" + ini
        ini = "[pytest]\n" + ini
        for name, text in {"pytest.ini": ini, **files}.items():
            path = pytester.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        # Not in this process: what a run drops of what it has imported, other runs may still have.
        return pytester.runpytest_subprocess(
            *(f"-p{name}" for name in (PLUGIN, *plugins)), *arguments
        )

    return run_pytest

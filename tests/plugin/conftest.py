"""Runs of pytest inside the tests, with the plugin as an installed one."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import pytest

# Imported before the runs in this process, which drop what they import: these would not bear it.
import pglite_native.asynchronous
import pglite_native.server
from tools import ROOT

assert pglite_native.asynchronous and pglite_native.server

PLUGIN = "pglite_native.pytest_plugin"
Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs pytest on files, given by name and content; further arguments are pytest's."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # processes of the run do not inherit sys.path

    def run_pytest(
        files: dict[str, str], *arguments: str, ini: str = "", subprocess: bool = False
    ) -> pytest.RunResult:
        ini = "[pytest]\nasyncio_default_fixture_loop_scope = function\n" + ini
        for name, text in {"pytest.ini": ini, **files}.items():
            path = pytester.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        run = pytester.runpytest_subprocess if subprocess else pytester.runpytest_inprocess
        return run("-p", PLUGIN, *arguments)

    return run_pytest

"""Runs of pytest inside the tests, with the plugin as an installed one."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence

# psycopg, SQLAlchemy and parts of the package are imported before the runs in this process, which
# drop what they import: the package would not bear it, the others take long.
import psycopg
import pytest
import sqlalchemy.orm

import pglite_native.asynchronous
import pglite_native.server
from tools import ROOT

assert pglite_native.asynchronous and pglite_native.server and psycopg and sqlalchemy.orm

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
        subprocess: bool = False,
    ) -> pytest.RunResult:
        if "asyncio" in plugins:
            ini = "asyncio_default_fixture_loop_scope = function\n" + ini
        ini = "[pytest]\n" + ini
        for name, text in {"pytest.ini": ini, **files}.items():
            path = pytester.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        run = pytester.runpytest_subprocess if subprocess else pytester.runpytest_inprocess
        return run(*(f"-p{name}" for name in (PLUGIN, *plugins)), *arguments)

    return run_pytest

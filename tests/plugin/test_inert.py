"""The plugin costs next to nothing where it is not used."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.plugin.conftest import PLUGIN, Run

FOREIGN = ("_cffi_backend", "asyncio", "cffi", "django", "psycopg", "scramp", "sqlalchemy", "ssl")


def test_it_imports_nothing_but_itself() -> None:
    program = f"import sys, pytest; before = set(sys.modules); import {PLUGIN}; import json;"
    program += "print(json.dumps(sorted(set(sys.modules) - before - {'json'})))"
    printed = subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.PIPE)
    imported = json.loads(printed.stdout)
    ours = {name for name in imported if name.startswith("pglite_native")}
    assert {name for name in ours if not name.startswith(PLUGIN)} == {"pglite_native"}
    assert set(FOREIGN).isdisjoint(imported)


def test_a_run_that_asks_for_no_database_has_none(run: Run) -> None:
    test = """
        import sys

        def test_it():
            assert "pglite_native" in sys.modules
            assert "pglite_native.engine" not in sys.modules
            assert "pglite_native.server" not in sys.modules
    """
    run({"test_it.py": test}).assert_outcomes(passed=1)


def test_its_module_may_be_named_once_more(run: Run, pytester: pytest.Pytester) -> None:
    conftest = f'pytest_plugins = ["{PLUGIN}"]'
    test = "def test_it(pglite): pass"
    run({"conftest.py": conftest, "test_it.py": test}).assert_outcomes(passed=1)


def test_fixtures_and_options_are_described(run: Run) -> None:
    result = run({}, "--fixtures")
    result.stdout.fnmatch_lines(
        ["pglite_template [[]session scope[]]*", "*override it to run your*"]
    )
    run({}, "--help").stdout.fnmatch_lines(["*--pglite-keep*", "*pglite_schema*"])

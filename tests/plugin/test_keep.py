"""--pglite-keep."""

from __future__ import annotations

import re

from pglite_native import Engine, PGlite
from tests.plugin.conftest import Run

TEST = """
    import pytest

    @pytest.fixture
    def broken(pglite):
        raise LookupError

    def test_in_process(pglite):
        pglite.exec("create table t as select 1 as a")
        assert False

    def test_by_connection(pglite_connection):
        pglite_connection.execute("create table t as select 1 as a")
        assert False

    def test_that_passes(pglite):
        pass

    def test_without_database():
        assert False
"""


def test_databases_of_failed_tests_are_kept(run: Run) -> None:
    result = run({"test_it.py": TEST}, "--pglite-keep")
    result.assert_outcomes(passed=1, failed=3)
    kept = re.findall(r"^(\w+): pglite-native shell --image (.+)$", str(result.stdout), re.M)
    assert [name for name, _ in kept] == ["pglite", "pglite_database"]
    for _, path in kept:
        with PGlite(engine=Engine(image=path)) as db:  # the connection's with its transaction
            assert db.query("table t").rows == [{"a": 1}]


def test_nothing_is_kept_unasked(run: Run) -> None:
    result = run({"test_it.py": TEST})
    result.assert_outcomes(passed=1, failed=3)
    result.stdout.no_fnmatch_line("*--image*")


def test_a_database_that_cannot_be_written_down_is_mentioned(run: Run) -> None:
    test = """
        def test_it(pglite):
            pglite.close()
            assert False
    """
    result = run({"test_it.py": test}, "--pglite-keep")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("pglite: cannot be kept: *closed*")


def test_a_shared_database_is_kept_once_its_connections_are_closed(run: Run) -> None:
    test = """
        def test_open(pglite_connection):
            assert False

        def test_closed(pglite_database):
            assert False
    """
    result = run({"test_it.py": test}, "--pglite-keep", ini="pglite_shared = true\n")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines("pglite_database: cannot be kept: *open sessions*")
    result.stdout.fnmatch_lines("pglite_database: pglite-native shell --image *")

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

    def test_by_connection(pglite_url):
        import psycopg

        psycopg.connect(pglite_url).close()
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
    with PGlite(engine=Engine(image=kept[0][1])) as db:
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


def test_a_database_is_kept_as_it_is_between_transactions(run: Run) -> None:
    test = """
        import psycopg

        def test_it(pglite_connection, pglite_url):
            pglite_connection.execute("create table t as select 1 as a")
            pglite_connection.commit()
            with psycopg.connect(pglite_url) as other:
                other.execute("insert into t values (2)")
                other.commit()
                assert False
    """
    result = run({"test_it.py": test}, "--pglite-keep")
    result.assert_outcomes(failed=1)
    (path,) = re.findall(r"^pglite_database: .* --image (.+)$", str(result.stdout), re.M)
    with PGlite(engine=Engine(image=path)) as db:
        assert db.query("table t").rows == [{"a": 1}, {"a": 2}]


def test_in_the_middle_of_a_transaction_a_database_cannot_be_kept(run: Run) -> None:
    test = """
        def test_it(pglite_connection):
            pglite_connection.execute("create table t as select 1 as a")
            assert False
    """
    result = run({"test_it.py": test}, "--pglite-keep")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("pglite_database: cannot be kept: *")

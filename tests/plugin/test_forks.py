"""Fixtures in a child of fork, as code under test makes one."""

from __future__ import annotations

from tests.plugin.conftest import Run

FORKS = """
    import os
    import psycopg

    def test_one(pglite, pglite_dsn):
        pglite.exec("create table t as select 1 as n")
        pid = os.fork()
        if pid == 0:
            pglite.close()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert pglite.query("select n from t").rows == [{"n": 1}]
        assert psycopg.connect(pglite_dsn).execute("select 1").fetchone() == (1,)

    def test_two(pglite, pglite_dsn):
        assert psycopg.connect(pglite_dsn).execute("select 1").fetchone() == (1,)
"""


def test_fixtures_outlive_what_a_child_of_fork_does(run: Run) -> None:
    run({"test_it.py": FORKS}).assert_outcomes(passed=2)

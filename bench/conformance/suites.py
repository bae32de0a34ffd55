"""The suites that there are."""

from __future__ import annotations

from bench.conformance import contrib
from bench.conformance.files import Files
from bench.conformance.suite import Suite, psql
from tests.oracle.native import programs


def isolationtester(dsn: str) -> list[str]:
    folder = programs().parent / "lib" / "pgxs" / "src" / "test" / "isolation"
    return [str(folder / "isolationtester"), dsn]


SUITES = {
    suite.name: suite
    for suite in (
        Suite(
            name="isolation",
            title="isolation: sessions against each other",
            schedule="isolation_schedule",
            inputs="specs/{}.spec",
            program=isolationtester,
            database="isolation_regression",
            limit_s=60,
            is_independent=True,
        ),
        Suite(
            name="regress",
            title="regress: SQL through psql",
            schedule="parallel_schedule",
            inputs="sql/{}.sql",
            program=psql,
            database="regression",
            limit_s=240,
            is_independent=False,
        ),
        contrib.Contrib(
            name="contrib",
            title="contrib: the extensions that PostgreSQL brings",
            schedule="",
            inputs="sql/{}.sql",
            program=psql,
            database="contrib_regression",
            limit_s=120,
            is_independent=False,
        ),
        Files(
            name="pgvector",
            title="pgvector: its own tests",
            about="Tests of 0.8.0, the newest whose source Debian has; both servers have 0.8.7.",
            schedule="",
            inputs="test/sql/{}.sql",
            program=psql,
            database="contrib_regression",
            limit_s=120,
            is_independent=False,
            source="pgvector",
            packages=("postgresql-18-pgvector=0.8.7-1",),
            create="create extension vector",
        ),
        Files(
            name="pgtap",
            title="pgTAP: its own tests",
            about="Tests of 1.3.4, which the native server has, too; ours has 1.3.5.",
            schedule="",
            inputs="test/sql/{}.sql",
            program=psql,
            database="contrib_regression",
            limit_s=120,
            is_independent=False,
            source="pgtap",
            extension="pgtap",
            packages=("postgresql-18-pgtap=1.3.4-1",),
            create="create extension pgtap",
        ),
    )
}

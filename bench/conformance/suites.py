"""The suites: which program runs a test, with what environment."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.conformance import contrib, schedule
from tests.oracle.native import programs

# Where the tests in C are, a module that only a native server could load; so it is left out of
# both, and a test that uses it says the same on both.
NO_LIBRARIES = "/nowhere"

# What PostgreSQL's pg_regress sets, and does not inherit.
_LOCALE = re.compile(r"LC_.*|LANG|LANGUAGE|PG.*")
_ENVIRONMENT = {
    "LC_MESSAGES": "C",
    "PGTZ": "America/Los_Angeles",
    "PGDATESTYLE": "Postgres, MDY",
    "PGOPTIONS": "-c intervalstyle=postgres_verbose",
}


@dataclass(frozen=True)
class Suite:
    name: str
    title: str
    schedule: str
    inputs: str
    """A test's input, with a place for its name."""
    program: Callable[[str], list[str]]
    """The command that reads it, for a server's connection string."""
    database: str
    """Some tests name the one that they are run in."""
    limit_s: float
    """A test that takes longer is ended."""
    is_independent: bool
    """Whether a test does without what earlier ones have left."""

    def group(self, test: str) -> str:
        """What tests have a database of their own together."""
        return self.name

    def tests(self, source: Path) -> list[str]:
        return schedule.tests((source / self.name / self.schedule).read_text(encoding="utf-8"))

    def input(self, source: Path, test: str) -> Path:
        return source / self.name / self.inputs.format(test)

    def expected(self, source: Path, test: str) -> list[bytes]:
        """The outputs that PostgreSQL's own run of it accepts."""
        return _outputs(source / self.name / "expected", test)

    def environment(self, test: str, files: str, limit_s: float) -> Mapping[str, str]:
        """`files` is what the server calls the folder with the tests' files."""
        inherited = {k: v for k, v in os.environ.items() if not _LOCALE.fullmatch(k)}
        return {
            **inherited,
            **_ENVIRONMENT,
            "PGAPPNAME": f"{self.name}/{test}",
            "PG_ABS_SRCDIR": files,
            "PG_ABS_BUILDDIR": files,
            "PG_LIBDIR": NO_LIBRARIES,
            "PG_DLSUFFIX": ".so",
            # isolationtester cancels a step after twice that time, and runs the next one: a
            # step that hangs then still lets the output tell what came before and after it.
            "PG_TEST_TIMEOUT_DEFAULT": str(max(1, int(limit_s / 4))),
        }


def _outputs(folder: Path, test: str) -> list[bytes]:
    names = [f"{test}.out", *(f"{test}_{number}.out" for number in range(10))]
    return [(folder / name).read_bytes() for name in names if (folder / name).is_file()]


def _isolationtester(dsn: str) -> list[str]:
    folder = programs().parent / "lib" / "pgxs" / "src" / "test" / "isolation"
    return [str(folder / "isolationtester"), dsn]


def _psql(dsn: str) -> list[str]:
    hidden = ("HIDE_TABLEAM", "HIDE_TOAST_COMPRESSION")
    variables = [word for name in hidden for word in ("-v", f"{name}=on")]
    return [str(programs() / "psql"), "-X", "-a", "-q", *variables, "-d", dsn]


class Contrib(Suite):
    """Each module's tests have its folder, and a database of their own."""

    def group(self, test: str) -> str:
        return contrib.module(test)

    def tests(self, source: Path) -> list[str]:
        return contrib.tests(source)

    def input(self, source: Path, test: str) -> Path:
        module, _, name = test.partition("/")
        return source / contrib.FOLDER / module / self.inputs.format(name)

    def expected(self, source: Path, test: str) -> list[bytes]:
        module, _, name = test.partition("/")
        return _outputs(source / contrib.FOLDER / module / "expected", name)


SUITES = {
    suite.name: suite
    for suite in (
        Suite(
            name="isolation",
            title="isolation: sessions against each other",
            schedule="isolation_schedule",
            inputs="specs/{}.spec",
            program=_isolationtester,
            database="isolation_regression",
            limit_s=60,
            is_independent=True,
        ),
        Suite(
            name="regress",
            title="regress: SQL through psql",
            schedule="parallel_schedule",
            inputs="sql/{}.sql",
            program=_psql,
            database="regression",
            limit_s=240,
            is_independent=False,
        ),
        Contrib(
            name="contrib",
            title="contrib: the extensions that PostgreSQL brings",
            schedule="",
            inputs="sql/{}.sql",
            program=_psql,
            database="contrib_regression",
            limit_s=120,
            is_independent=False,
        ),
    )
}

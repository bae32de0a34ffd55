"""A suite: what its tests are, which program runs one, and with what environment."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.conformance import schedule
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


def isolationtester(dsn: str) -> list[str]:
    folder = programs().parent / "lib" / "pgxs" / "src" / "test" / "isolation"
    return [str(folder / "isolationtester"), dsn]


def psql(dsn: str) -> list[str]:
    hidden = ("HIDE_TABLEAM", "HIDE_TOAST_COMPRESSION")
    variables = [word for name in hidden for word in ("-v", f"{name}=on")]
    return [str(programs() / "psql"), "-X", "-a", "-q", *variables, "-d", dsn]


@dataclass(frozen=True)
class Suite:
    name: str
    title: str
    schedule: str = ""
    """The file that lists the tests, if there is one."""
    inputs: str = "sql/{}.sql"
    """A test's input, with a place for its name."""
    program: Callable[[str], list[str]] = psql
    """The command that reads it, for a server's connection string."""
    database: str = "contrib_regression"
    """Some tests name the one that they are run in."""
    limit_s: float = 120
    """A test that takes longer is ended."""
    is_independent: bool = False
    """Whether a test does without what earlier ones have left."""
    source: str = "postgresql"
    """The name of the pin that has the tests."""
    about: str = ""
    """What the page says of it, beside what it says of all."""
    extensions: Sequence[str] = ()
    """What our server has to add: of those that are wheels."""
    compile: bool | None = None
    """Whether they are; None: if something can."""
    packages: Sequence[str] = ()
    """Debian's, with the native server that is compared with; none: the oracle's."""
    create: str = ""
    """Statements for each new database."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of both servers."""

    def group(self, test: str) -> str:
        """What tests have a database of their own together."""
        return self.name

    def tests(self, source: Path) -> list[str]:
        return schedule.tests((source / self.name / self.schedule).read_text(encoding="utf-8"))

    def input(self, source: Path, test: str) -> Path:
        return source / self.name / self.inputs.format(test)

    def folder(self, source: Path, test: str) -> Path:
        """Where the program is run."""
        return self.input(source, test).parent.parent

    def prepare(self, source: Path) -> None:
        """Make what is not in the source as it is."""

    def command(self, source: Path, test: str, dsn: str, files: str) -> list[str]:
        """`files` is what the server calls the folder with the tests' files."""
        return self.program(dsn)

    def printed(self, output: bytes) -> bytes:
        """What counts of an output."""
        return output

    def expected(self, source: Path, test: str) -> list[bytes]:
        """The outputs that PostgreSQL's own run of it accepts."""
        return outputs(source / self.name / "expected", test)

    def environment(self, test: str, files: str, limit_s: float) -> Mapping[str, str]:
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


def outputs(folder: Path, test: str) -> list[bytes]:
    names = [f"{test}.out", *(f"{test}_{number}.out" for number in range(10))]
    return [(folder / name).read_bytes() for name in names if (folder / name).is_file()]

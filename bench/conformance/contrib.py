"""The tests of contrib modules, by their Makefiles, as `make -C contrib check` runs them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.conformance.suite import Suite, isolationtester, outputs

FOLDER = "contrib"

# Those that are bundled, and that a server tests without another configuration, and without
# files of its own, as file_fdw has them.
MODULES = (
    *("amcheck", "bloom", "btree_gin", "btree_gist", "citext", "cube", "dict_int", "dict_xsyn"),
    *("earthdistance", "fuzzystrmatch", "hstore", "intarray", "isn", "lo", "ltree"),
    *("pageinspect", "passwordcheck", "pg_buffercache", "pg_freespacemap", "pg_overexplain"),
    *("pg_surgery", "pg_trgm", "pg_visibility", "pg_walinspect", "pgcrypto", "seg", "spi"),
    *("tablefunc", "tsm_system_rows", "tsm_system_time", "unaccent", "uuid-ossp"),
)

ADDED = ("pg_prewarm", "pgrowlocks", "pgstattuple")  # of those that are wheels

ASSIGNMENT = re.compile(r"^(\w+)[ \t]*=[ \t]*((?:.*\\\n)*.*)$", re.MULTILINE)
VARIABLE = re.compile(r"\$\((\w+)\)")
NAMES = ("REGRESS", "ISOLATION")
SQL, SPECS = "sql/{}.sql", "specs/{}.spec"
NAME = re.compile(r"[\w-]+")


@dataclass(frozen=True)
class Contrib(Suite):
    """Each module's tests have its folder, and a database of their own."""

    modules: Sequence[str] = ()

    def group(self, test: str) -> str:
        return module(test)

    def tests(self, source: Path) -> list[str]:
        """Return them as module/test, in the order in which they are to run."""
        return [f"{name}/{test}" for name in self.modules for test in _tests(source, name)]

    def input(self, source: Path, test: str) -> Path:
        name, _, test = test.partition("/")
        sql = source / FOLDER / name / self.inputs.format(test)
        return sql if sql.is_file() else source / FOLDER / name / SPECS.format(test)

    def command(self, source: Path, test: str, dsn: str, files: str) -> list[str]:
        is_sql = self.input(source, test).suffix == ".sql"
        return self.program(dsn) if is_sql else isolationtester(dsn)

    def environment(self, test: str, files: str, limit_s: float) -> Mapping[str, str]:
        # By what pg_isolation_regress calls them some tests find their sessions.
        name = f"isolation/{test.partition('/')[2]}"
        return {**super().environment(test, files, limit_s), "PGAPPNAME": name}

    def expected(self, source: Path, test: str) -> list[bytes]:
        name, _, test = test.partition("/")
        return outputs(source / FOLDER / name / "expected", test)


def _tests(source: Path, name: str) -> Iterator[str]:
    folder = source / FOLDER / name
    for test in listed((folder / "Makefile").read_text(encoding="utf-8")):
        if any((folder / path.format(test)).is_file() for path in (SQL, SPECS)):
            yield test


def listed(makefile: str) -> list[str]:
    """Return the names of a Makefile's tests, and words of make's where it makes conditions."""
    variables = {name: value.replace("\\\n", " ") for name, value in ASSIGNMENT.findall(makefile)}

    def expand(text: str) -> str:
        return VARIABLE.sub(lambda match: expand(variables.get(match[1], "")), text)

    return [name for kind in NAMES for name in NAME.findall(expand(variables.get(kind, "")))]


def module(test: str) -> str:
    return test.partition("/")[0]

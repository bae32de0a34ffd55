"""The tests of contrib modules, by their Makefiles, as `make -C contrib check` runs them."""

from __future__ import annotations

import re
from pathlib import Path

from bench.conformance.suite import Suite, outputs

FOLDER = "contrib"

# Of those that are bundled, and that a server tests without another configuration, and without
# files of its own, as file_fdw has them.
MODULES = (
    *("amcheck", "bloom", "btree_gin", "btree_gist", "citext", "cube", "dict_int", "dict_xsyn"),
    *("earthdistance", "fuzzystrmatch", "hstore", "intarray", "isn", "lo", "ltree"),
    *("pageinspect", "passwordcheck", "pg_buffercache", "pg_freespacemap", "pg_overexplain"),
    *("pg_surgery", "pg_trgm", "pg_visibility", "pg_walinspect", "pgcrypto", "seg", "spi"),
    *("tablefunc", "tsm_system_rows", "tsm_system_time", "unaccent", "uuid-ossp"),
)

ASSIGNMENT = re.compile(r"^(\w+)[ \t]*=[ \t]*((?:.*\\\n)*.*)$", re.MULTILINE)
VARIABLE = re.compile(r"\$\((\w+)\)")
NAMES = "REGRESS"
NAME = re.compile(r"[\w-]+")


class Contrib(Suite):
    """Each module's tests have its folder, and a database of their own."""

    def group(self, test: str) -> str:
        return module(test)

    def tests(self, source: Path) -> list[str]:
        return tests(source)

    def input(self, source: Path, test: str) -> Path:
        module, _, name = test.partition("/")
        return source / FOLDER / module / self.inputs.format(name)

    def expected(self, source: Path, test: str) -> list[bytes]:
        module, _, name = test.partition("/")
        return outputs(source / FOLDER / module / "expected", name)


def tests(source: Path) -> list[str]:
    """Return them as module/test, in the order in which they are to run."""
    found = []
    for module in MODULES:
        folder = source / FOLDER / module
        names = listed((folder / "Makefile").read_text(encoding="utf-8"))
        found += [
            f"{module}/{name}" for name in names if (folder / "sql" / f"{name}.sql").is_file()
        ]
    return found


def listed(makefile: str) -> list[str]:
    """Return the names of a Makefile's tests, and words of make's where it makes conditions."""
    variables = {name: value.replace("\\\n", " ") for name, value in ASSIGNMENT.findall(makefile)}

    def expand(text: str) -> str:
        return VARIABLE.sub(lambda match: expand(variables.get(match[1], "")), text)

    return NAME.findall(expand(variables.get(NAMES, "")))


def module(test: str) -> str:
    return test.partition("/")[0]

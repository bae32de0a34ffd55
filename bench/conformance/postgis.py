"""PostGIS's tests, by the makefiles of its regress/core, raster and topology, as run_test.pl does.

What is left out: what loads or dumps files by programs of PostGIS's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from bench.conformance.suite import Suite
from tests.oracle.native import programs

FOLDERS = {
    "core": "regress/core",
    "raster": "raster/test/regress",
    "topology": "topology/test/regress",
}
MAKEFILES = (
    "regress/core/tests.mk.in",
    "raster/test/regress/tests.mk.in",
    "topology/test/tests.mk",
)
TEST = re.compile(
    r"\$\(top_srcdir\)/(?:regress/)?(core|raster|topology)/(?:test/regress/)?([\w.-]+)\s"
)

# By the makefiles' conditions: not for a GEOS as new as this, a build without protobuf, or where
# interrupts are not to be timed. One wants scripts that are in no extension, others rasters in
# files of the server's.
LEFT_OUT = {
    *("core/concave_hull", "core/relate_bnr", "core/mvt", "core/mvt_jsonb", "core/geobuf"),
    *("core/interrupt", "core/interrupt_relate", "core/interrupt_buffer", "core/legacy"),
    *("core/concave_hull_hard", "core/knn_recheck"),  # only for `make check-long`
    *("raster/rt_addband", "raster/rt_setbandpath", "raster/rt_utility", "raster/rt_wkb"),
}

# What the makefiles have cpp and sed make: the file, what of, and what is put in.
MADE = (
    ("load_topology.sql", "load_topology.sql.in", {"@SRID@": "-1"}),
    ("load_topology-4326.sql", "load_topology.sql.in", {"@SRID@": "4326"}),
    ("load_large_topology.sql", "load_large_topology.sql.in", {"@SRID@": "-1"}),
    ("topo_predicates.sql", "predicates.sql.in", {"@COLUMN@": "feature", "@SCHEMA@": "topology."}),
)

# What run_test.pl makes of an output before it compares.
EDITS = [
    (re.compile(pattern, re.MULTILINE), replacement)
    for pattern, replacement in (
        (rb"\r$", b""),
        (rb"^\s*\n", b""),
        (rb"Infinity|Inf", b"inf"),
        (rb"[eE]([+-])0+(\d+)", rb"e\1\2"),
        (rb"Self-intersection .*", b"Self-intersection"),
        (rb"^ROLLBACK", b"COMMIT"),
        (rb"^psql.*(NOTICE|WARNING|ERROR):", rb"\1:"),
    )
]
SETTINGS = "-c lc_messages=C -c client_min_messages=NOTICE -c extra_float_digits=0"
SEARCH_PATH = "set search_path to public, topology"


class PostGIS(Suite):
    """Each of the three parts has a database of its own, with all of them in it."""

    def group(self, test: str) -> str:
        return test.partition("/")[0]

    def tests(self, source: Path) -> list[str]:
        found: list[str] = []
        for makefile in MAKEFILES:
            for part, name in TEST.findall((source / makefile).read_text(encoding="utf-8")):
                found.append(f"{part}/{name.removesuffix('.sql')}")
        return [
            test for test in found if test not in LEFT_OUT and self.input(source, test).exists()
        ]

    def prepare(self, source: Path) -> None:
        folder = source / "topology" / "test"
        for name, origin, values in MADE:
            lines = (folder / origin).read_text(encoding="utf-8").splitlines(keepends=True)
            text = "".join(line for line in lines if not line.startswith("#"))
            for place, value in values.items():
                text = text.replace(place, value)
            (folder / name).write_text(text, encoding="utf-8")

    def input(self, source: Path, test: str) -> Path:
        part, _, name = test.partition("/")
        return source / FOLDERS[part] / f"{name}.sql"

    def folder(self, source: Path, test: str) -> Path:
        return self.input(source, test).parent

    def command(self, source: Path, test: str, dsn: str, files: str) -> list[str]:
        variables = {
            "VERBOSITY": "terse",
            "tmpfile": f"'{files}/results/tmp'",
            "regdir": source / "regress",
            "top_builddir": source,
            "schema": "public.",
        }
        words = [word for name, value in variables.items() for word in ("-v", f"{name}={value}")]
        options = ["-t", "-X", "-A", "-q", "-d", dsn, "-c", SEARCH_PATH, "-f", "-"]
        return [str(programs() / "psql"), *words, *options]

    def printed(self, output: bytes) -> bytes:
        for pattern, replacement in EDITS:
            output = pattern.sub(replacement, output)
        return output

    def expected(self, source: Path, test: str) -> list[bytes]:
        path = self.input(source, test)
        return [path.with_name(f"{path.stem}_expected").read_bytes().replace(b"\r\n", b"\n")]

    def environment(self, test: str, files: str, limit_s: float) -> Mapping[str, str]:
        base = super().environment(test, files, limit_s)
        others = {k: v for k, v in base.items() if k not in ("PGTZ", "PGDATESTYLE")}
        return {**others, "PGOPTIONS": SETTINGS}

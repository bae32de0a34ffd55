"""The database that PostgreSQL's regression tests leave behind, dumped: by ours and by pg_dump.

    python -m bench.conformance.dump [--data-dir DIR]

Without a directory that holds it already, the suite is run first, in one that stays in
build/conformance. Both dump the same database: `dump_sql` in the engine's process, and a native
pg_dump by a server before it. They must write the same, but for pg_dump's own version.
"""

from __future__ import annotations

import argparse
import difflib
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench import progress
from bench.conformance.ours import Ours
from bench.conformance.own import FILES
from bench.conformance.run import Runner
from bench.conformance.source import BUILD, fetch
from bench.conformance.store import Store
from bench.conformance.suites import SUITES
from bench.figures import Group
from bench.report import RESULTS, publish
from pglite_native import Engine
from pglite_native.engine.guest import Tier
from pglite_native.server import Server
from tests.clients.programs import without_versions
from tests.oracle.native import programs

SUITE = SUITES["regress"]
ROUNDS = 3
KEY = "--restrict-key=key"  # in place of one that is another each time
OPTIONS: dict[str, Sequence[str]] = {
    "all": (),
    "the schema": ("--schema-only",),
    "rows, by INSERT": ("--data-only", "--inserts"),
    "all, with statistics": ("--statistics",),
}
TIERS: Sequence[Tier] = ("aot", "wasm3")
VERSION = re.compile(r"^-- Dumped by pg_dump version .*$", re.MULTILINE)


class Kept(Ours):
    """Our server, on a directory that is there when it has ended."""

    def __init__(self, source: Path, directory: Path) -> None:
        super().__init__(source, SUITE, "auto")
        self._data = directory

    def _start(self) -> None:
        self._serve()
        self._stack.callback(lambda: self._stop())  # the process that there is then
        self._lay_files(self._data / FILES)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.conformance.dump", description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=BUILD / "regression")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder for the results")
    arguments = parser.parse_args()
    if not arguments.data_dir.exists():
        source = fetch()
        runner = Runner(SUITE, source, SUITE.limit_s)
        kept = Kept(source, arguments.data_dir)
        runner.run(SUITE.tests(source), kept, Store(BUILD / "kept" / SUITE.name))
    publish(
        "python -m bench.conformance.dump",
        lambda: [_measure(arguments.data_dir, tier) for tier in TIERS],
        arguments.output,
        only="dump",
    )


def _measure(directory: Path, tier: Tier) -> Group:
    group = Group(
        f"Dumping the regression database ({tier})",
        "dump_sql, and a native pg_dump by a server before the same engine: wall time. Lines that "
        "differ are all but that with pg_dump's version.",
    )
    for what in OPTIONS:
        group.figure(f"{what}: dump_sql", "s")
        group.figure(f"{what}: native pg_dump", "s")
        group.figure(f"{what}: size", "MB")
        group.figure(f"{what}: different", "lines", target=0)
    with (
        Engine(directory, database=SUITE.database, tier=tier) as engine,
        Server(engine) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        ours, native = (Path(folder, name) for name in ("ours.sql", "native.sql"))
        for _ in progress.rounds(f"dump ({tier})", ROUNDS):
            for what, options in OPTIONS.items():
                samples = _once(engine, server.dsn_of(SUITE.database, None), ours, native, options)
                group.add_samples({f"{what}: {name}": value for name, value in samples})
    return group


def _once(
    engine: Engine, dsn: str, ours: Path, native: Path, options: Sequence[str]
) -> Iterator[tuple[str, float]]:
    program = str(programs() / "pg_dump")
    command = [program, KEY, *options, f"--file={native}", f"--dbname={dsn}"]
    yield "dump_sql", _seconds(lambda: engine.dump_sql(ours, args=[KEY, *options]))
    yield "native pg_dump", _seconds(lambda: subprocess.run(command, check=True))
    yield "size", ours.stat().st_size / 1e6
    one, other = (
        VERSION.sub("", without_versions(path.read_text())).splitlines() for path in (ours, native)
    )
    lines = [] if one == other else list(difflib.unified_diff(one, other, n=0))
    yield "different", len(lines)


def _seconds(call: Callable[[], object]) -> float:
    started = time.monotonic()
    call()
    return time.monotonic() - started


if __name__ == "__main__":
    main()

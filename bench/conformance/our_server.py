"""Our server on a data directory, until its input ends; prints its tier, and how to connect.

python -m bench.conformance.our_server DIRECTORY SUITE TIER
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bench.conformance.own import CREATE_DATABASE, SETTINGS
from bench.conformance.suites import SUITES
from pglite_native import Engine, PGlite, extensions
from pglite_native.extensions.published import WHEELS
from pglite_native.server import Server
from tools.contrib import build as contrib
from tools.published import archive

if TYPE_CHECKING:
    from pglite_native.engine.guest import Tier


def main(directory: Path, name: str, tier: Tier) -> None:
    suite = SUITES[name]
    database = suite.database
    for extension in suite.extensions:
        if extension not in extensions.added():
            made = contrib.built if extension in WHEELS else archive
            extensions.add(made(extension), compile=suite.compile)
    if not directory.exists():
        with Engine(directory, tier=tier) as engine, PGlite(engine=engine) as db:
            db.exec(CREATE_DATABASE.format(database))
    settings = {**SETTINGS, **suite.settings, "fsync": "off"}
    with (
        Engine(directory, database=database, settings=settings, tier=tier) as engine,
        Server(engine) as server,
    ):
        print(engine.tier, server.dsn, sep="\n", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    # Engine refuses what is no tier.
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])  # type: ignore[arg-type]

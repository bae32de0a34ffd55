"""`pglite-native dump` and `load`: a database's files as a tarball, PGlite's too; or as SQL."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pglite_native import logs
from pglite_native.cli import usage
from pglite_native.cli.database import (
    add_arguments,
    add_server_arguments,
    directory,
    existing,
    open_engine,
    tell_of_new,
)
from pglite_native.cli.progress import Meter, amount
from pglite_native.engine.atomic_files import replacing
from pglite_native.engine.data_dir import compression_of
from pglite_native.engine.engine import Engine

DUMP = """\
Write a database's files as a tarball: a backup, which any version of this
package with the same major version of PostgreSQL loads, and PGlite on Node.

To a FILE.sql, or with --sql, write one database as SQL, by the pg_dump that the package brings:
any PostgreSQL as new runs it, and so does `pglite-native sql -f`.
"""

DUMP_EPILOG = """\
examples:
  dump shop.tar.gz --data-dir ./shop
  dump shop.tar --data-dir ./shop             not compressed
  dump - --data-dir ./shop | ssh host "cat > shop.tar.gz"
  dump shop.sql --data-dir ./shop
  dump - --sql --data-dir ./shop --args --schema-only --table=author

A file is there whole or not at all.
"""

LOAD = """\
Make a directory's database of a tarball: one of `dump`, or of dumpDataDir() of
PGlite on Node.
"""

LOAD_EPILOG = """\
examples:
  load shop.tar.gz --data-dir ./copy
  ssh host "cat shop.tar.gz" | pglite-native load - --data-dir ./copy

The directory must be empty, or not be there yet.
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to the command line's."""
    dumping = commands.add_parser(
        "dump",
        help="write a database's files as a tarball, or a database as SQL",
        description=DUMP,
        epilog=DUMP_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    dumping.set_defaults(command=_dump, parser=dumping)
    dumping.add_argument("file", metavar="FILE", help='what is written; "-" for standard output')
    dumping.add_argument(
        "--sql", action="store_true", help="write SQL, as a FILE.sql has it anyway"
    )
    dumping.add_argument(
        "--args",
        nargs=argparse.REMAINDER,
        help="for SQL: options of pg_dump, up to the end of the line",
    )
    add_arguments(dumping)

    loading = commands.add_parser(
        "load",
        help="make a database of a tarball",
        description=LOAD,
        epilog=LOAD_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    loading.set_defaults(command=_load)
    loading.add_argument("file", metavar="FILE", help='the tarball; "-" for standard input')
    loading.add_argument(
        "-D",
        "--data-dir",
        metavar="DIR",
        type=directory,
        required=True,
        help="the directory to make",
    )
    add_server_arguments(loading)


def _dump(options: argparse.Namespace) -> bool:
    if os.path.isdir(options.file):
        options.parser.error(f"FILE is what is written; {usage.of_path(options.file)}")
    if options.data_dir is not None:
        existing(options.data_dir)
    if options.file.lower().endswith(".sql.gz"):
        options.parser.error("SQL is not compressed here: `dump - --sql ... | gzip > FILE` does it")
    if options.sql or options.file.lower().endswith(".sql"):
        return _dump_sql(options)
    if options.args is not None or options.database is not None:
        options.parser.error(
            "--args and --database are for SQL (a FILE.sql, or --sql): a tarball has all databases"
        )
    if options.file == "-" and sys.stdout.isatty():
        options.parser.error(
            "the tarball will not be written to a terminal: redirect it to a file, or give a FILE"
        )
    with open_engine(options) as engine:
        if options.file == "-":
            with Meter("dump", sys.stdout.buffer) as meter:
                engine.dump_data_dir(meter)
            return True
        path = Path(options.file)
        with replacing(path, private=True) as file, Meter(options.file, file) as meter:
            engine.dump_data_dir(meter, compression_of(path))
    print(f"{options.file}: {amount(path.stat().st_size)}")
    return True


def _dump_sql(options: argparse.Namespace) -> bool:
    args = options.args or ()
    with _warnings_on_stderr(), open_engine(options) as engine:
        if options.file == "-":
            engine.dump_sql(sys.stdout.buffer, args=args, database=options.database)
            return True
        with (
            replacing(Path(options.file), private=True) as file,
            Meter(options.file, file) as meter,
        ):
            engine.dump_sql(meter, args=args, database=options.database)
    print(f"{options.file}: {amount(Path(options.file).stat().st_size)}")
    return True


@contextmanager
def _warnings_on_stderr() -> Iterator[None]:
    """Print what pg_dump warns of."""
    handler = logging.StreamHandler()
    logs.logger("pg_dump").addHandler(handler)
    try:
        yield
    finally:
        logs.logger("pg_dump").removeHandler(handler)


def _load(options: argparse.Namespace) -> bool:
    if options.file == "-":
        with Meter("load", sys.stdin.buffer) as meter:
            _make(options, meter)
    else:
        with open(options.file, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            with Meter(options.file, file, size) as meter:
                _make(options, meter)
    tell_of_new(options.data_dir)
    return True


def _make(options: argparse.Namespace, source: Meter) -> None:
    settings = dict(options.setting)
    Engine(options.data_dir, load_data_dir=source, settings=settings, tier=options.tier).close()

"""`pglite-native snapshot`: save a database as an image, for engines to start from."""

from __future__ import annotations

import argparse

from pglite_native.cli.database import add_arguments, open_engine, run_file_quietly, run_quietly
from pglite_native.cli.progress import amount

DESCRIPTION = """\
Save a database as an image: a file from which an engine starts in less than a
millisecond, with its own copy of everything in it.
"""

EPILOG = """\
examples:
  snapshot shop.image --sql schema.sql --sql rows.sql
  snapshot shop.image --data-dir ./shop
  snapshot next.image --image shop.image --sql migration.sql

and then, in Python:  Engine(image="shop.image")
or on a terminal:     sql --image shop.image "table orders"

An image belongs to this version of the package, with the extensions that are
added; `dump` makes what other versions can read. The file is there whole or not
at all. A directory is left as it is: --sql is run in the copy.
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line's."""
    parser = commands.add_parser(
        "snapshot",
        help="save a database as an image that engines start from",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(command=run)
    parser.add_argument(
        "file", metavar="FILE", help="the image to write; an existing one is replaced"
    )
    parser.add_argument(
        "--sql",
        metavar="FILE",
        action="append",
        default=[],
        help="run in it first; may be repeated",
    )
    add_arguments(parser)


def run(options: argparse.Namespace) -> bool:
    """Save the image, without what belongs to the session that made it."""
    with open_engine(options) as engine:
        copy = engine.copy_to_memory() if options.data_dir is not None else engine
        with copy:
            for name in options.sql:
                run_file_quietly(copy, name)
            # What a script has set (pg_dump's empties search_path) is not what tests should find.
            run_quietly(copy, "discard all")
            snapshot = copy.snapshot()
    snapshot.save(options.file)
    print(f"{options.file}: {amount(snapshot.size)}")
    return True

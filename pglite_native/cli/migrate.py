"""`pglite-native export` and `import`: a database to a PostgreSQL server, or from one."""

from __future__ import annotations

import argparse
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from pglite_native.cli.database import (
    add_arguments,
    add_server_arguments,
    directory,
    existing,
    open_engine,
)
from pglite_native.engine.engine import Engine
from pglite_native.errors import PGliteError
from pglite_native.server import Server

if TYPE_CHECKING:
    from pglite_native.migrate import Moved

EXPORT = """\
Move schema and data to a PostgreSQL server.
The database that is left is not changed.
"""

IMPORT = """\
Move schema and data of a PostgreSQL server's database into a new directory.
That database is only read, as it was at one moment.
"""

COMMON = """\
A password is better not said on a command line: PGPASSWORD, ~/.pgpass and all
that libpq knows work, too.

An end in the middle (Ctrl-C, a lost connection, a kill) loses nothing: the same
command continues with the first table that is not done. Nothing is said to be
done before both sides have counted the same rows.

Wanted: pip install 'pglite-native[migrate]'.
What moves and what does not: docs/MIGRATING.md.
"""

EXPORT_EPILOG = f"""\
examples:
  export --data-dir ./shop --to postgresql://shop@db.example.com/shop
  export --data-dir ./shop --to "host=/run/postgresql dbname=shop" --checksum

{COMMON}"""

IMPORT_EPILOG = f"""\
examples:
  import --from postgresql://shop@db.example.com/shop --data-dir ./shop
  import --from "service=shop" --data-dir ./shop --pg-dump ~/pg18/bin/pg_dump

{COMMON}
The server's schema is read by a pg_dump as new as it is, which is looked for.
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to the command line's."""
    exporting = commands.add_parser(
        "export",
        help="move a database to a PostgreSQL server",
        description=EXPORT,
        epilog=EXPORT_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    exporting.set_defaults(command=_export, parser=exporting, pg_dump=None)
    exporting.add_argument("--to", metavar="URL", required=True, help="where to: libpq's address")
    _add_choices(exporting)
    add_arguments(exporting)

    importing = commands.add_parser(
        "import",
        help="move a PostgreSQL server's database here",
        description=IMPORT,
        epilog=IMPORT_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    importing.set_defaults(command=_import)
    importing.add_argument(
        "--from", metavar="URL", required=True, dest="origin", help="where from: libpq's address"
    )
    importing.add_argument(
        "-D",
        "--data-dir",
        metavar="DIR",
        type=directory,
        required=True,
        help="the directory, created if it is missing",
    )
    _add_choices(importing)
    add_server_arguments(importing)
    importing.add_argument("--pg-dump", metavar="PATH", help="the program (default: looked for)")


def _add_choices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--checksum",
        action="store_true",
        help="verify by hashes of all rows, not by their number alone",
    )
    parser.add_argument(
        "--with-owners",
        action="store_true",
        help="move owners and privileges, too; what is the source's user's is the target's user's",
    )
    parser.add_argument(
        "--with-privileges",
        action="store_true",
        help="move privileges, too, but no owners: needs no superuser",
    )
    parser.add_argument(
        "--with-roles",
        action="store_true",
        help="make the roles that the schema names and the target lacks, with their memberships,"
        " and with their passwords where these can be read",
    )
    parser.add_argument(
        "--allow-non-empty", action="store_true", help="the target may have something already"
    )
    parser.add_argument(
        "--allow-older", action="store_true", help="the target may be an older PostgreSQL"
    )


def _export(options: argparse.Namespace) -> bool:
    if options.data_dir is not None:
        existing(options.data_dir)
    elif options.image is None:
        options.parser.error("what is to be moved? Give --data-dir or --image")
    with open_engine(options) as engine, Server(engine) as server:
        _move(options, source=(server.url, engine), target=(options.to, None))
    return True


def _import(options: argparse.Namespace) -> bool:
    settings = dict(options.setting)
    _library().Side(options.origin).connect().close()  # before a directory is made for nothing
    opened = Engine(options.data_dir, settings=settings, tier=options.tier)
    with opened as engine, Server(engine) as server:
        _move(options, source=(options.origin, None), target=(server.url, engine))
    return True


def _library() -> ModuleType:
    try:
        from pglite_native import migrate
    except ImportError as error:
        raise PGliteError(
            f"export and import need libraries that are not installed ({error}): "
            "pip install 'pglite-native[migrate]'"
        ) from error
    return migrate


def _move(
    options: argparse.Namespace,
    source: tuple[str, Engine | None],
    target: tuple[str, Engine | None],
) -> None:
    """Move between two sides: an address each, and the engine that it is of."""
    library = _library()
    choices = library.Choices(
        checksum=options.checksum,
        with_owners=options.with_owners,
        with_privileges=options.with_privileges,
        with_roles=options.with_roles,
        allow_non_empty=options.allow_non_empty,
        allow_older=options.allow_older,
        pg_dump=options.pg_dump,
    )
    try:
        moved = library.move(library.Side(*source), library.Side(*target), choices)
    except KeyboardInterrupt:
        print("Run the same command again to continue.", file=sys.stderr)
        raise
    _print(moved, checked="rows and hashes" if options.checksum else "rows")


def _print(moved: Moved, checked: str) -> None:
    print(f"tables:        {moved.tables}")
    if moved.resumed:
        print(f"  of these     {moved.resumed} by an earlier run")
    print(f"rows:          {moved.rows}")
    print(f"sequences:     {moved.sequences}")
    print(f"large objects: {moved.large_objects}")
    print(f"Both sides have the same {checked}.")

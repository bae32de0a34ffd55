"""Which database a command is for: the same options for all, and the engine that they mean."""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

from pglite_native.cli import script
from pglite_native.database.quoting import identifier
from pglite_native.engine import location
from pglite_native.engine.engine import Engine
from pglite_native.errors import PGliteError

CREATE = """
set client_min_messages = error;
create extension if not exists {} cascade;
reset client_min_messages"""


class Failed(PGliteError):
    """A command's end where the reason has been printed already."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which database."""
    group = parser.add_argument_group(
        "which database", "Without these options it is a new one in memory."
    )
    place = group.add_mutually_exclusive_group()
    place.add_argument(
        "-D",
        "--data-dir",
        metavar="DIR",
        type=directory,
        help="a durable directory, created if it is missing",
    )
    place.add_argument(
        "--image", metavar="FILE", help="a copy in memory of what `snapshot` has saved"
    )
    group.add_argument(
        "--database", metavar="NAME", help="which one of the directory's (default: postgres)"
    )
    add_server_arguments(group)
    group.add_argument(
        "--extension",
        metavar="NAME",
        action="append",
        default=[],
        help="create the extension first, if need be; may be repeated",
    )


def add_server_arguments(group: argparse._ActionsContainer) -> None:
    """Add the options that say how PostgreSQL runs, whichever the database."""
    group.add_argument(
        "--tier",
        choices=("auto", "aot", "wasm3", "native"),
        default="auto",
        help="what runs PostgreSQL: compiled code, or an interpreter (default: as there is)",
    )
    group.add_argument(
        "--setting",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        type=_setting,
        help="a parameter of the server; may be repeated",
    )


def open_engine(options: argparse.Namespace) -> Engine:
    """Open the database that the options mean.

    Raises:
        EngineError: it cannot be opened.
        Failed: an extension cannot be created.
    """
    settings = dict(options.setting)
    chosen = {} if options.database is None else {"database": options.database}
    is_new = options.data_dir is not None and not _has_database(options.data_dir)
    engine = Engine(
        options.data_dir,
        settings=settings or None,
        image=options.image,
        tier=options.tier,
        **chosen,
    )
    if is_new:
        tell_of_new(options.data_dir)
    try:
        # Quietly: tags and "already exists" are not what was asked for.
        for name in options.extension:
            run_quietly(engine, CREATE.format(identifier(name)))
    except BaseException:
        engine.close()
        raise
    return engine


def tell_of_new(directory: str) -> None:
    """Say that a directory is new, which it is, too, where its name was misspelt."""
    print(f"pglite-native: a new database, in {directory}", file=sys.stderr)


def run_quietly(engine: Engine, sql: str) -> None:
    """Run SQL for what it does; its notices and errors are printed.

    Raises:
        Failed: an error was.
    """
    if not script.run(engine, sql, io.StringIO(), sys.stderr):
        raise Failed


def run_file_quietly(engine: Engine, path: str) -> None:
    """The same of a file, which may be pg_dump's.

    Raises:
        Failed: an error was printed.
        OSError: the file cannot be read.
    """
    if not script.run_file(engine, path, io.StringIO(), sys.stderr):
        raise Failed


def existing(directory: str) -> Path:
    """Check that there is a database in a directory, which opening would make.

    Raises:
        ValueError: there is none.
    """
    if not _has_database(directory):
        raise ValueError(f"{directory} has no database: there is no file PG_VERSION in it")
    return Path(directory)


def _has_database(directory: str) -> bool:
    return Path(directory, "PG_VERSION").is_file()


def directory(text: str) -> str | None:
    """Take --data-dir, which names a directory, or memory: None.

    Raises:
        argparse.ArgumentTypeError: it names neither.
    """
    try:
        path = location.directory(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if path is None:
        return None
    if location.is_sql(text) and not path.exists():
        raise argparse.ArgumentTypeError(f"SQL, and not a directory: {text!r}")
    return str(path)


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"not NAME=VALUE: {text!r}")
    return name, value

"""The command line: `python -m pglite_native sql …`, `… extension …`, `… serve`."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence

from pglite_native import _sql, extensions
from pglite_native._quoting import identifier
from pglite_native.engine import Engine
from pglite_native.errors import PGliteError
from pglite_native.server import command

CREATE = """
set client_min_messages = error;
create extension if not exists {} cascade;
reset client_min_messages"""

LIST = """
with added as (select unnest(array[{added}]::name[]) as name)
select name, default_version as version,
    case when name in (table added) then 'added' else 'bundled' end as origin,
    comment as description
from pg_available_extensions
union all
select name, null, 'added', 'library for LOAD'
from added where name not in (select name from pg_available_extensions)
order by name"""

EPILOG = "SQL given at once is run at once, in one transaction, as by `psql -c`."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the process's exit status."""
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # whatever the terminal's encoding
    try:
        ok: bool = options.command(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read has gone, as `head` does. Nor will Python's flush at exit be heard.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (PGliteError, ValueError, OSError) as error:
        print(f"pglite_native: {error}", file=sys.stderr)
        return 1
    return 0 if ok else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pglite_native", description="A real PostgreSQL in a Python process."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    sql = commands.add_parser("sql", help="run SQL, print what it returns", epilog=EPILOG)
    sql.set_defaults(command=_run_sql)
    sql.add_argument("sql", metavar="SQL", help='statements; "-" to read them from stdin')
    sql.add_argument("--data-dir", metavar="DIR", help="durable directory (default: in memory)")
    sql.add_argument(
        "--extension",
        metavar="NAME",
        action="append",
        default=[],
        help="create the extension first, if need be",
    )
    sql.add_argument(
        "--setting",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        type=_setting,
        help="a parameter of the server",
    )
    _add_extension_commands(commands)
    command.add(commands)
    return parser


def _add_extension_commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
) -> None:
    extension = commands.add_parser("extension", help="add extensions that are not bundled")
    actions = extension.add_subparsers(required=True, metavar="COMMAND")

    add = actions.add_parser("add", help="add one, for all programs of this user")
    add.set_defaults(command=_add_extension)
    add.add_argument("tarball", metavar="TARBALL", help="the .tar.gz in its PGlite package's dist/")
    add.add_argument("--replace", action="store_true", help="in place of the one of that name")

    listing = actions.add_parser("list", help="list the extensions that can be created")
    listing.set_defaults(command=_list_extensions)

    remove = actions.add_parser("remove", help="remove one that was added")
    remove.set_defaults(command=_remove_extension)
    remove.add_argument("name", metavar="NAME")


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"not NAME=VALUE: {text!r}")
    return name, value


def _run_sql(options: argparse.Namespace) -> bool:
    reads_sql = options.sql == "-"
    sql = sys.stdin.read() if reads_sql else options.sql
    with Engine(options.data_dir, settings=dict(options.setting)) as engine:
        # Quietly: tags and "already exists" are not what was asked for.
        for name in options.extension:
            if not _sql.run(engine, CREATE.format(identifier(name)), io.StringIO(), sys.stderr):
                return False
        copy_input = None if reads_sql else sys.stdin.buffer
        return _sql.run(engine, sql, sys.stdout, sys.stderr, copy_input)


def _add_extension(options: argparse.Namespace) -> bool:
    names = extensions.add(options.tarball, replace=options.replace)
    print(f"added {', '.join(names)}")
    return True


def _remove_extension(options: argparse.Namespace) -> bool:
    print(f"removed {', '.join(extensions.remove(options.name))}")
    return True


def _list_extensions(_: argparse.Namespace) -> bool:
    added = ",".join("'" + name.replace("'", "''") + "'" for name in extensions.added())
    with Engine() as engine:
        return _sql.run(engine, LIST.format(added=added), sys.stdout, sys.stderr)

"""`pglite-native extension`: add, list and remove extensions that are not bundled."""

from __future__ import annotations

import argparse
import sys

from pglite_native import extensions
from pglite_native.cli import script
from pglite_native.cli.progress import CLEAR_LINE
from pglite_native.engine import guest
from pglite_native.engine.engine import Engine
from pglite_native.extensions.published import PINS

LIST = """
with added as (select unnest(array[{added}]::name[]) as name)
select name, default_version as version,
    case when name in (table added) then 'added' else 'bundled' end as origin,
    case when name in (table added) then '{runs[added]}' else '{runs[bundled]}' end as code,
    comment as description
from pg_available_extensions
union all
select name, null, 'added', '{runs[added]}', 'library for LOAD'
from added where name not in (select name from pg_available_extensions)
order by name"""

CODE = {"aot": "compiled", "wasm3": "interpreted"}

EPILOG = """\
examples:
  extension list
  extension add pg_ivm
  extension add ./my_extension.tar.gz
  sql --extension pg_ivm "select count(*) from pgivm.pg_ivm_immv"
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to the command line's."""
    extension = commands.add_parser(
        "extension",
        help="add extensions that are not bundled",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = extension.add_subparsers(required=True, metavar="COMMAND")

    add = actions.add_parser("add", help="add one, for all programs of this user")
    add.set_defaults(command=_add)
    add.add_argument(
        "extension",
        metavar="NAME or FILE",
        help=f"fetched by npm: {', '.join(PINS)}; "
        "or its PGlite package (.tgz), or the .tar.gz in that",
    )
    add.add_argument(
        "--compile",
        action=argparse.BooleanOptionalAction,
        help="insist on a compiler, or do without; default: use one that is there",
    )
    add.add_argument("--replace", action="store_true", help="in place of the one of that name")

    listing = actions.add_parser("list", help="list the extensions that can be created")
    listing.set_defaults(command=_list)

    remove = actions.add_parser("remove", help="remove one that was added")
    remove.set_defaults(command=_remove)
    remove.add_argument("name", metavar="NAME")


def _add(options: argparse.Namespace) -> bool:
    try:
        names = extensions.add(
            options.extension, replace=options.replace, compile=options.compile, progress=_show
        )
    finally:
        _clear()
    print(f"added {', '.join(names)}")
    _explain()
    return True


def _remove(options: argparse.Namespace) -> bool:
    try:
        names = extensions.remove(options.name, progress=_show)
    finally:
        _clear()
    print(f"removed {', '.join(names)}")
    _explain()
    return True


def _show(what: str, done: int, of: int) -> None:
    """Tell a terminal how far compiling is, in one line, written over."""
    if sys.stderr.isatty():
        print(f"{CLEAR_LINE}{what} {done}/{of}", end="", file=sys.stderr, flush=True)


def _clear() -> None:
    if sys.stderr.isatty():
        print(CLEAR_LINE, end="", file=sys.stderr, flush=True)


def _explain() -> None:
    """Tell why what was added is slower than it could be."""
    if (reason := extensions.why_interpreted()) is not None:
        print(f"what was added is interpreted: {reason}", file=sys.stderr)


def _list(_: argparse.Namespace) -> bool:
    added = ",".join("'" + name.replace("'", "''") + "'" for name in extensions.added())
    with Engine() as engine:
        runtime = guest.runtime()
        runs = {
            "bundled": CODE[runtime.tier],
            "added": CODE[runtime.added_tier or runtime.tier],
        }
        listed = LIST.format(added=added, runs=runs)
        return script.run(engine, listed, sys.stdout, sys.stderr)

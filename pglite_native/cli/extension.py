"""`pglite-native extension`: add, list and remove extensions that are not bundled."""

from __future__ import annotations

import argparse
import sys

from pglite_native import extensions
from pglite_native.cli import script
from pglite_native.engine.engine import Engine

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

EPILOG = """\
examples:
  extension list
  npm pack @electric-sql/pglite-pg_ivm && tar xf *.tgz
  extension add package/dist/pg_ivm.tar.gz
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
    add.add_argument("tarball", metavar="TARBALL", help="the .tar.gz in its PGlite package's dist/")
    add.add_argument("--replace", action="store_true", help="in place of the one of that name")

    listing = actions.add_parser("list", help="list the extensions that can be created")
    listing.set_defaults(command=_list)

    remove = actions.add_parser("remove", help="remove one that was added")
    remove.set_defaults(command=_remove)
    remove.add_argument("name", metavar="NAME")


def _add(options: argparse.Namespace) -> bool:
    names = extensions.add(options.tarball, replace=options.replace)
    print(f"added {', '.join(names)}")
    return True


def _remove(options: argparse.Namespace) -> bool:
    print(f"removed {', '.join(extensions.remove(options.name))}")
    return True


def _list(_: argparse.Namespace) -> bool:
    added = ",".join("'" + name.replace("'", "''") + "'" for name in extensions.added())
    with Engine() as engine:
        return script.run(engine, LIST.format(added=added), sys.stdout, sys.stderr)

"""`pglite-native sql`: run statements, print what they return."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass

from pglite_native.cli import script, usage
from pglite_native.cli.database import add_arguments, open_engine, run_quietly
from pglite_native.cli.formats import Csv, Format, Json, Table
from pglite_native.database.parser import Parser
from pglite_native.database.script import Script

DESCRIPTION = "Run SQL and print what it returns."

EPILOG = """\
examples:
  sql "select 1 as one"
  sql --data-dir ./shop -f schema.sql -f rows.sql "select count(*) from orders"
  sql --data-dir ./shop --format json "table orders" | jq '.[].total'
  sql --data-dir ./shop "copy orders from stdin (format csv, header)" < orders.csv
  echo "select 1" | pglite-native sql

Each SQL is run at once and in one transaction, as by `psql -c`: if one of its
statements fails, none has taken effect. A file's statements, and those of the
standard input, are run each by itself, as by `psql -f`; -1 has all in one
transaction. After an error nothing more is run. -c and -f come first, in their
order. A file may be pg_dump's. Errors and notices go to standard error, with
SQLSTATE, and for a file with its name and line.

formats:
  auto      table, or expanded where that is wider than the terminal
  table     as psql prints it
  expanded  a line for each value, as psql after \\x
  csv       a header, then the rows; NULL is empty unless --null says otherwise
  json      an array of objects for each result, one object a line
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line's."""
    parser = commands.add_parser(
        "sql",
        help="run SQL, print what it returns",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(command=run, parser=parser)
    parser.add_argument(
        "sql",
        metavar="SQL",
        nargs="*",
        help='statements; "-" to read them from standard input, as without any',
    )
    parser.add_argument(
        "-c",
        "--command",
        metavar="SQL",
        dest="steps",
        action="append",
        default=[],
        type=_Command,
        help="run SQL; may be repeated, and mixed with -f",
    )
    parser.add_argument(
        "-f",
        "--file",
        metavar="FILE",
        dest="steps",
        action="append",
        type=_File,
        help="run a file's statements, which may be pg_dump's",
    )
    parser.add_argument(
        "-1",
        "--single-transaction",
        action="store_true",
        help="run all of it in one transaction: all takes effect, or nothing",
    )
    parser.add_argument(
        "--format",
        choices=("auto", "table", "expanded", "csv", "json"),
        default="auto",
        help="how to print results (default: %(default)s)",
    )
    parser.add_argument(
        "--null", metavar="TEXT", default="", help="what to print for NULL (default: nothing)"
    )
    add_arguments(parser)


def run(options: argparse.Namespace) -> bool:
    """Run what was given, up to the first error."""
    steps = options.steps + [_File(sql) if sql == "-" else _Command(sql) for sql in options.sql]
    _check(options)
    if not steps:
        if sys.stdin.isatty():
            options.parser.error("what SQL? Give it as an argument, by --file or on standard input")
        steps = [_File("-")]
    copy_input = None if _File("-") in steps else sys.stdin.buffer
    form = choose(options.format, options.null)
    with open_engine(options) as engine, Parser() as parser:

        def run_step(step: _Command | _File) -> bool:
            if isinstance(step, _Command):
                return script.run(engine, step.sql, sys.stdout, sys.stderr, copy_input, form)
            source = step.read(parser)
            return script.run_script(engine, source, parser, sys.stdout, sys.stderr, form)

        if not options.single_transaction:
            return all(map(run_step, steps))
        run_quietly(engine, "begin")  # which closing the engine rolls back
        if not all(map(run_step, steps)):
            return False
        run_quietly(engine, "commit")
    return True


def _check(options: argparse.Namespace) -> None:
    """Refuse what is no SQL, but the name of something."""
    for sql in options.sql:
        if len(sql.split()) != 1 or sql == "-":
            continue
        if advice := usage.of_path(sql):
            options.parser.error(f"SQL, and not {sql!r}: {advice}")
        if "://" in sql:
            options.parser.error(
                f"SQL, and not the address {sql!r}: a directory is given by --data-dir; a server"
                " is psql's"
            )


@dataclass(frozen=True)
class _Command:
    """What -c gives, and an argument."""

    sql: str


@dataclass(frozen=True)
class _File:
    """What -f gives; "-" is the standard input."""

    path: str

    def read(self, parser: Parser) -> Script:
        if self.path == "-":
            return Script("<stdin>", sys.stdin.read(), parser)
        return Script.read(self.path, parser)


def choose(name: str, null: str) -> Format:
    """Return the format of a name, for standard output."""
    if name == "csv":
        return Csv(null)
    if name == "json":
        return Json(is_ascii=not (sys.stdout.encoding or "").lower().startswith("utf"))
    screen = None
    if name == "auto" and sys.stdout.isatty():
        screen = os.get_terminal_size(sys.stdout.fileno()).columns or None
    return Table(null, screen, is_expanded=name == "expanded")

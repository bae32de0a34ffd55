"""`pglite-native sql`: run statements, print what they return."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from pglite_native.cli import script
from pglite_native.cli.database import add_arguments, open_engine
from pglite_native.cli.formats import Csv, Format, Json, Table

DESCRIPTION = "Run SQL and print what it returns."

EPILOG = """\
examples:
  sql "select 1 as one"
  sql --data-dir ./shop -f schema.sql -f rows.sql "select count(*) from orders"
  sql --data-dir ./shop --format json "table orders" | jq '.[].total'
  sql --data-dir ./shop "copy orders from stdin (format csv, header)" < orders.csv
  echo "select 1" | pglite-native sql

Each SQL, and each file, is run at once and in one transaction, as by `psql -c`:
if one of its statements fails, none has taken effect, and nothing more is run.
Files come first. Errors and notices go to standard error, with SQLSTATE.

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
        "-f", "--file", metavar="FILE", action="append", default=[], help="run a file's statements"
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
    sources = options.sql or ([] if options.file else ["-"])
    if sources == ["-"] and not options.sql and sys.stdin.isatty():
        options.parser.error("what SQL? Give it as an argument, by --file or on standard input")
    copy_input = None if "-" in sources else sys.stdin.buffer
    form = choose(options.format, options.null)
    with open_engine(options) as engine:
        return all(
            script.run(engine, sql, sys.stdout, sys.stderr, copy_input, form)
            for sql in _read(options.file, sources)
        )


def choose(name: str, null: str) -> Format:
    """Return the format of a name, for standard output."""
    if name == "csv":
        return Csv(null)
    if name == "json":
        return Json(is_ascii=not (sys.stdout.encoding or "").lower().startswith("utf"))
    screen = 0 if name == "expanded" else None
    if name == "auto" and sys.stdout.isatty():
        screen = os.get_terminal_size(sys.stdout.fileno()).columns or None
    return Table(null, screen)


def _read(files: list[str], sources: list[str]) -> Iterator[str]:
    for file in files:
        yield Path(file).read_text(encoding="utf-8-sig")
    for source in sources:
        yield sys.stdin.read() if source == "-" else source

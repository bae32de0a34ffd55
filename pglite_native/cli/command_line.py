"""The parser of the command line, and what a command's end means to the shell."""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
from collections.abc import Sequence

from pglite_native.cli import (
    completion,
    extension,
    info,
    migrate,
    serve,
    shell,
    snapshot,
    sql,
    tarball,
    usage,
)
from pglite_native.cli.database import Failed
from pglite_native.errors import PGliteError

OK = 0
FAILED = 1
# Wrong usage is argparse's 2. The rest is the shell's 128 + the signal's number.
INTERRUPTED = 128 + signal.SIGINT
READER_LEFT = 128 + signal.SIGPIPE

DESCRIPTION = """\
A real PostgreSQL in one process: no server, no configuration.

Every command takes a database from --data-dir (durable) or --image (a copy of
one that was saved); without either it makes a new one in memory.
"""

EPILOG = """\
examples:
  pglite-native sql "select version()"
  pglite-native sql --data-dir ./shop -f schema.sql
  pglite-native sql --data-dir ./shop --format csv "table orders" > orders.csv
  pglite-native snapshot shop.image --data-dir ./shop
  pglite-native serve

Exit status: 0 done, 1 the SQL or the command failed, 2 wrong usage,
130 interrupted (Ctrl-C), 141 who read the output left.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the process's exit status."""
    try:
        return _run(arguments)
    finally:
        try:
            sys.stdout.flush()
        except OSError:  # Python would try it once more as it exits, and change the status
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(arguments: Sequence[str] | None) -> int:
    if sys.stdout is None:  # closed by the parent process: the output is not wanted
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # in any encoding of the terminal
    options = command_line().parse_args(arguments)
    try:
        ok: bool = options.command(options)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has gone, as `head` does
        return READER_LEFT
    except KeyboardInterrupt:
        print("pglite-native: interrupted", file=sys.stderr)
        return INTERRUPTED
    except Failed:
        return FAILED
    except (PGliteError, ValueError, OSError) as error:
        print(f"pglite-native: {_words(error)}", file=sys.stderr)
        return FAILED
    return OK if ok else FAILED


def _words(error: Exception) -> str:
    """Return an error's text; a system error's without the number that Python puts before it."""
    if isinstance(error, OSError) and error.strerror is not None:
        place = "" if error.filename is None else f"{error.filename}: "
        return f"{place}{error.strerror}"
    return str(error)


def command_line() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = usage.Parser(
        prog="pglite-native",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "-V", "--version", action="version", version=f"pglite-native {info.package_version()}"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in (sql, shell, serve, tarball, snapshot, migrate, extension, info, completion):
        module.add(commands)
    return parser

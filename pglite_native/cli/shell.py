"""`pglite-native shell`: SQL at a terminal, by the best client there is."""

from __future__ import annotations

import argparse
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence

from pglite_native.cli import usage
from pglite_native.cli.database import add_arguments, open_engine
from pglite_native.cli.prompt import Prompt
from pglite_native.engine.engine import Engine
from pglite_native.server import Server

DESCRIPTION = """\
Type SQL at a terminal: in pgcli or a psql of version 18, if one is installed, else in a plain
client of our own (\\? tells what that can do).
"""

EPILOG = """\
examples:
  shell                                        a database to play with, in memory
  shell --data-dir ./shop
  shell --data-dir ./shop --client psql -- -c "\\d orders"

What stands behind -- is for the client. Ctrl-C cancels the running statement.
pgcli and psql talk to a server on a private Unix socket, which ends with them.
"""

CLIENTS = ("pgcli", "psql")
SERVER_VERSION = 18


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line's."""
    parser = commands.add_parser(
        "shell",
        help="type SQL at a terminal",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(command=run, parser=parser)
    parser.add_argument(
        "--client",
        choices=("auto", *CLIENTS, "plain"),
        default="auto",
        help="which one (default: the first of them that is installed)",
    )
    parser.add_argument("arguments", metavar="ARGUMENT", nargs="*", help="for the client, after --")
    add_arguments(parser)


def run(options: argparse.Namespace) -> bool:
    """Talk until the user leaves."""
    client = _choose(options.client)
    if client is None and options.arguments:
        given = " ".join(options.arguments)
        advice = usage.of_path(options.arguments[0])
        options.parser.error(f"arguments are for pgcli or psql: {given}; {advice}".rstrip("; "))
    with open_engine(options) as engine:
        if client is None:
            return Prompt(engine).run()
        return _run_client(engine, client, options.arguments)


def _choose(name: str) -> str | None:
    """Return the path of a client; None for our own."""
    if name == "plain":
        return None
    if name != "auto":
        path = shutil.which(name)
        if path is None:
            raise ValueError(f"{name} is not installed: it is not on the PATH")
        return path
    # pgcli is nothing without a terminal.
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    for name in CLIENTS if is_terminal else CLIENTS[1:]:
        path = shutil.which(name)
        if path is None:
            continue
        version = _version(path) if name == "psql" else SERVER_VERSION
        if version >= SERVER_VERSION:
            return path
        print(
            f"psql {version} is passed over: its commands, as \\d, are not for a server of version"
            f" {SERVER_VERSION}. `--client psql` takes it nevertheless.",
            file=sys.stderr,
        )
    return None


def _version(psql: str) -> int:
    """Return its major version; 0 if it does not say."""
    said = subprocess.run([psql, "--version"], capture_output=True, text=True, check=False).stdout
    number = re.search(r"\d+", said)
    return int(number[0]) if number else 0


def _run_client(engine: Engine, client: str, arguments: Sequence[str]) -> bool:
    # Ctrl-C is for the client, which has the server cancel. A handler, as what is ignored would be
    # ignored by the client, too.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        with Server(engine) as server:
            command = [client, *arguments, server.url]
            return subprocess.run(command, check=False).returncode == 0
    finally:
        signal.signal(signal.SIGINT, before)

"""Wrong usage: what is said of it, with the option or command that may be meant."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

_DATA_DIR = "--data-dir DIR, or -D DIR, names the database's directory"
_FORMAT = "--format has csv, json, expanded and table"
_OUTPUT = "FILE is an argument of its own; the standard output is redirected by > FILE"

# What psql, and other tools, have in their place.
_OPTIONS = {
    **dict.fromkeys(("-d", "--db", "--dbname", "--dir", "--directory", "--path"), _DATA_DIR),
    **dict.fromkeys(("--datadir", "--data-directory", "--pgdata", "--url"), _DATA_DIR),
    **dict.fromkeys(
        ("-U", "--user", "--username", "--role"), "the user is postgres; SET ROLE has others"
    ),
    **dict.fromkeys(("-t", "-A", "-At", "-tA", "-x", "-q", "--csv", "--json", "--html"), _FORMAT),
    **dict.fromkeys(("--tuples-only", "--no-align", "--expanded", "--quiet"), _FORMAT),
    **dict.fromkeys(("-v", "--set", "--variable"), "variables are psql's: shell --client psql"),
    **dict.fromkeys(("-l", "--list"), '\\l in `shell`, or sql "table pg_database"'),
    **dict.fromkeys(("-o", "--output", "--out", "--outfile"), _OUTPUT),
    "-p": "--port PORT",
    **dict.fromkeys(("-W", "-w", "--password"), "serve has --password-file FILE"),
    **dict.fromkeys(("--socket", "--unix-socket", "-k"), "serve has --socket-dir DIR"),
    **dict.fromkeys(("-h", "--hostname"), "serve has --host HOST"),
}

_COMMANDS = {
    **dict.fromkeys(("psql", "pgcli", "console", "repl", "connect"), "shell"),
    **dict.fromkeys(("server", "start", "run", "postgres"), "serve"),
    **dict.fromkeys(("query", "exec", "execute"), "sql"),
    **dict.fromkeys(("backup", "pg_dump", "pg_dumpall", "dumpall"), "dump"),
    **dict.fromkeys(("restore", "pg_restore"), "load, for a tarball, or sql -f, for a file of SQL"),
    **dict.fromkeys(("extensions", "ext"), "extension"),
    **dict.fromkeys(("status", "doctor", "env"), "info"),
    **dict.fromkeys(("migrate", "move"), "export or import"),
    **dict.fromkeys(("init", "initdb", "create", "new"), "sql --data-dir DIR, which makes it"),
    **dict.fromkeys(("tables", "list", "ls"), "shell, which has \\d"),
    "help": "--help",
    "version": "--version",
}

_CHOICE = re.compile(r"argument (\S+): invalid choice: (['\"])(.*)\2 \(choose from (.*)\)", re.S)
_MISSING = re.compile(r"the following arguments are required: .*--from")


class Parser(argparse.ArgumentParser):
    """A parser that knows what users of other tools guess, and whose commands have their own usage
    printed with what is not recognized in them."""

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[Any, list[str]]:
        parsed, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return parsed, unknown

    def error(self, message: str) -> NoReturn:
        advice = self._advice(message)
        super().error(f"{message}; {advice}" if advice else message)

    def _advice(self, message: str) -> str:
        choice = _CHOICE.match(message)
        if choice is not None and choice[1] == "COMMAND":
            return _command(choice[3], re.findall(r"[\w-]+", choice[4]))
        if choice is None and (said := re.match(r"unrecognized arguments: (.*)", message, re.S)):
            return self._unknown(said[1].split())
        if _MISSING.match(message):
            return "a file of SQL is run by `sql -f FILE`, a tarball loaded by `load`"
        return ""

    def _unknown(self, words: Sequence[str]) -> str:
        known = [option for action in self._actions for option in action.option_strings]
        for word in words:
            option = word.partition("=")[0]
            if option in _OPTIONS and option not in known:
                return _OPTIONS[option]
            if word.startswith("--") and (close := get_close_matches(option, known, 1)):
                return f"did you mean {close[0]}?"
            if advice := of_path(word):
                return advice
        return ""


def of_path(word: str) -> str:
    """What a word is that is the path of a directory, or of a file of SQL."""
    path = Path(word)
    try:
        if path.is_dir():
            return f"a directory is given by --data-dir {word}"
        if path.is_file():
            return f"a file of SQL is given by -f {word}"
    except (OSError, ValueError):  # too long for a path, say
        return ""
    return ""


def _command(word: str, commands: Sequence[str]) -> str:
    if word in _COMMANDS:
        return f"did you mean {_COMMANDS[word]}?"
    if len(word.split()) > 1:
        return f'SQL is run by the command sql: pglite-native sql "{word}"'
    close = get_close_matches(word, commands, 1)
    return f"did you mean {close[0]}?" if close else of_path(word)

"""The command lines of postgres and initdb, as far as they mean something here."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Sequence
from typing import NoReturn

# Where a server listens is said by other arguments, and where it logs has no meaning here.
_WITHOUT_EFFECT = ("logging_collector", "log_destination", "unix_socket_directories")

# postgres's options that are other names of parameters: its manual page, "Options".
_PARAMETERS = {
    "-B": "shared_buffers",
    "-N": "max_connections",
    "-S": "work_mem",
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{self.prog}: {message}")


def settings(line: str | Sequence[str]) -> dict[str, str]:
    """The parameters that options of postgres set: `-c name=value`, `--name=value`, `-N 42`.

    Raises:
        ValueError: an option means something else.
    """
    words = shlex.split(line) if isinstance(line, str) else list(line)
    words = [re.sub(r"^--(?=[A-Za-z_.-]+=)", "-c", word) for word in words]
    parser = _Parser("options of postgres", add_help=False, allow_abbrev=False)
    parser.add_argument("-c", action="append", default=[])
    # What is in memory has nothing to sync, what is in a directory is durable.
    parser.add_argument("-F", action="store_true")
    for option in ("-h", "-k", "-p"):  # said by other arguments
        parser.add_argument(option)
    for option, name in _PARAMETERS.items():
        parser.add_argument(option, dest=name)
    options = vars(parser.parse_args(words))
    pairs = [pair.partition("=") for pair in options["c"]]
    found = {name.replace("-", "_"): value for name, _, value in pairs}
    found |= {name: options[name] for name in _PARAMETERS.values() if options[name]}
    return {name: value for name, value in found.items() if name not in _WITHOUT_EFFECT}


def initdb(line: str | Sequence[str]) -> tuple[str, list[str]]:
    """The user of a command line of initdb, and what is left of it.

    How clients are let in, its `-A`, is said by a password here.
    """
    words = shlex.split(line) if isinstance(line, str) else list(line)
    parser = _Parser("options of initdb", add_help=False, allow_abbrev=False)
    parser.add_argument("-U", "--username", default="postgres")
    for option in ("-A", "--auth", "--auth-host", "--auth-local"):
        parser.add_argument(option)
    options, rest = parser.parse_known_args(words)
    return options.username, rest

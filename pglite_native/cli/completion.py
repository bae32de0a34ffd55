"""`pglite-native completion`: a script that has the user's shell complete commands and options."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from pglite_native.errors import PGliteError

EPILOG = """\
examples:
  completion bash > ~/.local/share/bash-completion/completions/pglite-native
  completion zsh > ~/.zfunc/_pglite-native        with fpath+=(~/.zfunc) in ~/.zshrc

Wanted: pip install 'pglite-native[shell]'.
"""

FILES, DIRECTORIES = ("FILE", "TARBALL"), ("DIR",)  # what arguments are called in the help


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line's."""
    parser = commands.add_parser(
        "completion",
        help="print a script for your shell, which then completes commands",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(command=run)
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"))


def run(options: argparse.Namespace) -> bool:
    """Print the script."""
    try:
        import shtab
    except ImportError as error:
        raise PGliteError("completion needs shtab: pip install 'pglite-native[shell]'") from error
    from pglite_native.cli.command_line import command_line

    parser = command_line()
    for action in _actions(parser):
        if action.metavar in FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
        elif action.metavar in DIRECTORIES:
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
    print(shtab.complete(parser, shell=options.shell))
    return True


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from _actions(below)

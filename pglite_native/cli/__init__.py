"""The command line, `pglite-native`: docs/COMMANDS.md."""

from pglite_native.cli.command_line import main

__all__ = ["main"]

"""The command line, `pglite-native`: docs/COMMANDS.md."""

from pglite_native.cli.main import main

__all__ = ["main"]

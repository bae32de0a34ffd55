"""Notebooks: `%load_ext pglite_native`, with `%pglite` and `%%pglite`. docs/NOTEBOOKS.md."""

from __future__ import annotations

from typing import Any


def load_ipython_extension(shell: Any) -> None:
    """Register the magics; IPython calls it."""
    from pglite_native.notebook.magics import PGliteMagics  # IPython is the user's

    shell.register_magics(PGliteMagics(shell))


def unload_ipython_extension(shell: Any) -> None:
    """Close the database that the magics have opened; IPython calls it."""
    magics = shell.magics_manager.registry.get("PGliteMagics")
    if magics is not None:
        magics.close()

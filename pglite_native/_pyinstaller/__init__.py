"""Hooks of PyInstaller's, which finds them by an entry point: docs/PACKAGING.md."""

from __future__ import annotations

from pathlib import Path


def get_hook_dirs() -> list[str]:
    """Return where the hooks are."""
    return [str(Path(__file__).parent)]

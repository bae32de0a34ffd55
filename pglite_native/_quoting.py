"""Names as SQL."""

from __future__ import annotations


def identifier(name: str) -> str:
    """Quote a name, so that SQL takes it as it is."""
    return '"' + name.replace('"', '""') + '"'

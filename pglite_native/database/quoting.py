"""Names as SQL."""

from __future__ import annotations


def identifier(name: str) -> str:
    """Quote a name, so that SQL takes it as it is.

    >>> db.query(f"select * from {identifier(table)} where id = $1", [1])
    """
    return '"' + name.replace('"', '""') + '"'

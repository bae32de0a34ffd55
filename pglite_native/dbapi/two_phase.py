"""The names of transactions that are committed in two phases.

PostgreSQL knows them by one string. A triple of XA's is written into it as JDBC and psycopg do, so
that any of them finds what another has prepared.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple

_TRIPLE = re.compile(r"(\d+)_([^_]*)_([^_]*)")


class Xid(NamedTuple):
    """A transaction's identifier; `format_id` and `bqual` are None where it is another's string."""

    format_id: int | None
    gtrid: str
    bqual: str | None

    def __str__(self) -> str:
        if self.format_id is None or self.bqual is None:
            return self.gtrid
        parts = (base64.b64encode(part.encode()).decode() for part in (self.gtrid, self.bqual))
        return "_".join((str(self.format_id), *parts))


def parse(text: str) -> Xid:
    """Return the identifier that a string stands for."""
    found = _TRIPLE.fullmatch(text)
    if found:
        try:
            gtrid, bqual = (base64.b64decode(found[n], validate=True).decode() for n in (2, 3))
        except (binascii.Error, UnicodeDecodeError):
            return Xid(None, text, None)
        return Xid(int(found[1]), gtrid, bqual)
    return Xid(None, text, None)


def literal(xid: Xid | str) -> str:
    """Return it as SQL."""
    return "'" + str(xid).replace("'", "''") + "'"

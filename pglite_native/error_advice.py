"""What to do about an error of PostgreSQL's, where those who use this package often meet it.

PostgreSQL's own hints are for who runs a server; these are for who wrote the statement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

SYNTAX_ERROR = "42601"
UNDEFINED_COLUMN = "42703"
UNDEFINED_FUNCTION = "42883"
PROTOCOL_VIOLATION = "08P01"
FEATURE_NOT_SUPPORTED = "0A000"
OBJECT_IN_USE = "55006"
NOT_IN_PREREQUISITE_STATE = "55000"

PLACEHOLDERS = "placeholders are $1, $2, ... in PostgreSQL's own SQL"

# What other drivers have in their place; each is looked for around the error's position.
_FOREIGN = re.compile(r"%s|%\(\w*|(?<!:):[A-Za-z_]\w*|\?")
_AROUND = 3  # characters: an operator and a space

_NOT_AVAILABLE = re.compile(r'extension "(.*)" is not available')
_EXTENSIONS = {  # by what projects and packages are called
    "pgvector": "vector",
    "pg_vector": "vector",
    "trgm": "pg_trgm",
    "pgtrgm": "pg_trgm",
    "uuid": "uuid-ossp",
    "uuid_ossp": "uuid-ossp",
    "uuid-osp": "uuid-ossp",
    "pg_crypto": "pgcrypto",
    "pg_hstore": "hstore",
    "pg_ltree": "ltree",
    "pg_citext": "citext",
    "earth_distance": "earthdistance",
    "fuzzystrmatching": "fuzzystrmatch",
}


def advice(fields: Mapping[str, str], sql: str) -> str | None:
    """Return what to say in place of PostgreSQL's hint; None where that will do."""
    state, message = fields.get("C"), fields.get("M", "")
    if fields.get("V") == "PANIC":
        return "The engine has failed: close it, and open the database again, which recovers it"
    if state in (SYNTAX_ERROR, UNDEFINED_COLUMN, UNDEFINED_FUNCTION):
        return _placeholder(fields, sql)
    if state == PROTOCOL_VIOLATION and message.startswith("bind message supplies"):
        return f"Each parameter wants a placeholder: {PLACEHOLDERS}, and outside of quotation marks"
    if state == FEATURE_NOT_SUPPORTED and (missing := _NOT_AVAILABLE.match(message)):
        return _extension(missing[1])
    if state == OBJECT_IN_USE and "is being accessed by" in message:
        return "Close the other sessions, or end them by DROP DATABASE ... WITH (FORCE)"
    if state == NOT_IN_PREREQUISITE_STATE and message.startswith("logical decoding requires"):
        return 'Open the database with settings={"wal_level": "logical"}'
    return None


def _placeholder(fields: Mapping[str, str], sql: str) -> str | None:
    at = int(fields.get("P", len(sql))) - 1
    around = sql[max(0, at - _AROUND) : at + 2 * _AROUND]
    found = _FOREIGN.search(around)
    return f"{PLACEHOLDERS}, and not {found[0]}" if found else None


def _extension(name: str) -> str:
    similar = _EXTENSIONS.get(name.lower())
    if similar is not None:
        return f"Did you mean {similar}?"
    return (
        "`pglite-native extension list` shows those that there are; "
        "`pglite-native extension add NAME` adds others that are built for PGlite"
    )

"""What to do about an error of PostgreSQL's, where those who use this package often meet it.

PostgreSQL's own hints are for who runs a server; these are for who wrote the statement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

SYNTAX_ERROR = "42601"
UNDEFINED_COLUMN = "42703"
UNDEFINED_FUNCTION = "42883"
UNDEFINED_PARAMETER = "42P02"
PROTOCOL_VIOLATION = "08P01"
FEATURE_NOT_SUPPORTED = "0A000"
OBJECT_IN_USE = "55006"
NOT_IN_PREREQUISITE_STATE = "55000"
DISK_FULL = "53100"
UNDEFINED_FILE = "58P01"
IN_FAILED_TRANSACTION = "25P02"
INVALID_TEXT = "22P02"


class Interface(NamedTuple):
    """How the caller's interface has parameters, and several statements."""

    placeholders: str
    placeholder: str
    several: str
    parameters: str


PGLITE = Interface(
    placeholders="placeholders are $1, $2, ... in PostgreSQL's own SQL",
    placeholder="$1",
    several="query() runs one statement; exec() runs several, without parameters",
    parameters="query(sql, params) takes parameters, exec(sql) takes none",
)

# What other drivers have in their place; each is looked for around the error's position.
_FOREIGN = r"%s|%\(\w*|(?<!:):[A-Za-z_]\w*|\?"
_AROUND = 3  # characters: an operator and a space

_PARAMETER = r"\$\d+"
_BOUND = r"bind message supplies (\d+) parameters.* requires (\d+)"
_COMMAND = r"\\\S*"  # of psql's
_LAST_WORD = r"\w*\Z"

_NOT_AVAILABLE = r'extension "(.*)" is not available'
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


def advice(fields: Mapping[str, str], sql: str, interface: Interface = PGLITE) -> str | None:
    """Return what to say in place of PostgreSQL's hint; None where that will do."""
    state, message = fields.get("C"), fields.get("M", "")
    if fields.get("V") == "PANIC":
        return "The engine has failed: close it, and open the database again, which recovers it"
    if state == SYNTAX_ERROR and message.startswith("cannot insert multiple commands"):
        return interface.several
    if state == SYNTAX_ERROR and (misplaced := _misplaced(fields, sql, interface)):
        return misplaced
    if state in (SYNTAX_ERROR, UNDEFINED_COLUMN, UNDEFINED_FUNCTION):
        return _placeholder(fields, sql, interface)
    if state == UNDEFINED_PARAMETER:
        return f"{interface.parameters}; CREATE, ALTER, SET and DO have none"
    if state == IN_FAILED_TRANSACTION:
        return (
            "An earlier statement of the transaction has failed: roll back; and put what may fail"
            " into a savepoint, which a transaction() within another is"
        )
    if state == INVALID_TEXT and message.startswith("invalid input syntax for type json"):
        return "A str is taken for JSON's text, in which a string has quotation marks: json.dumps()"
    if state == DISK_FULL:
        return 'In memory it is memory_limit that is used up: PGlite(memory_limit="32GB")'
    if state == UNDEFINED_FILE and fields.get("R") == "BeginCopyFrom":
        return (
            "PostgreSQL sees its own files here, not this machine's: copy_from with COPY ... FROM"
            " STDIN sends one, as \\copy does in the shell"
        )
    if state == PROTOCOL_VIOLATION and (bound := re.match(_BOUND, message)):
        if int(bound[1]) < int(bound[2]):
            return "Each placeholder wants a parameter, in the order of their numbers"
        wanted = interface.placeholders
        return (
            f"Each parameter wants a placeholder: {wanted}, and outside of quotation marks;"
            " CREATE, ALTER, SET and DO have none"
        )
    if state == FEATURE_NOT_SUPPORTED and (missing := re.match(_NOT_AVAILABLE, message)):
        return _extension(missing[1])
    if state == OBJECT_IN_USE and "is being accessed by" in message:
        return "Close the other sessions, or end them by DROP DATABASE ... WITH (FORCE)"
    if state == NOT_IN_PREREQUISITE_STATE and message.startswith("logical decoding requires"):
        return 'Open the database with settings={"wal_level": "logical"}'
    return None


def foreign_placeholder(sql: str) -> str | None:
    """Return the first placeholder of another interface, if there is one."""
    found = re.search(_FOREIGN, sql)
    return found[0] if found else None


def _position(fields: Mapping[str, str], sql: str) -> int:
    return int(fields.get("P", len(sql))) - 1


def _placeholder(fields: Mapping[str, str], sql: str, interface: Interface) -> str | None:
    at = _position(fields, sql)
    found = foreign_placeholder(sql[max(0, at - _AROUND) : at + 2 * _AROUND])
    return f"{interface.placeholders}, and not {found}" if found else None


def _misplaced(fields: Mapping[str, str], sql: str, interface: Interface) -> str | None:
    """What is no SQL where it stands: a command of psql's, or a placeholder."""
    at = _position(fields, sql)
    if command := re.match(_COMMAND, sql[at:]):
        return (
            f"{command[0]} is a command of psql's, and no SQL: `pglite-native shell` has the"
            " commonest; psql connects to the address that `url` or `pglite-native serve` tells"
        )
    if not re.match(_PARAMETER, sql[at:]):
        return None
    word, mark = _last_word(sql[:at]), interface.placeholder
    if word == "in":
        return f"A list is one value, and IN takes several: write = any({mark}), and give a list"
    if word == "values":
        return f"A row has a placeholder for each value: values ({mark}, ...)"
    return (
        "A placeholder stands for a value in a query. Names, keywords and what CREATE, ALTER, SET"
        f" and DO take are written into the SQL; a type is given by a cast, {mark}::interval"
    )


def _last_word(sql: str) -> str:
    found = re.search(_LAST_WORD, sql.rstrip())
    return found[0].lower() if found else ""


def _extension(name: str) -> str:
    similar = _EXTENSIONS.get(name.lower())
    if similar is not None:
        return f"Did you mean {similar}?"
    return (
        "`pglite-native extension list` shows those that there are; "
        "`pglite-native extension add NAME` adds others that are built for PGlite"
    )

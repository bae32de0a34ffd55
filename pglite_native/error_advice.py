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
INVALID_DATETIME = "22007"
UNDEFINED_OBJECT = "42704"
UNDEFINED_TABLE = "42P01"
INDETERMINATE_DATATYPE = "42P18"
CANT_CHANGE_RUNTIME_PARAM = "55P02"
ACTIVE_SQL_TRANSACTION = "25001"


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
_HYPHENATED = r"(?i)\bcreate\s+extension\s+(?:if\s+not\s+exists\s+)?([\w-]+)"
_BOUND = r"bind message supplies (\d+) parameters.* requires (\d+)"
_COMMAND = r"\\\S*"  # of psql's
_OF_DUMPS = ("\\restrict", "\\unrestrict")
_LAST_WORD = r"\w*\Z"

# What is missing, by PostgreSQL's words.
_MISSING_TYPE = r'type "(\w+)" does not exist'
_MISSING_CLASS = r'operator class "(\w+)" does not exist'
_MISSING_FUNCTION = r"function (?:\w+\.)?(\w+)\("
_MISSING_RELATION = r'relation "(\w+)" does not exist'
_MISSING_ROLE = r'role "(.+)" does not exist'
_MISSING_SETTING = r'unrecognized configuration parameter "(\w+)"'
_MISSING_COLLATION = r'collation "(\w\w)[_-](\w\w)\b'
_UNCHANGEABLE = r'parameter "(\w+)" cannot be changed'
_PRELOADED = r'(\w+) must be loaded via "shared_preload_libraries"'
_NUMBER = (
    r'invalid input syntax for type (smallint|integer|bigint|numeric|real|double precision): "(.*)"'
)
_DATETIME = r'invalid input syntax for type (interval|date|time|timestamp).*: "(.*)"'
_NO_RANGE = "malformed range literal"
_OF_TIMES = r"operator does not exist: .*\b(interval|timestamp)\b"
_OF_A_TIMEDELTA = " microseconds"
_DATE = r"\d{4}-\d\d-\d\d"
_FLOAT = r"-?\d+\.\d*(e[+-]?\d+)?|-?(nan|inf)"
_CAPITALS = r"[^\W\d_a-z]"

_NOT_AVAILABLE = r'extension "(.*)" is not available'


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
        found = _placeholder(fields, sql, interface)
        if found or state == SYNTAX_ERROR:
            from pglite_native import foreign_sql  # only for those who have made a mistake

            return found or foreign_sql.syntax(sql, _position(fields, sql))
    if state == UNDEFINED_FUNCTION and re.match(_OF_TIMES, message) and _has_parameters(sql):
        mark = interface.placeholder
        return (
            "There is none for these types. A parameter may have been taken for another type than"
            f" its value's: a cast gives it, {mark}::interval"
        )
    if state in (UNDEFINED_FUNCTION, UNDEFINED_OBJECT, UNDEFINED_TABLE, UNDEFINED_COLUMN):
        return _missing(message) or _folded(fields, sql)
    if state == INDETERMINATE_DATATYPE:
        mark = interface.placeholder
        return f"Nothing says what it is: give its type by a cast, {mark}::int"
    if state == CANT_CHANGE_RUNTIME_PARAM and (setting := re.match(_UNCHANGEABLE, message)):
        return f'It is set where the database is opened: settings={{"{setting[1]}": ...}}'
    if state == ACTIVE_SQL_TRANSACTION and "cannot run inside a " in message:
        return (
            "Run it by itself, outside of `with db.transaction()` and of BEGIN, in DB-API with"
            " autocommit; several statements at once are one transaction, too"
        )
    if state == UNDEFINED_PARAMETER:
        return f"{interface.parameters}; CREATE, ALTER, SET and DO have none"
    if state == IN_FAILED_TRANSACTION:
        return (
            "An earlier statement of the transaction has failed: roll back; and put what may fail"
            " into a savepoint, which PGlite's transaction() within another is"
        )
    if state == INVALID_TEXT and message.startswith("invalid input syntax for type json"):
        return "A str is taken for JSON's text, in which a string has quotation marks: json.dumps()"
    if state == INVALID_TEXT and (number := re.match(_NUMBER, message)):
        return _number(number[1], number[2])
    if state == INVALID_TEXT and message.startswith(_NO_RANGE) and _has_parameters(sql):
        return f"One value is no range: a cast says what it is, {interface.placeholder}::date"
    if state == INVALID_DATETIME and (taken := re.match(_DATETIME, message)):
        return _datetime(taken[1], taken[2], interface) if _has_parameters(sql) else None
    if state == DISK_FULL:
        return 'In memory it is memory_limit that is used up: PGlite(memory_limit="32GB")'
    if state == UNDEFINED_FILE and fields.get("R") == "BeginCopyFrom":
        return (
            "PostgreSQL sees its own files here, not this machine's: copy_from with COPY ... FROM"
            " STDIN sends one, as \\copy does in the shell"
        )
    if state == UNDEFINED_FILE and fields.get("R") == "BeginCopyTo":
        return (
            "PostgreSQL sees its own files here, not this machine's: copy_to with COPY ... TO"
            " STDOUT writes one, as \\copy does in the shell"
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
    if state == NOT_IN_PREREQUISITE_STATE and (library := re.match(_PRELOADED, message)):
        return f'Open the database with settings={{"shared_preload_libraries": "{library[1]}"}}'
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
    command = re.match(_COMMAND, sql[at:])
    if command and command[0] in _OF_DUMPS:
        return (
            f"{command[0]} is for psql, in a dump of pg_dump's: PGlite's exec_file(path), or"
            " exec_file(io.StringIO(text)), runs one, as `pglite-native sql -f` does"
        )
    if command:
        return (
            f"{command[0]} is a command of psql's, and no SQL: `pglite-native shell` has the"
            " commonest; psql connects to the address that `url` or `pglite-native serve` tells"
        )
    if sql[at : at + 1] == "-" and (name := re.search(_HYPHENATED, sql[: at + 64])):
        return f'A name with a hyphen has quotation marks: create extension "{name[1]}"'
    if not re.match(_PARAMETER, sql[at:]):
        return None
    word, mark = _last_word(sql[:at]), interface.placeholder
    if re.search(r"(?i)\bnotify\s+\S+\s*,\s*\Z", sql[:at]):
        return f"NOTIFY takes no parameters: select pg_notify({mark}, ...) does"
    if re.search(r"(?i)\bset\s+(local\s+|session\s+)?[\w.]+\s*(=|\bto)\s*\Z", sql[:at]):
        return f"SET takes no parameters: select set_config('name', {mark}, false) does"
    if word == "in":
        return f"A list is one value, and IN takes several: write = any({mark}), and give a list"
    if word == "values":
        return f"A row has a placeholder for each value: values ({mark}, ...)"
    return (
        "A placeholder stands for a value in a query. Names, keywords and what CREATE, ALTER, SET"
        f" and DO take are written into the SQL; a type is given by a cast, {mark}::interval"
    )


def _missing(message: str) -> str | None:
    """What has an object that is missing: an extension, or another name."""
    from pglite_native import foreign_sql  # only for those who have made a mistake
    from pglite_native.extension_objects import EXTENSIONS

    for pattern in (_MISSING_TYPE, _MISSING_CLASS, _MISSING_FUNCTION, _MISSING_RELATION):
        found = re.match(pattern, message)
        if found and found[1] in EXTENSIONS:
            name = EXTENSIONS[found[1]]
            quoted = f'"{name}"' if "-" in name else name
            return f"The extension {name} has it: create extension {quoted}"
    if found := re.match(_MISSING_TYPE, message):
        return foreign_sql.missing_type(found[1])
    if found := re.match(_MISSING_FUNCTION, message):
        return foreign_sql.missing_function(found[1])
    if found := re.match(_MISSING_SETTING, message):
        return foreign_sql.missing_setting(found[1])
    if found := re.match(_MISSING_ROLE, message):
        return (
            f'create role "{found[1]}" makes it; a dump names no roles if it is made with'
            " --no-owner --no-privileges"
        )
    if found := re.match(_MISSING_COLLATION, message):
        language, country = found.groups()
        return f'Collations are those of ICU: "{language}-{country}-x-icu", or "{language}-x-icu"'
    return None


def _folded(fields: Mapping[str, str], sql: str) -> str | None:
    """Whether a name is missing as it was written otherwise, or is a string in wrong quotes."""
    if fields.get("H"):  # PostgreSQL knows better
        return None
    at = _position(fields, sql)
    if fields.get("C") == UNDEFINED_COLUMN and sql[at : at + 1] == '"':
        return "'Single quotation marks' are for strings, and double ones for names"
    name = re.match(r"\w+", sql[at:])
    if name and re.search(_CAPITALS, name[0]):
        return f'Names without quotation marks are in lower case: "{name[0]}" is as it is written'
    return None


def _number(kind: str, text: str) -> str | None:
    """What a value of Python's is that is no number of PostgreSQL's."""
    if text in ("true", "false"):
        return "A bool is no number to PostgreSQL: int(value) is"
    if kind in ("smallint", "integer", "bigint") and re.fullmatch(_FLOAT, text):
        return "A float or a Decimal is no integer: int(value) or round(value) is"
    return None


def _has_parameters(sql: str) -> bool:
    return re.search(_PARAMETER, sql) is not None


def _datetime(kind: str, text: str, interface: Interface) -> str | None:
    """What a date or time of Python's is that PostgreSQL took for something else."""
    if kind != "interval" and text.endswith(_OF_A_TIMEDELTA):
        return f"A timedelta is an interval, as a cast can say: {interface.placeholder}::interval"
    if kind == "interval" and re.match(_DATE, text):
        return f"A date is no interval: a cast says what it is, {interface.placeholder}::timestamp"
    return None


def _last_word(sql: str) -> str:
    found = re.search(_LAST_WORD, sql.rstrip())
    return found[0].lower() if found else ""


def _extension(name: str) -> str:
    from pglite_native.extension_objects import PROJECTS  # only for those who have made a mistake

    similar = PROJECTS.get(name.lower())
    if similar is not None:
        return f"Did you mean {similar}?"
    return (
        "`pglite-native extension list` shows those that there are; "
        "`pglite-native extension add NAME` adds others that are built for PGlite"
    )

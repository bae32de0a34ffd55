"""What MySQL, SQLite and Oracle have in their SQL, and PostgreSQL calls otherwise.

Each pattern is looked for where PostgreSQL has found the error, in what stands from there on.
"""

from __future__ import annotations

import re

_IDENTITY = "int generated always as identity is a number that counts up"
_CATALOGS = "information_schema and pg_catalog have it; \\d and \\dt do in `pglite-native shell`"

_FOREIGN = (
    (r"auto_?increment\b", _IDENTITY),
    (r"(or\s+(replace|ignore|abort|rollback)|ignore)\s+into\b", "INSERT ... ON CONFLICT has that"),
    (r"`", 'Names have double quotation marks, "name", if any'),
    (r"use\s+\w+", "A session has one database: connect(name) opens one in another"),
    (r"(describe|desc|pragma)\s+\w+", _CATALOGS),
    (r"unsigned\b", "PostgreSQL has no unsigned numbers: bigint, or a CHECK"),
    (r"engine\s*=", "PostgreSQL's tables have no ENGINE"),
    (r"go\b", "Statements end with a semicolon"),
)
_TYPES = {
    "datetime": "timestamp, or timestamptz with a time zone, is the type",
    "blob": "bytea is the type",
    "longblob": "bytea is the type",
    "string": "text is the type",
    "longtext": "text is the type",
    "mediumtext": "text is the type",
    "tinytext": "text is the type",
    "nvarchar": "varchar, or text, is the type",
    "varchar2": "varchar, or text, is the type",
    "number": "numeric is the type",
    "double": "double precision is the type",
    "tinyint": "smallint is the type",
    "mediumint": "int is the type",
}
_FUNCTIONS = {
    "ifnull": "COALESCE is the function",
    "nvl": "COALESCE is the function",
    "isnull": "COALESCE, or IS NULL",
    "iif": "CASE WHEN ... THEN ... ELSE ... END",
    "if": "CASE WHEN ... THEN ... ELSE ... END",
    "group_concat": "string_agg(value, ',') is the function",
    "last_insert_rowid": "INSERT ... RETURNING id returns it",
    "last_insert_id": "INSERT ... RETURNING id returns it",
    "getdate": "now() is the function",
    "sysdate": "now() is the function",
    "datetime": "now(), or a cast to timestamp",
    "strftime": "to_char(value, format) is the function",
    "date_format": "to_char(value, format) is the function",
    "len": "length() is the function",
    "instr": "position(part in text), or strpos(text, part)",
    "rand": "random() is the function",
    "json_extract": "value -> 'key', or value #> path",
    "datediff": "dates are subtracted: one - other",
    "unix_timestamp": "extract(epoch from value)",
}


def syntax(sql: str, at: int) -> str | None:
    """What to write in place of what stands at an error's position."""
    for begin in (at, _statement(sql, at)):
        for pattern, advice in _FOREIGN:
            if re.match(pattern, sql[begin:], re.IGNORECASE):
                return advice
    return 'Names have double quotation marks, "name", if any' if _in_backticks(sql, at) else None


def missing_type(name: str) -> str | None:
    """What is called so elsewhere, by a type's name."""
    return _TYPES.get(name.lower())


def missing_function(name: str) -> str | None:
    """The same by a function's name."""
    return _FUNCTIONS.get(name.lower())


def missing_setting(name: str) -> str | None:
    """The same by what SHOW was given."""
    return _CATALOGS if name in ("tables", "databases", "columns") else None


def _statement(sql: str, at: int) -> int:
    """Where the word begins that ends before a position."""
    found = re.search(r"\w+\s*\Z", sql[:at])
    return found.start() if found else at


def _in_backticks(sql: str, at: int) -> bool:
    return "`" in sql[max(0, at - 64) : at + 1]

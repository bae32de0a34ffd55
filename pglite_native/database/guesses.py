"""Names that users of other tools guess, and what is called otherwise here."""

from __future__ import annotations

import re
from collections.abc import Mapping

_RUNS = "query(sql, params) runs a statement, exec(sql) several; pglite_native.dbapi has cursors"
_ROWS = "the rows are query(...).rows, and first(), one(), scalar() return one of them"
_ENDS = "outside of `with db.transaction()` each call is a transaction of its own"

OF_QUERIES = {
    **dict.fromkeys(("execute", "run", "sql"), _RUNS),
    "cursor": "pglite_native.dbapi.connect(db) has cursors; pandas takes create_engine(db) of"
    " pglite_native.sqlalchemy",
    **dict.fromkeys(("fetch", "fetchall", "fetchone", "fetchval", "fetchrow"), _ROWS),
    **dict.fromkeys(("commit", "begin", "rollback"), _ENDS),
    "executemany": "call query() for each, or give it lists: ... select * from unnest($1::int[])",
    "executescript": "exec(sql) runs any number of statements, exec_file(path) a file's",
    "cancel": "session.cancel() cancels what runs",
    "terminate": "close() ends it",
    "snapshot": "engine.snapshot() takes one",
    "restore": "engine.restore(snapshot) does",
    "fork": "clone() forks a database",
    "dump": "dump_sql() writes SQL, dump_data_dir() a tarball",
    "backup": "dump_sql() writes SQL, dump_data_dir() a tarball",
    "set_time": "engine.set_time() does",
    "advance": "engine.advance() does",
    "live": "live_query(), live_incremental_query() and live_changes() are what it has in PGlite",
}

OF_RESULTS = {
    **dict.fromkeys(
        ("fetchall", "fetchmany", "all", "records", "data", "to_dicts"),
        "rows is the list of rows, and the result itself can be iterated over",
    ),
    **dict.fromkeys(
        ("fetchone", "one_or_none"), "first() is the first row or None, one() the only"
    ),
    **dict.fromkeys(("fetchval", "scalar_one"), "scalar() is the first row's first value"),
    **dict.fromkeys(("columns", "description", "keys"), "fields has the columns' names and types"),
    **dict.fromkeys(("rowcount", "affected"), "affected_rows and row_count count rows"),
    **dict.fromkeys(("df", "to_pandas", "to_df", "pl"), "query_arrow() is for data frames"),
}

_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def unknown(owner: object, name: str, guesses: Mapping[str, str]) -> AttributeError:
    """Return the error for an attribute that there is not, with what may be meant."""
    kind = type(owner).__name__
    text = f"{kind!r} object has no attribute {name!r}"
    pythonic = _CAPITAL.sub("_", name).lower()  # of PGlite's own names
    if name in guesses:
        text += f": {guesses[name]}"
    elif pythonic != name and hasattr(type(owner), pythonic):
        text += f": it is {pythonic} here"
    return AttributeError(text, name=name, obj=owner)

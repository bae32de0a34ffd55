"""Names that users of other tools guess, and what is called otherwise here."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

_RUNS = "query(sql, params) runs a statement, exec(sql) several; pglite_native.dbapi has cursors"
_ROWS = "the rows are query(...).rows, and first(), one(), scalar() return one of them"
_ENDS = "outside of `with db.transaction()` each call is a transaction of its own"

OF_QUERIES = {
    **dict.fromkeys(("execute", "run", "sql"), _RUNS),
    "cursor": "pglite_native.dbapi.connect(db) has cursors; pandas takes create_engine(db) of"
    " pglite_native.sqlalchemy",
    **dict.fromkeys(("fetch", "fetchall", "fetchone", "fetchval", "fetchrow"), _ROWS),
    **dict.fromkeys(("commit", "begin", "rollback"), _ENDS),
    "savepoint": "transaction() within a transaction is one",
    "executemany": "call query() for each, or give it lists: ... select * from unnest($1::int[])",
    "executescript": "exec(sql) runs any number of statements, exec_file(path) a file's",
    **dict.fromkeys(
        ("cancel", "interrupt"),
        "session.cancel() ends the statement that another thread runs; a task's ends when the task"
        " is cancelled",
    ),
    "terminate": "close() ends it",
    "snapshot": "engine.snapshot() takes one",
    "restore": "engine.restore(snapshot) does",
    "fork": "clone() forks a database",
    "dump": "dump_sql() writes SQL, dump_data_dir() a tarball",
    "backup": "dump_sql() writes SQL, dump_data_dir() a tarball",
    "set_time": "engine.set_time() does",
    "advance": "engine.advance() does",
    **dict.fromkeys(("freeze", "freeze_time"), "engine.set_time() stops the clock"),
    "live": "live_query(), live_incremental_query() and live_changes() are what it has in PGlite",
    "notify": 'query("select pg_notify($1, $2)", [channel, payload]) does',
    **dict.fromkeys(
        ("notifies", "notifications", "wait_for_notification"),
        "listen() has a function called; what other sessions send comes with the next call",
    ),
    **dict.fromkeys(
        ("stream", "iterate"),
        "DECLARE and FETCH return rows in parts, in a transaction; copy_to() writes all to a file",
    ),
    **dict.fromkeys(
        ("serve", "host", "port", "uri"), "url is its address; pglite_native.Server serves it"
    ),
    **dict.fromkeys(
        ("exec_protocol", "exec_protocol_raw", "exec_protocol_stream", "cursor_factory"),
        "session.exec_protocol_raw() takes the protocol's bytes",
    ),
    **dict.fromkeys(("create_extension", "load_extension"), 'exec("create extension NAME") does'),
    "wait_ready": "it is ready when it is made",
    "run_exclusive": "calls of several threads wait for each other; transaction() keeps others out",
    "off_notification": "unlisten() does",
    "pg_dump": "dump_sql() writes SQL",
}

_BLOCK = "the end of the `with` block commits, an exception that leaves it or rollback() undoes"
_DATABASE = "it is a method of the database, not of a transaction"

OF_TRANSACTIONS = {
    **OF_QUERIES,
    **dict.fromkeys(("commit", "begin", "close"), _BLOCK),
    **dict.fromkeys(("savepoint", "nested", "begin_nested"), "transaction() within it is one"),
    **dict.fromkeys(
        ("listen", "unlisten", "changes", "clone", "connect", "dsn", "url", "engine", "session"),
        _DATABASE,
    ),
    **dict.fromkeys(("live_query", "live_incremental_query", "live_changes"), _DATABASE),
    **dict.fromkeys(("dump_sql", "dump_data_dir"), _DATABASE),
}
OF_TRANSACTIONS.pop("rollback")

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
    **dict.fromkeys(
        ("df", "to_pandas", "to_df", "fetchdf", "fetch_df", "pl", "polars", "arrow", "to_arrow"),
        "query_arrow() is for data frames",
    ),
    "blob": "copy_to() returns what COPY TO STDOUT sends",
}

OF_TABLES = {
    **dict.fromkeys(
        ("to_pandas", "df", "to_df", "fetchdf"),
        "pandas.DataFrame.from_arrow(table) makes one, or pyarrow.table(table).to_pandas()",
    ),
    **dict.fromkeys(("pl", "polars", "to_polars"), "polars.DataFrame(table) makes one"),
    **dict.fromkeys(
        (
            "to_arrow",
            "to_pylist",
            "to_pydict",
            "schema",
            "column",
            "columns",
            "slice",
            "num_columns",
        ),
        "pyarrow.table(table) has it",
    ),
    **dict.fromkeys(("rows", "fetchall", "first", "one", "scalar"), "query() returns rows"),
}

OF_ERRORS = {
    **dict.fromkeys(("pgcode", "code", "sql_state"), "it is sqlstate here"),
    "diag": "what it says are attributes of its own: constraint, detail, ...",
    **{
        name + "_name": f"it is {name} here" for name in ("constraint", "table", "column", "schema")
    },
    "datatype_name": "it is data_type here",
    **dict.fromkeys(("pgerror", "message_primary"), "it is message here, and str() has all"),
    "message_detail": "it is detail here",
    "message_hint": "it is hint here",
    "statement_position": "it is position here",
    "context": "it is where here",
    **{f"source_{name}": f"it is {name} here" for name in ("file", "line")},
    "source_function": "it is routine here",
}

OF_DBAPI_ERRORS = {
    **dict.fromkeys(("pgcode", "code", "sql_state"), OF_ERRORS["pgcode"]),
    "pgerror": "str() has all, and diag its fields",
    **dict.fromkeys(
        ("message", "detail", "hint", "constraint", "constraint_name", "table", "column", "schema"),
        "diag has the fields: diag.message, diag.constraint, ...",
    ),
}

OF_SERVERS = {
    **dict.fromkeys(("start", "run", "serve_forever"), "it listens from when it is made"),
    **dict.fromkeys(("stop", "shutdown", "terminate"), "close() ends it, as does `with`"),
    **dict.fromkeys(("host", "port", "socket"), "address has both, url all"),
    **dict.fromkeys(("uri", "connection_url", "get_connection_url", "get_uri"), "it is url here"),
}

OF_CONNECTIONS = {
    "executemany": "cursor().executemany() does",
    "executescript": "execute() runs any number of statements where it is given no parameters",
    **dict.fromkeys(
        ("fetchall", "fetchone", "fetchmany"), "execute() returns a cursor, which does"
    ),
    **dict.fromkeys(("create_function", "create_aggregate"), "CREATE FUNCTION does, in SQL"),
    "total_changes": "a cursor's rowcount counts those of its statement",
    "iterdump": "PGlite(...).dump_sql() writes SQL",
    "backup": "PGlite(...).dump_sql() writes SQL, clone() copies it",
    **dict.fromkeys(("transaction", "begin"), "a transaction begins with the first statement"),
    **dict.fromkeys(("info", "dsn"), "a connection in process has no address; a PGlite's is url"),
    "add_notice_handler": "notices has the last ones",
}

OF_CURSORS = {
    "executescript": OF_CONNECTIONS["executescript"],
    **dict.fromkeys(
        ("copy", "copy_expert", "copy_from", "copy_to"), "execute(sql, stream=file) does"
    ),
    "mogrify": "parameters are not written into the SQL: PostgreSQL gets them beside it",
    "fetchval": "fetchone() returns a row, whose [0] is the first value",
    "statusmessage": "description and rowcount say what came of the statement",
}

_SET = {
    "row_factory": "PGlite.query() returns dicts; a cursor's rows are tuples, and"
    " dict(zip([column[0] for column in cursor.description], row)) has the names",
    "text_factory": "text is str, and bytea is bytes",
    "on_notice": "it is an argument: PGlite(on_notice=...)",
    "cursor_factory": "cursor() makes cursors",
    **dict.fromkeys(
        ("timeout", "statement_timeout"), "the statement `set statement_timeout = '5s'` sets it"
    ),
    "autocommit": _ENDS,
}

_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def unknown(owner: object, name: str, guesses: Mapping[str, str]) -> AttributeError:
    """Return the error for an attribute that there is not, with what may be meant."""
    kind = type(owner).__name__
    text = f"{kind!r} object has no attribute {name!r}"
    pythonic = _CAPITAL.sub("_", name).lower()  # of PGlite's own names
    advice = guesses.get(name) or guesses.get(pythonic)
    if advice:
        # No obj: Python would add a guess of its own, the name that looks most like it.
        return AttributeError(f"{text}: {advice}", name=name, obj=None)
    if pythonic != name and hasattr(type(owner), pythonic):
        text += f": it is {pythonic} here"
    return AttributeError(text, name=name, obj=owner)


def unknown_of_table(table: object, name: str) -> AttributeError:
    """Return the same for the result of query_arrow(), whose class is in C."""
    return unknown(table, name, OF_TABLES)


def unsettable(owner: object, name: str, settable: Iterable[str]) -> AttributeError:
    """Return the error for setting an attribute that there is not."""
    public = {known for known in dir(type(owner)) if not known.startswith("_")}.union(settable)
    similar = difflib.get_close_matches(name, sorted(public), 1)
    advice = _SET.get(name) or (f"did you mean {similar[0]}?" if similar else "")
    text = f"{type(owner).__name__!r} object has no attribute {name!r} that could be set"
    return AttributeError(f"{text}: {advice}" if advice else text, name=name, obj=None)

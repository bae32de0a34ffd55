"""Arguments that are wrong, said in the caller's words: not by a method far below."""

from __future__ import annotations

import os
from collections.abc import Iterable

# What other libraries call the same.
_SYNONYMS = {
    "args": "params",
    "parameters": "params",
    "values": "params",
    "path": "data_dir",
    "directory": "data_dir",
    "dsn": "data_dir",
    "url": "data_dir",
    "dbname": "database",
    "config": "settings",
    "isolation": "isolation_level",
    "readonly": "read_only",
    "database_name": "dbname",
    "username": "user",
}

# What is done otherwise here, by what is called.
_SERVED = "a Server has it, and this is a database in the process: pglite_native.Server(db, ...)"
_LOGGED = "the logger pglite_native.guest has the log, pglite_native.notice the notices"
_ADVICE: dict[str, dict[str, str]] = {
    "query": {
        "timeout": "the setting statement_timeout ends a statement: set statement_timeout = '5s'",
        "blob": "copy_from() and copy_to() have the data of COPY",
    },
    "PGlite": {
        "relaxed_durability": 'settings={"synchronous_commit": "off"}',
        **dict.fromkeys(("timezone", "time_zone", "tz"), 'settings={"timezone": "Europe/Berlin"}'),
        **dict.fromkeys(
            ("read_only", "readonly"), 'settings={"default_transaction_read_only": "on"}'
        ),
        **dict.fromkeys(("create", "exist_ok", "mkdir"), "a directory that is missing is made"),
        **dict.fromkeys(("host", "port", "password"), _SERVED),
        **dict.fromkeys(("debug", "verbose", "log", "logger", "echo"), _LOGGED),
        **dict.fromkeys(("locale", "encoding"), 'initdb_args=["--locale=C.UTF-8"] has it'),
    },
    "connect": {
        **dict.fromkeys(("isolation_level", "autocommit"), "it is an attribute of the connection"),
        **dict.fromkeys(("host", "port", "password"), "this connects to a database in the process"),
        "check_same_thread": "threads may share a connection",
        "timeout": "it is a setting: lock_timeout, statement_timeout",
        "options": 'startup_params={"name": "value"} has them',
    },
}


def check_sql(sql: object, method: str) -> None:
    """Raise TypeError unless it is text."""
    if not isinstance(sql, str):
        advice = ""
        if isinstance(sql, os.PathLike) or hasattr(sql, "read"):
            advice = "; exec_file(file) runs a file"
        raise TypeError(
            f"{method}() takes SQL as a str, and not {type(sql).__name__}: {sql!r}{advice}"
        )


def check_spread(more: tuple[object, ...], params: object, method: str) -> None:
    """Raise TypeError where parameters are given one by one."""
    if more:
        raise TypeError(
            f"{method}() takes the parameters as one sequence: {method}(sql, {[params, *more]!r})"
        )


def check_callable(callback: object, method: str, *, coroutines: bool = False) -> None:
    """Raise TypeError unless it is a function, or where that is possible a coroutine's."""
    if not callable(callback):
        kind = type(callback).__name__
        raise TypeError(f"{method} takes a function to call, and not {kind}: {callback!r}")
    import inspect  # few call it

    if not coroutines and inspect.iscoroutinefunction(callback):
        raise TypeError(
            f"{method} calls a function, and {callback!r} is one that is awaited: AsyncPGlite's"
            " takes it"
        )


def check_copy(sql: object, method: str) -> None:
    """Raise unless it may be a COPY: it is text, and more than a table's name."""
    check_sql(sql, method)
    if len(str(sql).split()) == 1:
        how = "from stdin" if method == "copy_from" else "to stdout"
        raise ValueError(f'{method}() takes a statement: "copy {sql} {how}"')


def check_no_params(given: Iterable[object], method: str) -> None:
    """Raise TypeError where a method that takes no parameters is given some."""
    if any(True for _ in given):
        raise TypeError(
            f"{method}() runs any number of statements, and takes no parameters:"
            " query(sql, params) runs one with some"
        )


def check_options(given: Iterable[str], known: Iterable[str], callee: str) -> None:
    """Raise TypeError if an option is not known, with the one that may be meant."""
    names = list(dict.fromkeys(known))
    for name in given:
        if name not in names:
            advice = _ADVICE.get(callee, {}).get(name) or _similar(name, names)
            advice = advice or f"there are {', '.join(names)}"
            raise TypeError(f"{callee}() has no argument {name!r}: {advice}")


def _similar(name: str, names: list[str]) -> str:
    from difflib import get_close_matches  # only for those who have made a mistake

    synonym = _SYNONYMS.get(name, "")
    meant = synonym if synonym in names else "".join(get_close_matches(name, names, 1))
    return f"did you mean {meant}?" if meant else ""

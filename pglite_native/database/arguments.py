"""Arguments that are wrong, said in the caller's words: not by a method far below."""

from __future__ import annotations

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
    "username": "user",
    "config": "settings",
}


def check_sql(sql: object, method: str) -> None:
    """Raise TypeError unless it is text."""
    if not isinstance(sql, str):
        raise TypeError(f"{method}() takes SQL as a str, and not {type(sql).__name__}: {sql!r}")


def check_no_params(given: Iterable[object], method: str) -> None:
    """Raise TypeError where a method that takes no parameters is given some."""
    if any(True for _ in given):
        raise TypeError(
            f"{method}() runs any number of statements, and takes no parameters:"
            " query(sql, params) runs one with some"
        )


def check_options(given: Iterable[str], known: Iterable[str], callee: str) -> None:
    """Raise TypeError if an option is not known, with the one that may be meant."""
    names = list(known)
    for name in given:
        if name not in names:
            meant = _similar(name, names)
            advice = f"did you mean {meant}?" if meant else f"there are {', '.join(names)}"
            raise TypeError(f"{callee}() has no argument {name!r}: {advice}")


def _similar(name: str, names: list[str]) -> str:
    from difflib import get_close_matches  # only for those who have made a mistake

    synonym = _SYNONYMS.get(name, "")
    return synonym if synonym in names else "".join(get_close_matches(name, names, 1))

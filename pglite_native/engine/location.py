"""What a caller's data_dir names: memory, or a directory.

Paths are taken as they are, and so are strings, but for `~` at the beginning, and for the URLs that
users of PGlite on Node, of SQLite and of SQLAlchemy write.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from pglite_native.engine import forking

forking.import_before_fork("urllib.parse")

MEMORY = frozenset((":memory:", "memory:", "file::memory:", "sqlite::memory:"))

_URL = r"(?is)([a-z][a-z0-9+.-]+):(//)?(.*)"
_KEYWORDS = r"(?i)\s*(host|hostaddr|dbname|user|port|service)\s*="  # libpq's
_SQL = r"(?i)\s*(select|insert|update|delete|create|alter|drop|table|with|copy)\s"
_PASSWORDS = (  # in a URL, and among libpq's keywords
    (r"(://[^:/@]*):[^@]*@", r"\1:***@"),
    (r"(?i)(password\s*=\s*)('(\\.|[^'])*'|\S+)", r"\1***"),
)


def is_sql(text: str) -> bool:
    """Whether it is a statement, that has come to where a directory is wanted."""
    return re.match(_SQL, text) is not None


def directory(place: str | os.PathLike[str] | None) -> Path | None:
    """Return the directory that `place` names; None where it names memory.

    Raises:
        TypeError: it is neither a path nor None.
        ValueError: it names something else: a server, say, or a file of SQLite's.
    """
    if place is None:
        return None
    if not isinstance(place, str | os.PathLike) or not isinstance(os.fspath(place), str):
        raise TypeError(
            "data_dir must be a path as text, or None for a database in memory, and not "
            f"{type(place).__name__}: {place!r}"
        )
    return _named(place) if isinstance(place, str) else Path(place)


def _named(text: str) -> Path | None:
    if not text.strip():
        raise ValueError('data_dir is empty: None is a database in memory, "." this directory')
    if text.partition("?")[0] in MEMORY:
        return None
    if re.match(_KEYWORDS, text):
        raise ValueError(_of_server(text))
    url = re.fullmatch(_URL, text)
    if url is None:
        return Path(text).expanduser()
    scheme, slashes, rest = url[1].lower(), url[2], url[3]
    if scheme == "file":
        return _of_file(text, rest)
    if not slashes:
        return Path(text)  # a colon may stand in a name
    if scheme == "memory":
        return None  # what follows is only a name
    if scheme == "postgresql+pglite":  # this package's own, for SQLAlchemy
        return _unquoted(rest[1:]) if rest.strip("/") else None
    if scheme.partition("+")[0] in ("postgresql", "postgres"):
        raise ValueError(_of_server(text))
    if scheme.partition("+")[0] == "sqlite":
        if rest.partition("?")[0].strip("/") in ("", ":memory:"):
            return None
        raise ValueError(
            f"{text!r} is a file of SQLite's, and a database here is a directory: give its path"
        )
    raise ValueError(
        f"{text!r} is no directory, and no URL of one: file:// is, and memory:// is memory"
    )


def _of_file(text: str, rest: str) -> Path:
    """`file:///absolute`, and as PGlite has it `file://relative`."""
    path, question, _ = rest.partition("?")
    if path.startswith("localhost/"):
        path = path.removeprefix("localhost")
    if question or not path:
        raise ValueError(f"{text!r}: a URL of a data directory is file://, a path, and no options")
    return _unquoted(path)


def _unquoted(path: str) -> Path:
    from urllib.parse import unquote  # for those who write a URL: it is one of the larger modules

    return Path(unquote(path))


def without_password(text: str) -> str:
    """Return an address as it may be shown."""
    for pattern, replacement in _PASSWORDS:
        text = re.sub(pattern, replacement, text)
    return text


def _of_server(text: str) -> str:
    return (
        f"{without_password(text)!r} is the address of a server, and this opens a database in this"
        " process: connect to a server by a driver (psycopg.connect), or copy its database by"
        " `pglite-native import --from URL --data-dir DIRECTORY`, and open that directory"
    )

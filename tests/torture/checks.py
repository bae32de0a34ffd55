"""What holds of every data directory that PostgreSQL has recovered."""

from __future__ import annotations

import re
from pathlib import Path

from pglite_native import Session
from tests.engine.sql import run

# As pg_amcheck does with --heapallindexed --checkunique; a temporary table is of another session.
BTREES = """
select count(bt_index_check(c.oid, heapallindexed => true, checkunique => i.indisunique))
from pg_class c join pg_index i on i.indexrelid = c.oid
where c.relam = 403 and c.relkind = 'i' and c.relpersistence <> 't' and i.indisvalid"""

GINS = """
select count(gin_index_check(c.oid))
from pg_class c join pg_index i on i.indexrelid = c.oid
where c.relam = 2742 and c.relkind = 'i' and c.relpersistence <> 't' and i.indisvalid"""

HEAPS = """
select c.oid::regclass, h.* from pg_class c, verify_heapam(c.oid, check_toast => true) h
where c.relkind in ('r', 't', 'm', 'S') and c.relpersistence <> 't'"""

# What a process makes under a name that only it uses, until it is whole or no longer needed.
TEMPORARY = re.compile(
    r"(^|/)(pgsql_tmp.*|t\d+_\d+.*|xlogtemp\.\d+|pg_internal\.init\.\d+|.*\.tmp"
    r"|\.pglite-native\.(creating|loading)|\.pglite-native-.*|postmaster\.pid)$"
)

RELATION_FILE = re.compile(r"(\d+)(_fsm|_vm|_init)?(\.\d+)?")


def check_relations(session: Session) -> None:
    """Let amcheck read every table and every index of the session's database."""
    run(session, "set lock_timeout = '30s'")
    run(session, BTREES)
    run(session, GINS)
    found = run(session, HEAPS)
    assert not found, f"verify_heapam: {found[:5]}"
    run(session, "reset lock_timeout")


def check_files(data: Path) -> None:
    """Find what a killed process has left, in a directory that was opened since, and closed."""
    names = (path.relative_to(data).as_posix() for path in data.rglob("*"))
    left = sorted(name for name in names if TEMPORARY.search(name))
    assert not left, f"temporary files: {left}"


def relation_files(session: Session) -> set[str]:
    """The files of the session's database: paths of their first segments."""
    sql = "select pg_relation_filepath(oid) from pg_class"
    return {path for (path,) in run(session, sql) if path is not None}


def files_beside(data: Path, known: set[str]) -> set[str]:
    """Relation files in the folders of those known that belong to none of them."""
    found = set()
    for folder in {(data / path).parent for path in known}:
        for path in folder.iterdir():
            if match := RELATION_FILE.fullmatch(path.name):
                found.add(path.with_name(match[1]).relative_to(data).as_posix())
    return found - known

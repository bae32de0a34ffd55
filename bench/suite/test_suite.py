"""Small tests on a schema of 30 tables. They pass on a shared database, too, where what others
have left does not carry the same names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.template import TABLES

if TYPE_CHECKING:
    from bench.suite.conftest import Fetch


@pytest.fixture
def name(request: pytest.FixtureRequest, number: int) -> str:
    """The name of this test's rows; of what is in a table only these are looked at."""
    return f"{request.node.name}"


@pytest.fixture
def table(name: str) -> str:
    return f"t{sum(name.encode()) % TABLES}"


def test_insert(fetch: Fetch, table: str, name: str) -> None:
    fetch(f"insert into {table} (name) values ($1)", name)
    assert fetch(f"select count(*) from {table} where name = $1", name) == [(1,)]


def test_update(fetch: Fetch, table: str, name: str) -> None:
    ((key,),) = fetch(f"insert into {table} (name) values ($1) returning id", name)
    fetch(f"update {table} set note = $2 where id = $1", key, "seen")
    assert fetch(f"select name, note from {table} where id = $1", key) == [(name, "seen")]


def test_delete(fetch: Fetch, table: str, name: str) -> None:
    for _ in range(3):
        fetch(f"insert into {table} (name) values ($1)", name)
    fetch(f"delete from {table} where name = $1", name)
    assert fetch(f"select id from {table} where name = $1", name) == []


def test_order(fetch: Fetch, table: str, name: str) -> None:
    for note in "bca":
        fetch(f"insert into {table} (name, note) values ($1, $2)", name, note)
    notes = fetch(f"select note from {table} where name = $1 order by note", name)
    assert notes == [("a",), ("b",), ("c",)]


def test_join(fetch: Fetch, table: str, name: str) -> None:
    for each in (table, "t0"):
        fetch(f"insert into {each} (name, note) values ($1, $2)", name, each)
    joined = fetch(
        f"select distinct a.note from {table} a join t0 using (name) where name = $1", name
    )
    assert (table,) in joined

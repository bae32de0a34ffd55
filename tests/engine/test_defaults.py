"""Settings of a new session are PostgreSQL's."""

from __future__ import annotations

import pytest

from pglite_native import Engine
from tests.engine.sql import run, sqlstate, value


def test_the_search_path_begins_with_the_user_s_schema() -> None:
    with Engine() as engine:
        assert value(engine, "show search_path") == '"$user", public'
        run(engine, "create role clerk login; create schema clerk authorization clerk")
        run(engine, "create table clerk.own as select 7 as n; alter table clerk.own owner to clerk")
        with engine.open_session(user="clerk") as clerk:
            assert value(clerk, "select n from own") == "7"


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("truncate pg_class", "42501"),
        ("alter table pg_class drop column relname", "42501"),
        ("create table pg_catalog.x (n int)", "42501"),
        ("drop table pg_type", "42501"),
    ],
)
def test_system_catalogs_are_not_to_be_altered(sql: str, code: str) -> None:
    with Engine() as engine:
        assert sqlstate(engine, sql) == code
        run(engine, "set search_path = pg_catalog, public")
        assert sqlstate(engine, "create table t (n int)") == "42501"
        run(engine, "set allow_system_table_mods = on; create table pg_catalog.x (n int)")

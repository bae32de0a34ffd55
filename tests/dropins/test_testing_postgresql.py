"""testing.postgresql's README, on the drop-in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import psycopg2  # type: ignore[import-untyped]
import pytest
import sqlalchemy

from pglite_native.testing.postgresql import Postgresql, PostgresqlFactory, skipIfNotFound


def rows(postgresql: Postgresql, sql: str) -> list[tuple[Any, ...]]:
    connection = psycopg2.connect(**postgresql.dsn())
    with connection, connection.cursor() as cursor:
        cursor.execute(sql)
        found = cursor.fetchall() if cursor.description else []
    connection.close()
    return found


def test_url_and_dsn_lead_to_the_database() -> None:
    with Postgresql() as postgresql:
        engine = sqlalchemy.create_engine(postgresql.url())
        with engine.begin() as connection:
            asked = "select current_user, current_database()"
            assert connection.execute(sqlalchemy.text(asked)).one() == ("postgres", "test")
        engine.dispose()
        assert rows(postgresql, asked) == [("postgres", "test")]
        assert postgresql.url(database="postgres").endswith("/postgres")
        assert postgresql.is_alive()
    assert not postgresql.is_alive()
    assert not os.path.exists(postgresql.base_dir)


def test_a_factory_s_databases_begin_as_its_handler_has_left_the_first() -> None:
    filled = []

    def fill(postgresql: Postgresql) -> None:
        filled.append(rows(postgresql, "create table hello as values (1), (2)"))

    factory = PostgresqlFactory(cache_initialized_db=True, on_initialized=fill)
    for _ in range(2):
        with factory() as postgresql:
            assert rows(postgresql, "select count(*) from hello") == [(2,)]
            rows(postgresql, "delete from hello")
    assert len(filled) == 1
    factory.clear_cache()
    with factory() as postgresql:
        assert rows(postgresql, "select to_regclass('hello')") == [(None,)]


def test_a_base_dir_is_durable_and_can_be_copied(tmp_path: Path) -> None:
    with Postgresql(base_dir=str(tmp_path)) as postgresql:
        rows(postgresql, "create table hello ()")
        data = postgresql.get_data_directory()
    with Postgresql(base_dir=str(tmp_path)) as postgresql:
        assert rows(postgresql, "select to_regclass('hello')") == [("hello",)]
    with Postgresql(copy_data_from=data) as postgresql:
        assert rows(postgresql, "drop table hello") == []
    with Postgresql(copy_data_from=data) as postgresql:
        assert rows(postgresql, "select to_regclass('hello')") == [("hello",)]


def test_what_cannot_be_copied_is_said(tmp_path: Path) -> None:
    (tmp_path / "image").touch()
    with pytest.raises(RuntimeError, match="copy_data_from: there is no /nowhere"):
        Postgresql(copy_data_from="/nowhere")
    with pytest.raises(ValueError, match="image is an image"):
        Postgresql(copy_data_from=str(tmp_path / "image"), base_dir=str(tmp_path))
    with pytest.raises(ValueError, match="leave base_dir out"):
        PostgresqlFactory(cache_initialized_db=True, base_dir=str(tmp_path))


def test_arguments_of_postgres_and_initdb() -> None:
    arguments = {"postgres_args": "-N 42 -c work_mem=5MB", "initdb_args": "-U ann -A trust"}
    with Postgresql(**arguments) as postgresql:
        dsn = postgresql.dsn(user="ann")
        connection = psycopg2.connect(**dsn)
        with connection, connection.cursor() as cursor:
            cursor.execute("select current_setting('max_connections'), current_setting('work_mem')")
            assert cursor.fetchone() == ("42", "5MB")
        connection.close()
    with pytest.raises(ValueError, match="options of postgres: unrecognized arguments: --single"):
        Postgresql(postgres_args="--single")
    with pytest.raises(TypeError, match="Postgresql has no argument colour"):
        Postgresql(colour="red")


def test_nothing_is_skipped() -> None:
    @skipIfNotFound
    def plain() -> None: ...

    @skipIfNotFound("/nowhere")  # type: ignore[untyped-decorator]
    def with_path() -> None: ...

    assert not hasattr(plain, "__unittest_skip__") and not hasattr(with_path, "__unittest_skip__")

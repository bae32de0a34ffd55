"""PostgresContainer as testcontainers' documentation has it; its tests are in no distribution."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy

from pglite_native import DatabaseError, PGliteError
from pglite_native.testing.containers import PostgresContainer


def scalar(url: str, sql: str) -> Any:
    with psycopg.connect(url) as connection:
        row = connection.execute(sql).fetchone()
        return None if row is None else row[0]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def test_the_example_of_its_page() -> None:
    with PostgresContainer("postgres:16") as postgres:
        engine = sqlalchemy.create_engine(postgres.get_connection_url())
        with engine.begin() as connection:
            (version,) = connection.execute(sqlalchemy.text("select version()")).one()
        engine.dispose()
    assert version.startswith("PostgreSQL 18")


def test_user_password_and_database_are_those_asked_for() -> None:
    password = "p@$%25+0&%rd :/!=?'"
    container = PostgresContainer(username="ann", password=password, dbname="a shop", driver=None)
    with container as postgres:
        url = postgres.get_connection_url()
        assert scalar(url, "select current_user") == "ann"
        assert scalar(url, "select current_database()") == "a shop"
        assert scalar(url, "select rolsuper from pg_roles where rolname = 'ann'") is True
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(url.replace("rd%20", "rd"))


def test_the_environment_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_USER", "ben")
    container = PostgresContainer(env={"POSTGRES_DB": "shop"}).with_env("POSTGRES_PASSWORD", "x")
    with container as postgres:
        assert postgres.get_connection_url(driver=None).startswith("postgresql://ben:x@127.0.0.1:")
        assert postgres.get_connection_url(driver="asyncpg").endswith("/shop")
        assert scalar(postgres.get_connection_url(driver=None), "select current_user") == "ben"


def test_a_port_can_be_chosen() -> None:
    port = free_port()
    with PostgresContainer().with_bind_ports(5432, port) as postgres:
        assert postgres.get_exposed_port(5432) == port
        assert scalar(postgres.get_connection_url(driver=None), "select 1") == 1


def test_the_command_sets_parameters() -> None:
    command = "postgres -c max_connections=42 --work-mem=5MB"
    with PostgresContainer().with_command(command) as postgres:
        url = postgres.get_connection_url(driver=None)
        assert scalar(url, "show max_connections") == "42"
        assert scalar(url, "show work_mem") == "5MB"


def test_scripts_run_in_the_order_of_their_names(tmp_path: Path) -> None:
    (tmp_path / "2.sql").write_text("insert into stuff values (1), (2)")
    (tmp_path / "1.sql").write_text("create table stuff (a int)")
    folder = "/docker-entrypoint-initdb.d"
    mapped = PostgresContainer()
    for name in ("2.sql", "1.sql"):
        mapped.with_volume_mapping(tmp_path / name, f"{folder}/{name}")
    volumes = [(str(tmp_path), folder, "ro")]
    for container in (PostgresContainer(seed=tmp_path), mapped, PostgresContainer(volumes=volumes)):
        with container as postgres:
            url = postgres.get_connection_url(driver=None)
            assert scalar(url, "select count(*) from stuff") == 2


def test_a_script_s_error_ends_the_start(tmp_path: Path) -> None:
    (tmp_path / "1.sql").write_text("select no_such_thing")
    container = PostgresContainer(seed=tmp_path)
    with pytest.raises(DatabaseError, match="no_such_thing"):
        container.start()
    with pytest.raises(PGliteError, match="has not been started"):
        container.get_connection_url()


def test_each_container_is_another_cluster() -> None:
    with PostgresContainer() as one, PostgresContainer() as other:
        with psycopg.connect(one.get_connection_url(driver=None)) as connection:
            connection.execute("create table t ()")
        there = "select to_regclass('t') is not null"
        assert scalar(one.get_connection_url(driver=None), there) is True
        assert scalar(other.get_connection_url(driver=None), there) is False


def test_what_wants_a_container_is_refused() -> None:
    container = PostgresContainer()
    calls: list[tuple[Any, ...]] = [
        (container.exec, ["psql"]),
        (container.with_volume_mapping, "/data", "/var/lib/postgresql/data"),
        (container.with_exposed_ports, 8080),
        (lambda: container.with_network("net"),),
        (lambda: container.get_logs(),),
        (lambda: PostgresContainer(network="net"),),
    ]
    for call, *given in calls:
        with pytest.raises(ValueError, match="wants a container, and there is none"):
            call(*given)
    with pytest.raises(ValueError, match="PostGIS is not bundled"):
        PostgresContainer("postgis/postgis:16")
    with pytest.raises(ValueError, match="options of postgres"):
        container.with_command("postgres --single")

"""Passwords of roles, which count on TCP in place of the server's."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from pglite_native import Engine
from pglite_native.server import Server
from pglite_native.server.verifier import parse
from tests import wire

COMMON = "the server's"
ROLES = """
    CREATE ROLE own LOGIN PASSWORD 'their own';
    CREATE ROLE without LOGIN;
    CREATE ROLE "Odd 'name\\" LOGIN PASSWORD 'their own';
    CREATE ROLE late LOGIN PASSWORD 'their own' VALID UNTIL '2001-01-01';
    CREATE ROLE good_for_long LOGIN PASSWORD 'their own' VALID UNTIL '2999-01-01';
    CREATE ROLE old LOGIN PASSWORD 'md5a3556571e93b0d20722ba62be61e8c2d';
    CREATE ROLE no_login PASSWORD 'their own';
    SET scram_iterations = 1;
    CREATE ROLE quick LOGIN PASSWORD 'their own';
"""


@pytest.fixture(scope="module", params=["served", "forked"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    is_served = request.param == "served"
    with Engine() as engine:
        assert wire.errors(engine.exec_protocol_raw(wire.query(ROLES))) == []
        with Server(engine, shared=is_served, host="127.0.0.1", password=COMMON) as server:
            yield server


def log_in(server: Server, user: str, password: str, database: str = "postgres") -> str:
    """Whose session it is then."""
    with psycopg.connect(server.dsn_of(database), user=user, password=password) as connection:
        row = connection.execute("SELECT session_user").fetchone()
        assert row is not None
        return str(row[0])


@pytest.mark.parametrize("user", ["own", "Odd 'name\\", "good_for_long", "quick"])
def test_a_role_with_a_password_is_known_by_it_alone(server: Server, user: str) -> None:
    assert log_in(server, user, "their own") == user
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        log_in(server, user, COMMON)


def test_a_role_without_one_is_known_by_the_server_s(server: Server) -> None:
    assert log_in(server, "without", COMMON) == "without"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        log_in(server, "without", "their own")


@pytest.mark.parametrize("user", ["late", "old", "unknown"])
@pytest.mark.parametrize("password", ["their own", COMMON])
def test_who_cannot_prove_to_be_a_role_is_not_let_in(
    server: Server, user: str, password: str
) -> None:
    message = f'password authentication failed for user "{user}"'
    with pytest.raises(psycopg.OperationalError, match=message):
        log_in(server, user, password)


def test_a_role_that_may_not_log_in_is_told_so(server: Server) -> None:
    with pytest.raises(psycopg.OperationalError, match='role "no_login" is not permitted'):
        log_in(server, "no_login", "their own")


def test_a_password_counts_from_when_it_is_set() -> None:
    with (
        Engine() as engine,
        Server(engine, host="127.0.0.1", password=COMMON) as server,
        psycopg.connect(server.dsn, autocommit=True) as connection,
    ):
        connection.execute("ALTER ROLE postgres PASSWORD 'new'")
        assert log_in(server, "postgres", "new") == "postgres"
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            log_in(server, "postgres", COMMON)
        connection.execute("ALTER ROLE postgres PASSWORD NULL")
        assert log_in(server, "postgres", COMMON) == "postgres"


SETTING = {
    "operators": """
        CREATE SCHEMA own;
        CREATE FUNCTION own.climb() RETURNS bool LANGUAGE plpgsql AS $$ BEGIN
            IF current_setting('is_superuser') OPERATOR(pg_catalog.=) 'on' THEN
                EXECUTE 'ALTER ROLE plain SUPERUSER';
            END IF;
            RETURN false;
        END $$;
        CREATE FUNCTION own.less(timestamptz, timestamptz) RETURNS bool LANGUAGE sql
            AS 'SELECT own.climb()';
        CREATE OPERATOR own.< (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = own.less);
        ALTER DATABASE postgres SET search_path = own, pg_catalog;
    """,
    "a role": "ALTER DATABASE postgres SET role = plain",
    "an encoding": "ALTER DATABASE postgres SET client_encoding = LATIN1",
}


@pytest.mark.parametrize("setting", SETTING.values(), ids=SETTING)
@pytest.mark.parametrize("is_served", [True, False], ids=["served", "forked"])
def test_what_the_owner_of_the_database_sets_does_not_count(is_served: bool, setting: str) -> None:
    roles = """
        CREATE ROLE plain LOGIN PASSWORD 'their own' VALID UNTIL '2999-01-01';
        CREATE ROLE "é" LOGIN PASSWORD 'their own';
        ALTER DATABASE postgres OWNER TO plain;
    """
    with Engine() as engine:
        assert wire.errors(engine.exec_protocol_raw(wire.query(roles))) == []
        with engine.open_session(user="plain") as session:
            assert wire.errors(session.exec_protocol_raw(wire.query(setting))) == []
        with Server(engine, shared=is_served, host="127.0.0.1", password=COMMON) as server:
            for user in ("plain", "é"):
                with psycopg.connect(
                    server.dsn_of("postgres"),
                    user=user,
                    password="their own",
                    client_encoding="UTF8",
                ) as connection:
                    found = connection.execute(
                        "SELECT session_user::text, rolsuper FROM pg_catalog.pg_roles"
                        " WHERE rolname OPERATOR(pg_catalog.=) session_user"
                    )
                    assert found.fetchone() == (user, False)


def test_a_scratch_database_has_passwords_of_its_own() -> None:
    with Server(host="127.0.0.1", password=COMMON) as server:
        for name in ("scratch_one", "scratch_other"):
            with psycopg.connect(server.dsn_of(name)) as connection:
                connection.execute(f"ALTER ROLE postgres PASSWORD '{name}'".encode())
        for name in ("scratch_one", "scratch_other"):
            assert log_in(server, "postgres", name, name) == "postgres"
        assert log_in(server, "postgres", COMMON, "scratch_new") == "postgres"


@pytest.mark.parametrize(
    "text", ["", "md5a3556571e93b0d20722ba62be61e8c2d", "SCRAM-SHA-256$4096:a$b", "word"]
)
def test_what_is_no_scram_verifier(text: str) -> None:
    assert parse(text) is None

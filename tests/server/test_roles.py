"""Who is not a superuser does not become one, by the server or in process, nor has its powers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from pglite_native import Engine
from pglite_native.engine.session import Session
from pglite_native.server import Server
from tests import wire
from tests.engine.sql import run
from tests.server.client import Client

ROLES = (
    "create role plain login password 'its own'",
    "create role chief superuser login",
    "create role staff",
    "grant staff to plain",
    "create role creator createrole login",
)
WHO = "select session_user, current_user, current_setting('is_superuser')"
PLAIN = {"user": "plain", "database": "postgres"}


class Asker:
    """Asks a session, or a client of the server."""

    def __init__(self, session: Session | Client) -> None:
        self._session = session

    def ask(self, sql: str) -> bytes:
        if isinstance(self._session, Client):
            return self._session.query(sql)
        return self._session.exec_protocol_raw(wire.query(sql))


@contextmanager
def served(engine: Engine, shared: bool) -> Iterator[Client]:
    with Server(engine, shared=shared) as server, Client(server) as client:
        client.log_in(PLAIN)
        yield client


@contextmanager
def logged_in(engine: Engine) -> Iterator[Engine]:
    engine.exec_protocol_raw(wire.startup(PLAIN))
    yield engine


WAYS = {
    "a client of a served engine": lambda engine: served(engine, True),
    "a client of a fork": lambda engine: served(engine, False),
    "a session in process": lambda engine: engine.open_session(user="plain"),
    "a startup packet in process": logged_in,
}


@pytest.fixture(scope="module", params=WAYS)
def plain(request: pytest.FixtureRequest) -> Iterator[Asker]:
    with ExitStack() as stack:
        engine = stack.enter_context(Engine())
        for sql in ROLES:
            run(engine, sql)
        yield Asker(stack.enter_context(WAYS[request.param](engine)))


BECOMING = {
    "set session authorization postgres": ["42501"],
    "set session authorization chief": ["42501"],
    "set local session authorization postgres": ["42501"],
    "set role postgres": ["42501"],
    "set role chief": ["42501"],
    "set local role postgres": ["42501"],
    "select set_config('role', 'postgres', false)": ["42501"],
    "select set_config('session_authorization', 'postgres', false)": ["42501"],
    "set is_superuser = on": ["55P02"],
    "reset role": [],
    "reset session authorization": [],
    "set session authorization default": [],
    "reset all": [],
    "discard all": [],
    "alter role plain superuser": ["42501"],
    "alter role postgres password 'mine'": ["42501"],
    "alter role plain set session_preload_libraries = 'x'": ["42501"],
    "create role another superuser": ["42501"],
    "grant chief to plain": ["42501"],
    "grant postgres to plain": ["42501"],
    "update pg_authid set rolsuper = true": ["42501"],
    "set allow_system_table_mods = on": ["42501"],
    "set session_replication_role = replica": ["42501"],
    "alter system set work_mem = '1MB'": ["42501"],
    "create function f(text) returns int as 'system' language internal": ["42501"],
    "create function f(text) returns int as 'x', 'y' language c": ["42501"],
    "select rolpassword from pg_authid": ["42501"],
    "select pg_read_file('/pglite/data/PG_VERSION')": ["42501"],
    "select pg_ls_dir('.')": ["42501"],
    "select lo_import('/pglite/data/PG_VERSION')": ["42501"],
    "copy (select 1) to '/tmp/x'": ["42501"],
    "copy (select 1) to program 'x'": ["42501"],
    "create extension file_fdw": ["42501"],
    "create tablespace x location ''": ["42501"],
    "checkpoint": ["42501"],
    "select pg_reload_conf()": ["42501"],
    "load '/pglite/lib/postgresql/plpgsql.so'": ["42501"],
    "prepare p as select current_user; set role postgres; execute p": ["42501"],
    "begin; set role staff; set session authorization postgres": ["42501"],
}


@pytest.mark.parametrize("sql", BECOMING)
def test_it_stays_what_it_is(plain: Asker, sql: str) -> None:
    assert wire.sqlstates(plain.ask(sql)) == BECOMING[sql]
    plain.ask("rollback")
    assert wire.rows(plain.ask(WHO)) == [(b"plain", b"plain", b"off")]


STARTING = {
    "role": ({"role": "postgres"}, "42501"),
    "session_authorization": ({"session_authorization": "postgres"}, "42501"),
    "role by an option": ({"options": "-c role=chief"}, "42501"),
    "session_authorization by an option": ({"options": "-c session_authorization=chief"}, "42501"),
    "is_superuser": ({"options": "-c is_superuser=on"}, "55P02"),
    "system tables": ({"options": "-O"}, "42501"),
    "a library": ({"session_preload_libraries": "x"}, "42501"),
}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        for sql in ROLES:
            run(engine, sql)
        yield engine


@pytest.mark.parametrize("way", ["served", "forked", "in process"])
@pytest.mark.parametrize(("options", "sqlstate"), STARTING.values(), ids=STARTING)
def test_no_startup_packet_makes_it_one(
    engine: Engine, way: str, options: dict[str, str], sqlstate: str
) -> None:
    parameters = {**PLAIN, **options}
    if way == "in process":
        with engine._open_sibling(wire.startup(parameters)) as session:
            assert wire.sqlstates(session.exec_protocol_raw(b"")) == [sqlstate]
        return
    with Server(engine, shared=way == "served") as server, Client(server) as client:
        assert wire.sqlstates(client.log_in(parameters)) == [sqlstate]


def test_who_may_create_roles_makes_no_superusers(engine: Engine) -> None:
    with engine.open_session(user="creator") as session:
        asker = Asker(session)
        for sql in ("create role more superuser", "alter role creator superuser"):
            assert wire.sqlstates(asker.ask(sql)) == ["42501"]
        for sql in ("alter role chief password 'mine'", "grant chief to creator"):
            assert wire.sqlstates(asker.ask(sql)) == ["42501"]


def test_nothing_is_left_to_the_next_connection_of_what_a_superuser_s_has_been(
    engine: Engine,
) -> None:
    with Server(engine) as server:
        with Client(server) as chief:
            chief.log_in({"user": "chief", "database": "postgres"})
            chief.query("set session authorization postgres; prepare p as select 1")
        with Client(server) as client:
            client.log_in(PLAIN)
            assert wire.rows(client.query(WHO)) == [(b"plain", b"plain", b"off")]
            assert wire.sqlstates(client.query("execute p")) == ["26000"]


def test_a_superuser_may_become_another_and_come_back(engine: Engine) -> None:
    with engine.open_session(user="chief") as session:
        asker = Asker(session)
        asker.ask("set session authorization plain")
        assert wire.rows(asker.ask(WHO)) == [(b"plain", b"plain", b"off")]
        asker.ask("reset session authorization")
        assert wire.rows(asker.ask(WHO)) == [(b"chief", b"chief", b"on")]


def test_an_engine_opened_as_a_role_is_that_role_s(tmp_path: Path) -> None:
    with Engine(tmp_path / "data") as engine:
        run(engine, ROLES[0])
    with Engine(tmp_path / "data", user="plain") as engine:
        for sql in ("set role postgres", "set session authorization postgres", "discard all"):
            engine.exec_protocol_raw(wire.query(sql))
        assert wire.rows(engine.exec_protocol_raw(wire.query(WHO))) == [
            (b"plain", b"plain", b"off")
        ]

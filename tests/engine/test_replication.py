"""Logical replication as far as one cluster goes: subscriptions, and slots that decode."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pglite_native import Engine
from tests import wire
from tests.engine.sql import SqlError, run, sqlstate, value

LOGICAL = {"wal_level": "logical"}
CHANGES = (
    "select chr(get_byte(data, 0)) from pg_logical_slot_get_binary_changes("
    "'s', null, null, 'proto_version', '1', 'publication_names', 'p')"
)


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


def subscribe(connection: str, *options: str) -> str:
    listed = f" with ({', '.join(options)})" if options else ""
    return f"create subscription s connection $${connection}$$ publication p{listed}"


def with_slot(engine: Engine) -> None:
    run(engine, "create table t (i int primary key); create publication p for table t")
    run(engine, "select pg_create_logical_replication_slot('s', 'pgoutput')")


def test_a_subscription_can_be_made_without_connecting(engine: Engine) -> None:
    run(engine, subscribe("host=nowhere dbname=x", "connect = false", "slot_name = none"))
    assert run(engine, "select subname, subenabled, subconninfo from pg_subscription") == [
        ("s", "f", "host=nowhere dbname=x")
    ]
    run(engine, "alter subscription s rename to renamed")
    run(engine, "drop subscription renamed")


@pytest.mark.parametrize(
    ("connection", "message"),
    [
        ("host=nowhere", 'could not translate host name "nowhere" to address'),
        ("host=127.0.0.1", 'server at "127.0.0.1", port 5432 failed: Network unreachable'),
        ("hostaddr=::1 port=7", 'server at "::1", port 7 failed: Network unreachable'),
        ("host=/tmp", 'socket "/tmp/.s.PGSQL.5432" failed: No such file or directory'),
        ("host=127.0.0.1,127.0.0.2 load_balance_hosts=random", "Network unreachable"),
        ("postgresql://u:p@127.0.0.1:9/d?connect_timeout=2", "port 9 failed: Network unreachable"),
    ],
)
def test_there_is_no_network_to_connect_by(engine: Engine, connection: str, message: str) -> None:
    with pytest.raises(SqlError, match="could not connect to the publisher") as caught:
        run(engine, subscribe(connection))
    assert caught.value.sqlstate == "08006"
    assert message in str(caught.value)
    assert value(engine, "select count(*) from pg_subscription") == "0"


@pytest.mark.parametrize(
    ("connection", "message"),
    [
        ("nonsense", 'missing "=" after "nonsense" in connection info string'),
        ("nonsense=1", 'invalid connection option "nonsense"'),
        ("host='x", "unterminated quoted string"),
    ],
)
def test_a_connection_string_is_parsed_as_libpq_does(
    engine: Engine, connection: str, message: str
) -> None:
    with pytest.raises(SqlError, match="invalid connection string syntax") as caught:
        run(engine, subscribe(connection, "connect = false"))
    assert caught.value.sqlstate == "42601"
    assert message in str(caught.value)


def test_a_subscription_of_no_superuser_needs_a_password(engine: Engine) -> None:
    run(engine, "create role r; grant pg_create_subscription to r")
    run(engine, "grant create on database postgres to r; set role r")
    assert sqlstate(engine, subscribe("host=x", "connect = false")) == "2F003"
    run(engine, subscribe("host=x password=y", "connect = false"))


def test_slots_need_wal_level_logical(engine: Engine) -> None:
    with pytest.raises(SqlError, match='logical decoding requires "wal_level" >= "logical"'):
        run(engine, "select pg_create_logical_replication_slot('s', 'pgoutput')")


def test_a_slot_gives_each_change_once() -> None:
    with Engine(settings=LOGICAL) as engine:
        with_slot(engine)
        run(engine, "insert into t values (1), (2)")
        assert [kind for (kind,) in run(engine, CHANGES)] == list("BRIIC")
        assert run(engine, CHANGES) == []
        run(engine, "delete from t where i = 1")
        assert [kind for (kind,) in run(engine, CHANGES)] == list("BRDC")
        run(engine, "select pg_drop_replication_slot('s')")


def test_another_session_s_changes_are_decoded_after_a_restart(tmp_path: Path) -> None:
    with Engine(tmp_path / "data", settings=LOGICAL) as engine:
        with_slot(engine)
        with engine.open_session() as other:
            run(other, "insert into t values (1)")
    with Engine(tmp_path / "data", settings=LOGICAL) as engine:
        assert [kind for (kind,) in run(engine, CHANGES)] == list("BRIC")


def test_an_unknown_output_plugin_is_refused() -> None:
    with Engine(settings=LOGICAL) as engine:
        reply = engine.exec_protocol_raw(
            wire.query("select pg_create_logical_replication_slot('s', 'nothing')")
        )
        assert wire.sqlstates(reply) == ["42501"]  # output_plugin_libraries does not name it
        assert value(engine, "select count(*) from pg_replication_slots") == "0"

"""What the backend tells on its own (notifications, notices, parameters), and a session's two ends.

That these messages equal a native server's is shown in tests/oracle; here is what needs no server:
when they arrive.
"""

from __future__ import annotations

import struct

import pytest

from pglite_native import Engine, EngineClosed
from tests import wire

pytestmark = pytest.mark.tiers

STARTUP = {"user": "postgres", "database": "postgres"}


def notifications(reply: bytes) -> list[tuple[str, str]]:
    """Channel and payload of each."""
    return [wire.decode(item)[2:] for item in wire.split(reply) if item.kind == "A"]


# --- LISTEN and NOTIFY ----------------------------------------------------------------------


def test_notification_comes_with_the_statement_that_notifies(engine: Engine) -> None:
    engine.exec_protocol_raw(wire.query("LISTEN news"))
    reply = engine.exec_protocol_raw(wire.query("NOTIFY news, 'hello'"))
    assert wire.kinds(reply) == "CAZ"
    assert notifications(reply) == [("news", "hello")]


def test_notification_names_the_backend(engine: Engine) -> None:
    ((pid,),) = wire.rows(engine.exec_protocol_raw(wire.query("SELECT pg_backend_pid()")))
    reply = engine.exec_protocol_raw(wire.query("LISTEN news; NOTIFY news"))
    assert pid is not None
    assert ("NotificationResponse", int(pid), "news", "") in map(wire.decode, wire.split(reply))


def test_notifications_wait_for_the_commit(engine: Engine) -> None:
    engine.exec_protocol_raw(wire.query("LISTEN news"))
    for statement in ("BEGIN", "NOTIFY news, 'a'", "NOTIFY news, 'b'", "SELECT 1"):
        assert notifications(engine.exec_protocol_raw(wire.query(statement))) == []
    reply = engine.exec_protocol_raw(wire.query("COMMIT"))
    assert notifications(reply) == [("news", "a"), ("news", "b")]


def test_ten_thousand_notifications_in_order(engine: Engine) -> None:
    engine.exec_protocol_raw(wire.query("LISTEN news"))
    sql = "SELECT pg_notify('news', g::text) FROM generate_series(1, 10000) g"
    reply = b"".join(engine.exec_protocol_stream(wire.query(sql)))
    assert notifications(reply) == [("news", str(number)) for number in range(1, 10001)]


def test_payload_of_the_largest_size(engine: Engine) -> None:
    engine.exec_protocol_raw(wire.query("LISTEN news"))
    reply = engine.exec_protocol_raw(wire.query("SELECT pg_notify('news', repeat('p', 7999))"))
    assert notifications(reply) == [("news", "p" * 7999)]


def test_engines_do_not_hear_each_other(engine: Engine) -> None:
    with Engine() as other:
        other.exec_protocol_raw(wire.query("LISTEN news"))
        engine.exec_protocol_raw(wire.query("LISTEN news; NOTIFY news, 'x'"))
        assert notifications(other.exec_protocol_raw(wire.query("SELECT 1"))) == []


# --- notices --------------------------------------------------------------------------------


def test_notices_larger_than_a_buffer(engine: Engine) -> None:
    sql = "DO $$ BEGIN RAISE NOTICE '%', repeat('n', 300000); END $$"
    items = wire.split(engine.exec_protocol_raw(wire.query(sql)))
    assert [item.kind for item in items] == ["N", "C", "Z"]
    assert wire.report(items[0].payload)["M"] == "n" * 300_000


def test_thousands_of_notices(engine: Engine) -> None:
    sql = "DO $$ BEGIN FOR i IN 1..5000 LOOP RAISE NOTICE 'number %', i; END LOOP; END $$"
    items = wire.split(engine.exec_protocol_raw(wire.query(sql)))
    told = [wire.report(item.payload)["M"] for item in items if item.kind == "N"]
    assert told == [f"number {number}" for number in range(1, 5001)]


# --- parameters -----------------------------------------------------------------------------


def test_changed_parameter_is_reported(engine: Engine) -> None:
    engine.exec_protocol_raw(wire.query("SET TimeZone = 'Asia/Tokyo'"))
    reply = engine.exec_protocol_raw(wire.query("SET TimeZone = 'Europe/Vienna'"))
    assert wire.parameters(reply) == {"TimeZone": "Europe/Vienna"}
    assert wire.kinds(reply) == "CSZ"


def test_rolled_back_parameter_is_reported_again(engine: Engine) -> None:
    engine.exec_protocol_raw(wire.query("SET application_name = 'outside'") + wire.query("BEGIN"))
    reply = engine.exec_protocol_raw(wire.query("SET application_name = 'inside'"))
    assert wire.parameters(reply) == {"application_name": "inside"}
    reply = engine.exec_protocol_raw(wire.query("ROLLBACK"))
    assert wire.parameters(reply) == {"application_name": "outside"}


# --- startup packets ------------------------------------------------------------------------


def test_startup_packet_is_answered() -> None:
    with Engine() as engine:
        reply = engine.exec_protocol_raw(wire.startup(STARTUP))
    items = wire.split(reply)
    assert items[0] == ("R", bytes(4))  # AuthenticationOk
    assert [item.kind for item in items[-2:]] == ["K", "Z"]
    parameters = wire.parameters(reply)
    assert parameters["server_version"] == "18.7"
    assert parameters["client_encoding"] == "UTF8"
    assert parameters["session_authorization"] == "postgres"


def test_startup_packet_of_a_second_client() -> None:
    """One engine may serve one connection after the other, each beginning with its own packet."""
    with Engine() as engine:
        for name in ("first", "second"):
            reply = engine.exec_protocol_raw(wire.startup({**STARTUP, "application_name": name}))
            assert wire.parameters(reply)["application_name"] == name
            reply = engine.exec_protocol_raw(wire.query("SHOW application_name"))
            assert wire.rows(reply) == [(name.encode(),)]


def test_startup_packet_with_options() -> None:
    options = {"options": "-c work_mem=7MB -c DateStyle=German", "TimeZone": "Asia/Tokyo"}
    with Engine() as engine:
        reply = engine.exec_protocol_raw(wire.startup({**STARTUP, **options}))
        assert wire.parameters(reply)["TimeZone"] == "Asia/Tokyo"
        assert wire.parameters(reply)["DateStyle"] == "German, DMY"
        assert wire.rows(engine.exec_protocol_raw(wire.query("SHOW work_mem"))) == [(b"7MB",)]


@pytest.mark.parametrize("cut", [8, 9, 20])
def test_startup_packet_in_two_calls(cut: int) -> None:
    """It is known by its first eight bytes, the length and the version: those come together."""
    packet = wire.startup(STARTUP)
    with Engine() as engine:
        assert engine.exec_protocol_raw(packet[:cut]) == b""
        assert wire.split(engine.exec_protocol_raw(packet[cut:]))[-1] == ("Z", b"I")


def test_startup_packet_and_query_in_one_call() -> None:
    with Engine() as engine:
        reply = engine.exec_protocol_raw(wire.startup(STARTUP) + wire.query("SELECT 1"))
    assert wire.rows(reply) == [(b"1",)]


def test_startup_packet_with_an_unknown_protocol_option_is_negotiated() -> None:
    with Engine() as engine:
        packet = wire.startup({**STARTUP, "_pq_.unheard": "1"}, wire.PROTOCOL_3_0)
        reply = engine.exec_protocol_raw(packet)
        versions = [item.payload for item in wire.split(reply) if item.kind == "v"]
        assert versions == [struct.pack("!ii", wire.PROTOCOL_3_0, 1) + b"_pq_.unheard\0"]
        assert wire.rows(engine.exec_protocol_raw(wire.query("SELECT 1"))) == [(b"1",)]


@pytest.mark.parametrize(
    ("parameters", "sqlstate"),
    [
        ({"user": "postgres", "database": "nosuch"}, "3D000"),
        ({"user": "nosuch", "database": "postgres"}, "28000"),
        ({"user": "postgres", "database": "postgres", "nosuch_parameter": "1"}, "42704"),
        ({"user": "postgres", "database": "postgres", "work_mem": "lots"}, "22023"),
        ({"database": "postgres"}, "28000"),
    ],
)
def test_startup_packet_refused(parameters: dict[str, str], sqlstate: str) -> None:
    """As a server does it: a FATAL error, and the end."""
    with Engine() as engine:
        reply = engine.exec_protocol_raw(wire.startup(parameters))
        (fields,) = wire.errors(reply)
        assert (fields["V"], fields["C"]) == ("FATAL", sqlstate)
        with pytest.raises(EngineClosed):
            engine.exec_protocol_raw(wire.query("SELECT 1"))


def test_startup_packet_of_protocol_2() -> None:
    """Not one that an engine knows: a message of type 0."""
    with Engine() as engine:
        reply = engine.exec_protocol_raw(wire.startup(STARTUP, protocol=2 << 16))
        assert wire.sqlstates(reply) == ["08P01"]


# --- Terminate ------------------------------------------------------------------------------


def test_terminate_ends_the_session() -> None:
    with Engine() as engine:
        assert engine.exec_protocol_raw(wire.terminate()) == b""
        with pytest.raises(EngineClosed):
            engine.exec_protocol_raw(wire.query("SELECT 1"))


def test_terminate_at_the_end_of_a_pipeline() -> None:
    with Engine() as engine:
        pipeline = wire.query("SELECT 1") + wire.terminate() + wire.query("SELECT 2")
        assert wire.rows(engine.exec_protocol_raw(pipeline)) == [(b"1",)]
        with pytest.raises(EngineClosed):
            engine.exec_protocol_raw(b"")


def test_close_within_a_message_copy_or_transaction() -> None:
    beginnings = [
        wire.query("SELECT 1")[:6],
        struct.pack("!ci", b"Q", 1 << 20),
        wire.query("CREATE TEMP TABLE t (a int)") + wire.query("COPY t FROM STDIN"),
        wire.query("BEGIN") + wire.query("CREATE TABLE t (a int)"),
        wire.parse("", "SELECT 1"),
    ]
    for beginning in beginnings:
        engine = Engine()
        engine.exec_protocol_raw(beginning)
        engine.close()
        with pytest.raises(EngineClosed):
            engine.exec_protocol_raw(b"")

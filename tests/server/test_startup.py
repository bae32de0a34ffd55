"""Each rule of the start of a connection."""

from __future__ import annotations

import os
import socket
import stat
import struct
import time
from contextlib import suppress
from pathlib import Path

import pytest

from pglite_native.server import Server
from tests import wire
from tests.server.client import PARAMETERS, Client

GSSENC_REQUEST = struct.pack("!ii", 8, 1234 << 16 | 5680)


def version(minor: int) -> int:
    return 3 << 16 | minor


def raw_startup(body: bytes, protocol: int = wire.PROTOCOL_3_0) -> bytes:
    return struct.pack("!ii", 8 + len(body), protocol) + body


def kinds_of(reply: bytes) -> str:
    return wire.kinds(reply).replace("S", "")


def key_data(reply: bytes) -> bytes:
    (payload,) = [payload for kind, payload in wire.split(reply) if kind == "K"]
    return payload


def test_a_welcome(server: Server) -> None:
    with Client(server) as client:
        reply = client.log_in({**PARAMETERS, "application_name": "me"})
        assert kinds_of(reply) == "RKZ"
        assert wire.parameters(reply)["application_name"] == "me"
        assert wire.parameters(reply)["server_version"].startswith("18.")


def test_encryption_is_refused_where_there_is_none(server: Server) -> None:
    with Client(server) as client:
        for request in (wire.ssl_request(), GSSENC_REQUEST):
            client.send(request)
            assert client.receive_exactly(1) == b"N"
        assert kinds_of(client.log_in()) == "RKZ"


def test_encryption_is_asked_for_once(server: Server) -> None:
    with Client(server) as client:
        client.send(wire.ssl_request())
        assert client.receive_exactly(1) == b"N"
        client.send(wire.ssl_request())
        assert wire.sqlstates(client.receive()) == ["0A000"]


@pytest.mark.parametrize(
    ("minor", "negotiated", "secret_size"), [(0, None, 4), (2, None, 32), (9999, 2, 32)]
)
def test_protocol_versions(
    server: Server, minor: int, negotiated: int | None, secret_size: int
) -> None:
    with Client(server) as client:
        reply = client.log_in(PARAMETERS, protocol=version(minor))
        assert len(key_data(reply)) == 4 + secret_size
        told = [payload for kind, payload in wire.split(reply) if kind == "v"]
        expected = [] if negotiated is None else [struct.pack("!ii", version(negotiated), 0)]
        assert told == expected
        assert wire.rows(client.query("SELECT 1")) == [(b"1",)]


def test_unknown_protocol_options_are_named(server: Server) -> None:
    with Client(server) as client:
        reply = client.log_in({**PARAMETERS, "_pq_.fancy": "on", "_pq_.more": "1"})
        assert wire.split(reply)[0] == (
            "v",
            struct.pack("!ii", version(0), 2) + b"_pq_.fancy\0_pq_.more\0",
        )


def test_keys_are_secret(server: Server) -> None:
    with Client(server) as one, Client(server) as other:
        assert key_data(one.log_in()) != key_data(other.log_in())


def test_options_are_honoured(server: Server) -> None:
    with Client(server) as client:
        client.log_in({**PARAMETERS, "options": "-c work_mem=7MB -c application_name=a\\ b"})
        assert wire.rows(client.query("SHOW work_mem")) == [(b"7MB",)]
        assert wire.rows(client.query("SHOW application_name")) == [(b"a b",)]


def test_the_database_is_the_user_s_unless_one_is_named(server: Server) -> None:
    with Client(server) as client:
        assert kinds_of(client.log_in({"user": "postgres"})) == "RKZ"


REFUSED = {
    "a database that is not there": (wire.startup({**PARAMETERS, "database": "no"}), "3D000"),
    "one without connections": (wire.startup({**PARAMETERS, "database": "template0"}), "55000"),
    "an unknown user": (wire.startup({**PARAMETERS, "user": "nobody"}), "28000"),
    "no user": (wire.startup({"database": "postgres"}), "28000"),
    "an empty user": (wire.startup({"user": ""}), "28000"),
    "an unknown setting": (wire.startup({**PARAMETERS, "frob": "1"}), "42704"),
    "bad options": (wire.startup({**PARAMETERS, "options": "--frob"}), "42601"),
    "protocol 2": (wire.startup(PARAMETERS, protocol=2 << 16), "0A000"),
    "protocol 4": (wire.startup(PARAMETERS, protocol=4 << 16), "0A000"),
    "replication": (wire.startup({**PARAMETERS, "replication": "database"}), "0A000"),
    "too long": (struct.pack("!i", 10001), "08P01"),
    "much too long": (b"GET / HTTP/1.1\r\n\r\n", "08P01"),
    "too short": (struct.pack("!i", 7), "08P01"),
    "negative": (struct.pack("!i", -1), "08P01"),
    "no terminator": (raw_startup(b"user\0postgres\0"), "08P01"),
    "text after the terminator": (raw_startup(b"user\0postgres\0\0x"), "08P01"),
    "pairs after the terminator": (raw_startup(b"user\0postgres\0\0a\0b\0"), "08P01"),
    "a name without a value": (raw_startup(b"user\0postgres\0database\0\0"), "08P01"),
    "nothing": (raw_startup(b""), "08P01"),
    "only a terminator": (raw_startup(b"\0"), "28000"),
}


@pytest.mark.parametrize(("packet", "sqlstate"), REFUSED.values(), ids=REFUSED)
def test_refusals(server: Server, packet: bytes, sqlstate: str) -> None:
    with Client(server) as client:
        client.send(packet)
        reply = client.receive()
        assert wire.kinds(reply) in ("E", "RE")  # before the login, or in it
        assert wire.errors(reply)[0]["C"] == sqlstate
        assert wire.errors(reply)[0]["S"] == "FATAL"


def test_a_packet_of_the_greatest_size(server: Server) -> None:
    bare = wire.startup({**PARAMETERS, "my.setting": ""})
    packet = wire.startup({**PARAMETERS, "my.setting": "x" * (10000 - len(bare))})
    assert len(packet) == 10000
    with Client(server) as client:
        client.send(packet)
        assert kinds_of(client.receive()) == "RKZ"


@pytest.mark.parametrize("size", [64, 6000])
def test_names_are_cut_off(server: Server, size: int) -> None:
    """As in PostgreSQL, whose packets they would not fit into if they came twice."""
    with Client(server) as client:
        reply = client.log_in({"user": "u" * size})
        assert [error["C"] for error in wire.errors(reply)] == ["28000"]
        assert wire.errors(reply)[0]["M"] == f'role "{"u" * 63}" does not exist'


@pytest.mark.parametrize("sent", [b"", wire.startup(PARAMETERS)[:-1]], ids=["none", "all but one"])
def test_a_slow_startup_is_ended(sent: bytes) -> None:
    with Server(authentication_timeout=0.2) as server, Client(server) as client:
        client.send(sent)
        assert wire.sqlstates(client.receive()) == ["57014"]


def test_a_startup_in_drops_is_ended_too() -> None:
    packet = wire.startup(PARAMETERS)
    with Server(authentication_timeout=0.3) as server, Client(server) as client:
        began = time.monotonic()
        with suppress(OSError):  # the server's end of it
            for byte in packet * 100:
                client.send(bytes([byte]))
                time.sleep(0.05)
        assert 0.3 < time.monotonic() - began < 5


def test_a_second_startup_packet_is_refused(server: Server) -> None:
    """The engine would log in anew: the client has been let in as another user."""
    with Client(server) as client:
        client.log_in()
        client.send(wire.startup(PARAMETERS))
        assert wire.sqlstates(client.receive()) == ["08P01"]


def test_the_socket_is_the_user_s_alone(tmp_path: Path) -> None:
    directory = tmp_path / "made" / "here"
    with Server() as server, Server(unix_socket_dir=directory, port=5433) as other:
        for folder in (Path(server.address[0]), directory):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        path = directory / ".s.PGSQL.5433"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert other.address == (str(directory), 5433)
    assert not path.exists()
    assert not os.path.exists(server.address[0])


def test_a_socket_that_nobody_listens_at_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(tmp_path / ".s.PGSQL.5432"))
    with Server(unix_socket_dir=tmp_path) as server:
        with Client(server) as client:
            assert kinds_of(client.log_in()) == "RKZ"
        with pytest.raises(OSError, match="another server is listening"):
            Server(unix_socket_dir=tmp_path)
        with Client(server) as client:
            assert kinds_of(client.log_in()) == "RKZ"


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / ".s.PGSQL.5432"
    path.write_text("mine")
    with pytest.raises(FileExistsError):
        Server(unix_socket_dir=tmp_path)
    assert path.read_text() == "mine"

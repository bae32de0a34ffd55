"""Passwords and TLS, on TCP."""

from __future__ import annotations

import hashlib
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import trustme
from scramp import ScramClient

from pglite_native.server import Server, tls
from tests import wire
from tests.server.client import PARAMETERS, Client

PASSWORD = "wörd ' \\ %"
LOOPBACK = "127.0.0.1"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def guarded(authority: trustme.CA) -> Iterator[Server]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(LOOPBACK, "localhost").configure_cert(context)
    with Server(host=LOOPBACK, password=PASSWORD, tls=context) as server:
        yield server


def test_the_password_lets_in(guarded: Server) -> None:
    for address in (guarded.dsn, guarded.url):
        with psycopg.connect(address) as connection:
            assert connection.execute("SELECT current_user").fetchone() == ("postgres",)


@pytest.mark.parametrize("user", ["postgres", "nobody"])
def test_a_wrong_password_does_not(guarded: Server, user: str) -> None:
    message = f'password authentication failed for user "{user}"'
    with pytest.raises(psycopg.OperationalError, match=message):
        psycopg.connect(guarded.dsn, password="word", user=user)


def test_no_password_does_not(guarded: Server) -> None:
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(guarded.dsn, password="")


def test_who_knows_the_password_has_still_to_be_a_user(guarded: Server) -> None:
    """They hear no more than those who do not know it."""
    message = 'password authentication failed for user "nobody"'
    with pytest.raises(psycopg.OperationalError, match=message):
        psycopg.connect(guarded.dsn, user="nobody")


def sasl_initial(first: bytes, mechanism: bytes = b"SCRAM-SHA-256") -> bytes:
    return wire.message("p", mechanism + b"\0" + len(first).to_bytes(4, "big") + first)


FIRST = b"n,,n=,r=abcdefgh"
MISBEHAVING = {
    "a query instead": (wire.query("SELECT 1"), "08P01"),
    "an oversized response": (b"p" + (1 << 30).to_bytes(4, "big"), "08P01"),
    "an unknown mechanism": (sasl_initial(FIRST, b"PLAIN"), "08P01"),
    "a length that is wrong": (wire.message("p", b"SCRAM-SHA-256\0\0\0\1\0abc"), "08P01"),
    "a mechanism without end": (wire.message("p", b"SCRAM-SHA-256"), "08P01"),
    "nonsense": (sasl_initial(b"nonsense"), "28P01"),
    "no text": (sasl_initial(b"\xff\xfe"), "28P01"),
    "an empty response": (sasl_initial(b""), "28P01"),
}


@pytest.mark.parametrize(("message", "sqlstate"), MISBEHAVING.values(), ids=MISBEHAVING)
def test_what_is_no_scram_is_refused(guarded: Server, message: bytes, sqlstate: str) -> None:
    with Client(guarded) as client:
        client.send(wire.startup(PARAMETERS) + message)
        reply = client.receive()
        assert wire.kinds(reply) == "RE"
        assert wire.sqlstates(reply) == [sqlstate]


def test_a_name_that_is_no_text_is_nobodys(guarded: Server) -> None:
    with Client(guarded) as client:
        startup = wire.startup({**PARAMETERS, "user": "no_text"}).replace(b"no_text", b"no\xfftext")
        client.send(startup + sasl_initial(b"nonsense"))
        reply = client.receive()
        assert wire.kinds(reply) == "RE"
        assert wire.sqlstates(reply) == ["28P01"]


def test_a_proof_cannot_be_replayed(guarded: Server) -> None:
    """With the right password, but a proof made for another nonce of the server's."""

    def attempt(replayed: bytes | None) -> tuple[bytes, bytes]:
        with Client(guarded) as client:
            exchange = ScramClient(["SCRAM-SHA-256"], "any", PASSWORD, c_nonce="same")
            first = exchange.get_client_first().encode()
            client.send(wire.startup(PARAMETERS) + sasl_initial(first))
            received = b""
            while received.count(b"R\0\0\0") < 2:
                received += client.socket.recv(4096)
            exchange.set_server_first(wire.split(received)[-1].payload[4:].decode())
            final = exchange.get_client_final().encode()
            client.send(wire.message("p", replayed or final))
            return final, client.receive()

    proof, reply = attempt(None)
    assert reply.endswith(b"Z\0\0\0\5I")
    _, reply = attempt(proof)
    assert wire.sqlstates(reply) == ["28P01"]


def test_silence_instead_of_a_password_is_ended() -> None:
    with (
        Server(host=LOOPBACK, password=PASSWORD, authentication_timeout=0.2) as server,
        Client(server) as client,
    ):
        client.send(wire.startup(PARAMETERS))
        assert wire.sqlstates(client.receive()) == ["57014"]


@pytest.mark.parametrize("mode", ["disable", "prefer", "require", "verify-full"])
def test_tls(guarded: Server, authority: trustme.CA, tmp_path: Path, mode: str) -> None:
    root = tmp_path / "root.pem"
    authority.cert_pem.write_to_path(str(root))
    with psycopg.connect(guarded.dsn, sslmode=mode, sslrootcert=str(root)) as connection:
        assert connection.pgconn.ssl_in_use == (mode != "disable")
        text = "x" * 1_000_000
        assert connection.execute("SELECT %s", [text]).fetchone() == (text,)
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE t (a text)")
            with cursor.copy("COPY t FROM STDIN") as copy:
                for _ in range(10):
                    copy.write_row((text,))
            assert cursor.execute("SELECT sum(length(a)) FROM t").fetchone() == (10_000_000,)


def test_an_end_within_tls_is_said_within_tls(guarded: Server, authority: trustme.CA) -> None:
    """Without close_notify OpenSSL takes it for an attack, and libpq a cancel for failed."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with Client(guarded) as client:
        client.send(wire.ssl_request())
        assert client.receive_exactly(1) == b"S"
        options = {"server_hostname": LOOPBACK, "suppress_ragged_eofs": False}
        with context.wrap_socket(client.socket, **options) as encrypted:  # type: ignore[arg-type]
            encrypted.sendall(struct.pack("!iiii", 16, wire.CANCEL_REQUEST_CODE, 0, 0))
            assert encrypted.recv(1) == b""


def test_tls_that_is_not_there_is_not_pretended() -> None:
    with (
        Server(host=LOOPBACK, trust=True) as server,
        pytest.raises(psycopg.OperationalError, match="does not support SSL"),
    ):
        psycopg.connect(server.dsn, sslmode="require")


def test_what_is_sent_before_tls_is_never_taken_for_what_came_through_it(guarded: Server) -> None:
    with Client(guarded) as client:
        client.send(wire.ssl_request() + wire.startup(PARAMETERS))
        assert client.receive_exactly(1) == b"S"
        assert b"R\0\0\0" not in client.receive()


def test_a_tls_handshake_that_does_not_go_on_is_ended(authority: trustme.CA) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(LOOPBACK).configure_cert(context)
    options = {"password": PASSWORD, "tls": context, "authentication_timeout": 0.2}
    with Server(host=LOOPBACK, **options) as server, Client(server) as client:  # type: ignore[arg-type]
        client.send(wire.ssl_request())
        assert client.receive_exactly(1) == b"S"
        assert client.receive() == b""


def test_tls_without_asking(guarded: Server) -> None:
    with psycopg.connect(guarded.dsn, sslmode="require", sslnegotiation="direct") as connection:
        assert connection.pgconn.ssl_in_use
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with (
        Server(host=LOOPBACK, trust=True) as server,
        pytest.raises(psycopg.OperationalError),
    ):
        psycopg.connect(server.dsn, sslmode="require", sslnegotiation="direct")


@contextmanager
def encrypting(server: Server, *protocols: str) -> Iterator[Client]:
    """A client that has begun with TLS, and the names of these protocols."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if protocols:
        context.set_alpn_protocols(protocols)
    with Client(server) as client:
        client.socket = context.wrap_socket(client.socket)
        yield client


@pytest.mark.parametrize("protocols", [[], ["http/1.1"]], ids=["no name", "another's name"])
def test_tls_without_asking_wants_the_protocol_named(guarded: Server, protocols: list[str]) -> None:
    with encrypting(guarded, *protocols) as client:
        assert wire.sqlstates(client.receive()) == ["08P01"]


def test_tls_within_tls_is_not_to_be_had(guarded: Server) -> None:
    with encrypting(guarded, "postgresql") as client:
        client.send(wire.ssl_request())
        assert client.socket.recv(1) == b"N"


def mechanisms(client: Client) -> list[bytes]:
    """What the server offers."""
    client.send(wire.startup(PARAMETERS))
    header = client.socket.recv(9)
    assert header[:1] == b"R"
    return client.socket.recv(int.from_bytes(header[1:5], "big") - 8).rstrip(b"\0").split(b"\0")


def test_channel_binding_is_offered_within_tls(guarded: Server) -> None:
    with Client(guarded) as client:
        assert mechanisms(client) == [b"SCRAM-SHA-256"]
    with encrypting(guarded, "postgresql") as client:
        assert mechanisms(client) == [b"SCRAM-SHA-256-PLUS", b"SCRAM-SHA-256"]


@pytest.mark.parametrize("binding", ["require", "prefer", "disable"])
def test_channel_binding(guarded: Server, binding: str) -> None:
    with psycopg.connect(guarded.dsn, sslmode="require", channel_binding=binding) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(guarded.dsn, sslmode="require", channel_binding=binding, password="another")


def log_in_by(client: Client, mechanism: str, seen: bytes) -> bytes:
    """The server's answer to the right password, bound to what is said to have been seen."""
    binding = "tls-server-end-point", seen
    exchange = ScramClient([mechanism], "any", PASSWORD, channel_binding=binding)
    client.send(sasl_initial(exchange.get_client_first().encode(), mechanism.encode()))
    header = client.socket.recv(9)
    if header[:1] == b"E":
        return header + client.receive()
    length = int.from_bytes(header[1:5], "big") - 8
    exchange.set_server_first(client.socket.recv(length).decode())
    client.send(wire.message("p", exchange.get_client_final().encode()))
    return client.receive()


def hash_of_certificate(client: Client) -> bytes:
    assert isinstance(client.socket, ssl.SSLSocket)
    return hashlib.sha256(client.socket.getpeercert(binary_form=True) or b"").digest()


def test_who_has_seen_another_certificate_is_not_let_in(guarded: Server) -> None:
    with encrypting(guarded, "postgresql") as client:
        mechanisms(client)
        reply = log_in_by(client, "SCRAM-SHA-256-PLUS", hash_of_certificate(client))
        assert reply.endswith(b"Z\0\0\0\5I")
    with encrypting(guarded, "postgresql") as client:
        mechanisms(client)
        reply = log_in_by(client, "SCRAM-SHA-256-PLUS", b"of another certificate")
        assert wire.sqlstates(reply) == ["28P01"]


def test_who_was_told_that_there_is_no_channel_binding_is_warned(guarded: Server) -> None:
    """Somebody in between has taken it out of the server's offer."""
    with encrypting(guarded, "postgresql") as client:
        mechanisms(client)
        reply = log_in_by(client, "SCRAM-SHA-256", hash_of_certificate(client))
        assert wire.sqlstates(reply) == ["28000"]
        assert b"channel binding negotiation" in reply


def test_a_context_that_wants_certificates_of_clients_binds_too(authority: trustme.CA) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(LOOPBACK).configure_cert(context)
    expected = tls.channel_binding(context)
    assert expected is not None and len(expected[1]) == 32
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    assert tls.channel_binding(context) == expected


def test_a_context_that_cannot_tell_its_certificate_does_without(authority: trustme.CA) -> None:
    assert tls.channel_binding(ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)) is None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(LOOPBACK).configure_cert(context)
    context.sni_callback = lambda *_: None
    assert tls.channel_binding(context) is None


def test_trust_on_loopback_has_to_be_said() -> None:
    with (
        Server(host="localhost", trust=True) as server,
        psycopg.connect(server.dsn) as connection,
    ):
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_both_kinds_of_socket(tmp_path: Path) -> None:
    with (
        Server(host=LOOPBACK, password=PASSWORD, unix_socket_dir=tmp_path) as server,
        psycopg.connect(server.dsn) as connection,  # by the Unix socket, without it
    ):
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize(
    "options",
    [
        {"host": LOOPBACK},
        {"host": LOOPBACK, "password": "x", "trust": True},
        {"host": "0.0.0.0", "trust": True},
        {"host": "example.com", "trust": True},
        {"password": "x"},
        {"trust": True},
        {"host": LOOPBACK, "password": ""},
    ],
    ids=str,
)
def test_contradictions(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Server(**options)  # type: ignore[arg-type]

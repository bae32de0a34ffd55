"""A server in a process of its own, three ways to it, and a record of who has come which way.

A process of its own: what a client does while it holds the interpreter's lock would keep a server
in the same process from answering.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme

from tests.clients.compatibility import RECORD, Client, Ran, encode
from tests.clients.place import PASSWORD, Place
from tests.serving import Serving

LOOPBACK = "127.0.0.1"


@pytest.fixture(scope="session")
def unix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp("socket")
    with Serving("--isolated", "--socket-dir", directory):
        yield Place("Unix socket", str(directory), 5432)


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(directory / "authority.pem"))
    certificate = authority.issue_cert(LOOPBACK)
    certificate.private_key_and_cert_chain_pem.write_to_path(str(directory / "server.pem"))
    (directory / "password").write_text(PASSWORD, encoding="utf-8")
    arguments = ["--host", LOOPBACK, "--password-file", f"{directory}/password"]
    with Serving("--isolated", *arguments, "--tls-cert", directory / "server.pem") as serving:
        port = urlsplit(serving.url).port
        assert port is not None
        yield Place("TLS", LOOPBACK, port, directory / "authority.pem")


@pytest.fixture(scope="session")
def tcp(tls: Place) -> Place:
    """The same server: it does not insist on TLS."""
    return Place("TCP", tls.host, tls.port)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Place]:
    """A server of one cluster, for all connections."""
    with Serving("--socket-dir", tmp_path):
        yield Place("Unix socket", str(tmp_path), 5432)


@pytest.fixture(params=["unix", "tcp", "tls"])
def place(request: pytest.FixtureRequest) -> Place:
    """Where to connect; every connection finds an empty database of its own."""
    place: Place = request.getfixturevalue(request.param)
    return place


@pytest.fixture
def client(request: pytest.FixtureRequest) -> Client:
    """The client that the tests of a class or a module are about."""
    client: Client = getattr(request.cls, "CLIENT", None) or request.module.CLIENT
    return client


@pytest.fixture
def note(
    client: Client, place: Place, record_property: Callable[[str, object], None]
) -> Callable[[str], None]:
    """Notes that the client does something, which counts if the test passes."""

    def write(behaviour: str) -> None:
        ran = Ran(client.name, client.version, place.transport, behaviour)
        record_property(RECORD, encode(ran))

    return write


@pytest.fixture(autouse=True)
def record(request: pytest.FixtureRequest) -> None:
    """Note what the test is called; skip it where its client is not installed."""
    if "place" in request.fixturenames:
        behaviour = request.function.__name__.removeprefix("test_").replace("_", " ")
        request.getfixturevalue("note")(behaviour)
        client: Client = request.getfixturevalue("client")
        if not client.version:
            pytest.skip(f"{client.name} is not installed: tests/requirements.txt")
        if request.node.get_closest_marker("heavy") and not request.config.getoption("heavy"):
            pytest.skip(f"{client.name} is installed with --heavy only")


@pytest.fixture
def script() -> Callable[..., str]:
    """Runs a program in Python in a process of its own; returns what it prints."""

    def run(program: str, *arguments: str, modules: Path | None = None) -> str:
        command = [sys.executable, "-W", "ignore", "-c", program, *arguments]
        path = {} if modules is None else {"PYTHONPATH": str(modules)}
        ran = subprocess.run(command, env={**os.environ, **path}, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    return run


@pytest.fixture
def url(request: pytest.FixtureRequest, place: Place) -> str:
    """The address of a database that all connections of a test find."""
    name = re.sub(r"\W+", "_", f"{request.cls.__name__}_{request.node.name}".lower())
    return place.url(f"scratch_{name}")

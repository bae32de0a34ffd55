"""The plugin's options: of the command line, and of pytest.ini."""

from __future__ import annotations

import pytest

LOOPBACK = "127.0.0.1"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("pglite", "databases by pglite-native")
    group.addoption(
        "--pglite-keep",
        action="store_true",
        help="when a test fails, save its databases, and say how to open them",
    )
    parser.addini("pglite_extensions", "extensions that pglite_template has", "args", [])
    parser.addini("pglite_schema", "files of SQL that pglite_template has run", "paths", [])
    parser.addini("pglite_host", "a TCP address for the server, in place of a Unix socket")
    parser.addini("pglite_port", "its port (default: any that is free)")
    parser.addini("pglite_shared", "without effect: every database is shared", "bool", False)
    parser.addini("pglite_django", "give pytest-django's tests databases of ours", "bool", False)


def address(config: pytest.Config) -> tuple[str | None, int | None]:
    """Where the server of this process shall listen, by TCP; None for a Unix socket.

    The processes of pytest-xdist count up from the port that is set, as each has a server.
    """
    host, port = config.getini("pglite_host"), config.getini("pglite_port")
    if not host and not port:
        return None, None
    if not port:
        return host, None
    if not port.isdecimal():
        raise pytest.UsageError(f"pglite_port must be a number, and not {port!r}")
    worker = getattr(config, "workerinput", {}).get("workerid", "gw0")
    return host or LOOPBACK, int(port) + int(worker.removeprefix("gw"))

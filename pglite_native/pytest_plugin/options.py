"""The plugin's options: of the command line, and of pytest.ini."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("pglite", "databases by pglite-native")
    group.addoption(
        "--pglite-keep",
        action="store_true",
        help="when a test fails, save its databases, and say how to open them",
    )
    parser.addini("pglite_extensions", "extensions that pglite_template has", "args", [])
    parser.addini("pglite_schema", "files of SQL that pglite_template has run", "paths", [])
    parser.addini("pglite_shared", "without effect: every database is shared", "bool", False)
    parser.addini("pglite_django", "give pytest-django's tests databases of ours", "bool", False)

"""pytest-postgresql's options, of the command line and of pytest.ini."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

PLUGIN = "pglite_native.testing.pytest_postgresql"

# Its name, pytest.ini's type, what it is without being set, and what it says.
_OPTIONS: list[tuple[str, Any, Any, str]] = [
    ("host", None, "127.0.0.1", "address to listen at"),
    ("port", None, None, "port to listen at (default: one that is free)"),
    ("user", None, "postgres", "the role"),
    ("password", None, None, "its password (default: none is asked for)"),
    ("options", None, "", "options of connections"),
    ("dbname", None, "tests", "name of each test's database"),
    ("maintenance_dbname", None, "postgres", "where a noproc fixture makes databases from"),
    ("load", "linelist", [], "file of SQL, or function by its dotted name; may be repeated"),
    ("postgres_options", None, "", "parameters of the server: -c name=value"),
    ("drop_test_database", "bool", False, "first drop what an earlier run may have left"),
    ("load_autocommit", "bool", False, "load files outside of a transaction"),
    # There is no program to find or to start.
    ("exec", None, None, "without effect"),
    ("startparams", None, "-w", "without effect"),
    ("unixsocketdir", None, None, "without effect"),
    ("port_search_count", None, 5, "without effect"),
]


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    if pluginmanager.has_plugin("pytest_postgresql"):  # its entry point's name
        raise pytest.UsageError(
            "pytest-postgresql itself is installed, and has the same options and fixtures:"
            " `pip uninstall pytest-postgresql`, or `-p no:pytest_postgresql` among pytest's"
            " options; pglite_native.testing.pytest_postgresql is in its place"
        )
    group = parser.getgroup("postgresql", "databases by pglite-native, as by pytest-postgresql")
    for name, kind, default, text in _OPTIONS:
        key = f"postgresql_{name}"
        actions = {"bool": "store_true", "linelist": "append"}
        option: dict[str, Any] = {"action": actions.get(kind, "store"), "default": None}
        group.addoption("--" + key.replace("_", "-"), dest=key, help=text, **option)
        parser.addini(key, text, kind, default)


class Config:
    """What the options say: of the command line, or else of pytest.ini."""

    host: str
    port: str | None
    user: str
    password: str | None
    options: str
    dbname: str
    maintenance_dbname: str
    postgres_options: str
    drop_test_database: bool
    load_autocommit: bool
    port_search_count: int
    load: list[Path | str]

    def __init__(self, config: pytest.Config) -> None:
        if not hasattr(config.option, "postgresql_host"):  # as pytest_addoption makes it
            raise pytest.UsageError(
                f"the fixtures of pytest-postgresql want its options, too: pytest_plugins ="
                f' ["{PLUGIN}"] in the conftest.py of the root folder, or `-p {PLUGIN}`'
            )
        for name, *_ in _OPTIONS:
            key = f"postgresql_{name}"
            value = config.getoption(key)
            setattr(self, name, config.getini(key) if value is None else value)
        self.port_search_count = int(self.port_search_count)
        self.load = [
            config.rootpath / item if str(item).endswith(".sql") else item for item in self.load
        ]

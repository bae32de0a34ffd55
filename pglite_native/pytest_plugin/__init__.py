"""The pytest plugin: a fresh PostgreSQL for every test. docs/PYTEST.md is its page.

pytest loads this package in every run where pglite-native is installed. So until a fixture is
asked for it imports nothing but itself: neither engine nor server nor any driver.
"""

from __future__ import annotations

import pytest

from pglite_native.pytest_plugin import kept_databases, options, template_fixtures, tracebacks
from pglite_native.pytest_plugin.fixtures import (
    pglite,
    pglite_async_connection,
    pglite_async_engine,
    pglite_async_session,
    pglite_connection,
    pglite_database,
    pglite_dsn,
    pglite_engine,
    pglite_environment,
    pglite_server,
    pglite_session,
    pglite_template,
    pglite_url,
)

__all__ = [
    "pglite",
    "pglite_async_connection",
    "pglite_async_engine",
    "pglite_async_session",
    "pglite_connection",
    "pglite_database",
    "pglite_dsn",
    "pglite_engine",
    "pglite_environment",
    "pglite_server",
    "pglite_session",
    "pglite_template",
    "pglite_url",
    "pytest_addoption",
    "pytest_configure",
    "pytest_fixture_setup",
    "pytest_runtest_makereport",
]

pytest_addoption = options.pytest_addoption
pytest_fixture_setup = template_fixtures.pytest_fixture_setup
pytest_runtest_makereport = kept_databases.pytest_runtest_makereport


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(tracebacks)
    if config.getini("pglite_shared"):
        notice = (
            "pglite_shared has no effect, as every database takes several connections: remove it"
        )
        config.issue_config_time_warning(pytest.PytestDeprecationWarning(notice), stacklevel=2)
    # Which of them runs coroutines decides how an asynchronous fixture is written.
    if config.pluginmanager.hasplugin("asyncio"):
        from pglite_native.pytest_plugin import with_asyncio

        config.pluginmanager.register(with_asyncio)
    elif config.pluginmanager.hasplugin("anyio"):
        from pglite_native.pytest_plugin import with_anyio

        config.pluginmanager.register(with_anyio)
    if config.getini("pglite_django"):
        if not config.pluginmanager.hasplugin("django"):
            raise pytest.UsageError("pglite_django needs pytest-django: pip install pytest-django")
        from pglite_native.pytest_plugin import with_django

        config.pluginmanager.register(with_django)  # after pytest-django: its fixture wins

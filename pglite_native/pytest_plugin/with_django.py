"""pytest-django's `django_db_setup`, replaced where `pglite_django` is set: docs/DJANGO.md.

Migrations run once. What they, and fixtures of a wider scope than a test, have written is the
*base*; each test case gets a fork of it. Test cases are what Django calls so: pytest-django makes
one of each test function, and a class of unittest's is one, whose tests share it by savepoints.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pglite_native.pytest_plugin.databases import Databases


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_blocker: Any,
    django_db_use_migrations: bool,
    django_db_modify_db_settings: None,
    pglite_server: Databases,
) -> Iterator[None]:
    """Databases of pglite-native in place of those in the settings, migrated."""
    from django.db import connections

    from pglite_native.pytest_plugin.django_databases import Alias, patched_test_cases

    verbosity = request.config.get_verbosity()
    aliases = [
        Alias(name, request, pglite_server)
        for name in connections
        if connections[name].vendor == "postgresql"
    ]
    ours = {alias.name for alias in aliases}
    others = {name: connections[name].settings_dict["NAME"] for name in set(connections) - ours}
    with django_db_blocker.unblock():
        for alias in aliases:
            alias.begin(use_migrations=django_db_use_migrations, verbosity=verbosity)
        for name in others:
            connections[name].creation.create_test_db(verbosity, autoclobber=True, serialize=False)
    with patched_test_cases(aliases, must_flush=bool(others)):
        yield
    with django_db_blocker.unblock():
        for name, original in others.items():
            connections[name].creation.destroy_test_db(original, verbosity)
        for alias in aliases:
            alias.end()

"""Django's databases, pointed at ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from django.db import connections
from django.test import SimpleTestCase, TransactionTestCase

from pglite_native import Snapshot
from pglite_native.django.pointing import place
from pglite_native.pytest_plugin.databases import Database, Databases
from pglite_native.pytest_plugin.kept_databases import keepable
from pglite_native.pytest_plugin.template import Template
from pglite_native.pytest_plugin.template_fixtures import turn


class Alias:
    """One of Django's databases.

    Its settings lead to the base, or while a test case runs to a fork of that.
    """

    def __init__(self, name: str, request: pytest.FixtureRequest, databases: Databases) -> None:
        self.name = name
        self._request = request
        self._databases = databases
        self._settings: dict[str, Any] = connections[name].settings_dict
        self._original = dict(self._settings)
        self._case = ExitStack()

    def begin(self, *, use_migrations: bool, verbosity: int) -> None:
        """Make the base, or map what another process has made."""
        with turn(self._request, f"django-{self.name}") as file:
            if file is not None and file.exists():
                template = Snapshot.load(file)
            else:
                template = self._migrated(use_migrations, verbosity)
                if file is not None:
                    template.save(file)
        self._base = self._databases.create(template)
        self._point_at(self._base)

    def enter(self) -> None:
        """Give a test case a fork of its own; the one before loses its."""
        self.leave()
        connections[self.name].close()
        fork = self._databases.create(self._base.snapshot())
        self._case.callback(self._drop, fork)
        name = f"django-{self.name}"
        self._case.enter_context(keepable(self._request.config, name, fork.snapshot))
        self._point_at(fork)

    def leave(self) -> None:
        """Return to the base."""
        self._case.close()

    def end(self) -> None:
        """Let the settings be what they were."""
        self.leave()
        connections[self.name].close()
        self._settings.update(self._original)

    def _drop(self, fork: Database) -> None:
        connections[self.name].close()
        fork.drop()
        self._point_at(self._base)

    def _point_at(self, database: Database) -> None:
        parameters = {**database.parameters}
        name = parameters.pop("dbname")
        self._settings.update(place(self._original, **parameters), NAME=name)

    def _migrated(self, use_migrations: bool, verbosity: int) -> Snapshot:
        """Have Django set up a test database, all but for the CREATE DATABASE."""
        connection = connections[self.name]
        database = self._databases.create()
        self._point_at(database)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(connection.creation, "_create_test_db", lambda *_, **__: None)
            patch.setitem(self._settings["TEST"], "NAME", database.name)
            if not use_migrations:
                patch.setitem(self._settings["TEST"], "MIGRATE", False)
            connection.creation.create_test_db(verbosity, autoclobber=True, serialize=False)
        connection.close()
        template = Template.made_of(database, self.name)
        template.close()
        database.drop()
        return template.snapshot


@contextmanager
def patched_test_cases(aliases: Sequence[Alias], *, must_flush: bool) -> Iterator[None]:
    """Have each of Django's test cases enter a fork as its class is set up.

    Where a TransactionTestCase would flush, which takes long and takes along what migrations have
    written, it enters another one.
    """
    # Not TransactionTestCase's, which pytest has looked up before the tests began.
    set_up_class = SimpleTestCase.setUpClass.__func__
    flush = TransactionTestCase._fixture_teardown

    def enter() -> None:
        for alias in aliases:
            alias.enter()

    def leave() -> None:
        for alias in aliases:
            alias.leave()

    def set_up_class_in_fork(cls: Any) -> None:
        if issubclass(cls, TransactionTestCase):
            enter()
            cls.addClassCleanup(leave)
        set_up_class(cls)

    def renew(self: Any) -> None:
        if must_flush:  # there are databases that are not ours
            flush(self)
        enter()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SimpleTestCase, "setUpClass", classmethod(set_up_class_in_fork))
        patch.setattr(TransactionTestCase, "_fixture_teardown", renew)
        yield

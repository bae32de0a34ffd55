"""The test runner: Django's own, on a server of this process.

The rest is Django's: it creates the test databases by SQL, clones them for `--parallel`, and lets
aliases with TEST["MIRROR"] share one.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from django.db import connections
from django.test.runner import DiscoverRunner

from pglite_native.django.pointing import place
from pglite_native.engine.engine import Engine
from pglite_native.server import Server


class OnPGlite:
    """What makes a test runner of one's own run on a database in this process.

    >>> class Runner(OnPGlite, MyRunner): ...
    """

    def setup_databases(self, **kwargs: Any) -> Any:
        """Set the databases up, on a server of this process."""
        self._stack = ExitStack()
        server = self._stack.enter_context(Server(self._stack.enter_context(Engine())))
        host, port = server.address
        for alias in connections:
            settings = connections[alias].settings_dict
            if connections[alias].vendor == "postgresql":
                self._stack.callback(settings.update, dict(settings))
                settings.update(place(settings, host, port, server.user))
        return super().setup_databases(**kwargs)  # type: ignore[misc]

    def teardown_databases(self, old_config: Any, **kwargs: Any) -> None:
        """Undo it, and end the server."""
        with self._stack:
            super().teardown_databases(old_config, **kwargs)  # type: ignore[misc]


class Runner(OnPGlite, DiscoverRunner):  # type: ignore[misc]
    """Django's test runner, on a database in this process; `--keepdb` keeps nothing."""

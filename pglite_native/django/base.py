"""The backend: Django's for PostgreSQL, on a cluster in a directory, which a process opens."""

from __future__ import annotations

import os
import time
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS
from django.db.backends.postgresql import base
from django.db.backends.postgresql.client import DatabaseClient

from pglite_native.django import directories

DIRECTORY = "PGLITE_DIRECTORY"  # where a setting is kept whose place a database's name takes
DATABASE = USER = "postgres"

ENDING = (
    *("terminating connection", "shutting down"),
    *("closed the connection", "Connection refused", "No such file or directory"),
)
"""In the server's words, and libpq's: the process that has the directory comes to its end."""


class _Client(DatabaseClient):  # type: ignore[misc]
    """What `manage.py dbshell` runs: psql, where the directory's socket is."""

    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: list[str]
    ) -> tuple[list[str], dict[str, str] | None]:
        if not settings_dict["HOST"]:
            host, port = directories.address(settings_dict[DIRECTORY])
            settings_dict = {**settings_dict, "HOST": host, "PORT": port}
        found: tuple[list[str], dict[str, str] | None] = super().settings_to_cmd_args_env(
            settings_dict, parameters
        )
        return found


class DatabaseWrapper(base.DatabaseWrapper):  # type: ignore[misc]
    """A connection to the cluster in the directory that `NAME` is.

    Where `HOST` is set, as by a test runner, it is Django's own backend.
    """

    client_class = _Client

    def __init__(self, settings_dict: dict[str, Any], alias: str = DEFAULT_DB_ALIAS) -> None:
        # In place, and once: the connections of all threads have this dictionary.
        if DIRECTORY not in settings_dict and not settings_dict["HOST"]:
            if not settings_dict["NAME"]:
                raise ImproperlyConfigured(
                    f"DATABASES[{alias!r}]: with the engine pglite_native.django,"
                    " NAME is a directory"
                )
            settings_dict[DIRECTORY] = os.path.abspath(settings_dict["NAME"])
            settings_dict.update(NAME=DATABASE, USER=settings_dict["USER"] or USER)
        super().__init__(settings_dict, alias)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect; where the process that has the directory is just ending, to the next one."""
        deadline_s = time.monotonic() + directories.PATIENCE_S
        while True:
            try:
                return super().get_new_connection(conn_params)
            except base.Database.OperationalError as error:
                is_ending = any(words in str(error) for words in ENDING)
                if self.settings_dict["HOST"] or not is_ending or time.monotonic() > deadline_s:
                    raise
            time.sleep(directories.RETRY_S)
            host, port = directories.address(self.settings_dict[DIRECTORY])
            conn_params.update(host=host, port=port)

    def get_connection_params(self) -> dict[str, Any]:
        """Keyword arguments of the driver's connect."""
        parameters: dict[str, Any] = super().get_connection_params()
        if not self.settings_dict["HOST"]:
            host, port = directories.address(self.settings_dict[DIRECTORY])
            parameters.update(host=host, port=port)
        return parameters

"""What the process fixtures are: where a server is, and how to get in."""

from __future__ import annotations

from functools import cached_property

import psycopg
from packaging.version import Version

from pglite_native.testing.instance import Instance


class NoopExecutor:
    """A server that is there in any case."""

    def __init__(
        self,
        host: str,
        port: str | int,
        user: str,
        options: str,
        dbname: str,
        password: str | None = None,
        maintenance_dbname: str = "postgres",
    ) -> None:
        self.host = host
        self.port = int(port)
        self.user = user
        self.options = options
        self.dbname = dbname
        self.password = password
        self.maintenance_dbname = maintenance_dbname

    @property
    def template_dbname(self) -> str:
        """The database that each test's is a copy of."""
        return f"{self.dbname}_tmpl"

    @cached_property
    def version(self) -> Version:
        """The server's."""
        with psycopg.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=self.maintenance_dbname,
            options=self.options,
        ) as connection:
            major, minor = divmod(connection.info.server_version, 10000)
        return Version(f"{major}.{minor}")


class PostgreSQLExecutor(NoopExecutor):
    """A server of this process."""

    def __init__(self, instance: Instance, options: str, dbname: str) -> None:
        super().__init__(
            instance.host, instance.port, instance.user, options, dbname, instance.password
        )
        self._instance = instance
        self._is_running = True

    def running(self) -> bool:
        """Whether it listens."""
        return self._is_running

    def stop(self) -> None:
        """Stop; idempotent."""
        self._is_running = False
        self._instance.close()

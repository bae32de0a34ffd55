"""Where the server is, and how to get in: as each client wants it said."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

USER = "postgres"
DATABASE = "postgres"
PASSWORD = "päss:word/@ %"  # whatever an address has to quote


@dataclass(frozen=True)
class Place:
    """One way to one server."""

    transport: str
    host: str  # or the directory of the Unix socket
    port: int
    authority: Path | None = None  # the certificate that vouches for the server, with TLS

    @property
    def is_unix(self) -> bool:
        return self.host.startswith("/")

    @property
    def socket(self) -> str:
        """The path of the Unix socket."""
        assert self.is_unix
        return f"{self.host}/.s.PGSQL.{self.port}"

    @property
    def password(self) -> str | None:
        """What it takes to get in; None where nothing does."""
        return None if self.is_unix else PASSWORD

    @property
    def tls(self) -> ssl.SSLContext | None:
        """What a client in Python needs that does its own TLS."""
        if self.authority is None:
            return None
        return ssl.create_default_context(cafile=str(self.authority))

    def libpq(self, database: str = DATABASE) -> dict[str, Any]:
        """The parameters of libpq, whatever is built on it, and who does as it does."""
        parameters = {
            "host": self.host,
            "port": str(self.port),
            "user": USER,
            "dbname": database,
            "sslmode": "disable",
        }
        if self.password is not None:
            parameters["password"] = self.password
        if self.authority is not None:
            parameters |= {"sslmode": "verify-full", "sslrootcert": str(self.authority)}
        return parameters

    def url(self, database: str = DATABASE) -> str:
        """The same of a server on TCP, as a URL."""
        assert self.password is not None
        password = quote(self.password, safe="")
        return f"postgresql://{USER}:{password}@{self.host}:{self.port}/{database}"

    def environment(self, database: str = DATABASE) -> dict[str, str]:
        """The same, as environment variables."""
        names = {"dbname": "PGDATABASE"}
        return {
            names.get(key, f"PG{key.upper()}"): value for key, value in self.libpq(database).items()
        }

    def asyncpg(self) -> dict[str, Any]:
        """asyncpg's arguments."""
        return {
            "host": self.host,
            "port": self.port,
            "user": USER,
            "password": self.password,
            "database": DATABASE,
            "ssl": self.tls or False,
        }

    def pg8000(self) -> dict[str, Any]:
        """pg8000's arguments."""
        if self.is_unix:
            return {"user": USER, "database": DATABASE, "unix_sock": self.socket}
        return {
            "user": USER,
            "database": DATABASE,
            "host": self.host,
            "port": self.port,
            "password": self.password,
            "ssl_context": self.tls,
        }

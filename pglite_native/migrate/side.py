"""One of the two servers between which a database moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pglite_native.engine import location
from pglite_native.engine.engine import Engine
from pglite_native.migrate.errors import MoveError

Connection = psycopg.Connection[tuple[Any, ...]]

# So that a value's text means the same on both sides, and no limit ends a long COPY. With
# row_security off a policy that would hide rows is an error instead.
SETTINGS = {
    "search_path": "",
    "client_encoding": "UTF8",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "xmloption": "content",
    "lc_monetary": "C",
    "row_security": "off",
    "synchronize_seqscans": "off",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
SETTINGS_SINCE = {14: ("idle_session_timeout", "0"), 17: ("transaction_timeout", "0")}


_SCHEMES = ("postgresql://", "postgres://")


@dataclass(frozen=True)
class Side:
    """Where a server is: `conninfo` is a URL or libpq's keywords.

    `engine` is what it serves, if that is in this process.
    """

    conninfo: str
    engine: Engine | None = None

    def connect(self) -> Connection:
        """Connect.

        Raises:
            MoveError: the address is wrong, or the server does not let us in.
        """
        if "=" not in self.conninfo and not self.conninfo.startswith(_SCHEMES):
            raise MoveError(
                f"cannot connect to {location.without_password(self.conninfo)!r}: it is not the"
                " address of a server: postgresql://user@host/database, or libpq's keywords"
            )
        try:
            connection = psycopg.connect(
                self.conninfo, autocommit=True, application_name="pglite-native"
            )
            newer = (pair for since, pair in SETTINGS_SINCE.items() if major(connection) >= since)
            for pair in (*SETTINGS.items(), *newer):
                connection.execute("SELECT pg_catalog.set_config(%s, %s, false)", pair)
        except psycopg.Error as error:
            raise MoveError(f"cannot connect to {self}: {str(error).strip()}") from error
        return connection

    def for_program(self) -> tuple[str, dict[str, str]]:
        """Return the address, and the environment, for a program of PostgreSQL's.

        A password goes by the environment: other users can read a command line.
        """
        pairs = conninfo_to_dict(self.conninfo)
        password = pairs.pop("password", None)
        environment = {} if password is None else {"PGPASSWORD": str(password)}
        return make_conninfo("", **pairs), environment

    def __str__(self) -> str:
        """The address without its password."""
        try:
            pairs = conninfo_to_dict(self.conninfo)
        except psycopg.ProgrammingError:
            return "the server"
        if self.engine is not None:
            return "the local database"
        return f"{pairs.get('dbname', 'the database')} at {pairs.get('host', 'the local socket')}"


def major(connection: Connection) -> int:
    """Return the server's version: 18, say."""
    return connection.info.server_version // 10000


def rows(connection: Connection, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Run a query of ours."""
    return connection.execute(sql.encode(), parameters or None).fetchall()


def value(connection: Connection, sql: str, *parameters: object) -> Any:
    """Run a query of ours that has one value."""
    ((found,),) = rows(connection, sql, *parameters)
    return found

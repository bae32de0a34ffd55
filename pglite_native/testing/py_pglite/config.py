"""PGliteConfig: where a manager's database listens."""

from __future__ import annotations

import logging
import secrets
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

PORT_MAX = 65535
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

EXTENSIONS = ("btree_gin", "btree_gist", "fuzzystrmatch", "pg_trgm", "pgvector")
"""What py-pglite calls those that it has. Here all are there without being named."""


def _socket_path() -> str:
    name = f"py-pglite-{secrets.token_hex(4)}"
    return str(Path(tempfile.gettempdir(), name, ".s.PGSQL.5432"))


@dataclass
class PGliteConfig:
    """Where a database listens.

    Args:
        socket_path: the Unix socket, which is .s.PGSQL.5432 in this path's directory; the directory
            is made, and removed at the end.
        use_tcp: listen at a TCP address instead.
        tcp_host, tcp_port: which one; a loopback address, as no password is asked for.
        extensions: without effect; a name that py-pglite does not know is refused.
        timeout, cleanup_on_exit, log_level, work_dir, node_modules_check, auto_install_deps,
            node_options: without effect: there is no Node.

    Raises:
        ValueError: a value is none that py-pglite takes.
    """

    timeout: int = 30
    cleanup_on_exit: bool = True
    log_level: str = "INFO"
    socket_path: str = field(default_factory=_socket_path)
    work_dir: Path | None = None
    node_modules_check: bool = True
    auto_install_deps: bool = True
    extensions: list[str] | None = None
    node_options: str | None = None
    use_tcp: bool = False
    tcp_host: str = "127.0.0.1"
    tcp_port: int = 5432

    def __post_init__(self) -> None:
        if self.timeout <= 0:
            raise ValueError("timeout must be positive")
        if self.log_level not in LEVELS:
            raise ValueError(f"Invalid log_level: {self.log_level}")
        for name in self.extensions or []:
            if name not in EXTENSIONS:
                raise ValueError(f"Unsupported extension: '{name}'. There are {EXTENSIONS}")
        if self.work_dir is not None:
            self.work_dir = Path(self.work_dir).resolve()
        if self.use_tcp and not 1 <= self.tcp_port <= PORT_MAX:
            raise ValueError(f"Invalid TCP port: {self.tcp_port}")
        if self.use_tcp and not self.tcp_host:
            raise ValueError("TCP host cannot be empty")

    @property
    def log_level_int(self) -> int:
        """The level as `logging` counts it."""
        level: int = getattr(logging, self.log_level)
        return level

    def get_connection_string(self, driver: str = "psycopg") -> str:
        """The URL as SQLAlchemy takes it."""
        return self.get_psycopg_uri().replace("postgresql:", f"postgresql+{driver}:", 1)

    def get_psycopg_uri(self) -> str:
        """The URL as libpq takes it."""
        return self.get_asyncpg_uri() + ("?sslmode=disable" if self.use_tcp else "")

    def get_asyncpg_uri(self) -> str:
        """The URL as asyncpg takes it."""
        if self.use_tcp:
            return f"postgresql://postgres:postgres@{self.tcp_host}:{self.tcp_port}/postgres"
        return f"postgresql://postgres:postgres@/postgres?host={Path(self.socket_path).parent}"

    def get_dsn(self) -> str:
        """The same as libpq's keywords and values."""
        rest = "dbname=postgres user=postgres password=postgres"
        if self.use_tcp:
            return f"host={self.tcp_host} port={self.tcp_port} {rest} sslmode=disable"
        return f"host={Path(self.socket_path).parent} {rest}"

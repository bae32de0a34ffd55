"""How to connect to a server: as libpq's keywords and values, and as a URL; no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Address:
    """Where a server listens, and as which user to connect.

    `host` is the Unix socket's directory if `is_unix`. The password is left out where it is None.
    """

    host: str
    port: int
    is_unix: bool
    user: str
    password: str | None

    def dsn(self, database: str) -> str:
        """Keywords and values."""
        pairs = {"host": self.host, "port": str(self.port)}
        pairs |= {"user": self.user, "dbname": database}
        if self.password is not None:
            pairs["password"] = self.password
        return " ".join(f"{key}={_quoted(value)}" for key, value in pairs.items())

    def url(self, database: str) -> str:
        """A URL."""
        user, name = quote(self.user, safe=""), quote(database, safe="")
        if self.is_unix:
            return f"postgresql://{user}@/{name}?host={quote(self.host)}&port={self.port}"
        secret = "" if self.password is None else ":" + quote(self.password, safe="")
        place = f"[{self.host}]" if ":" in self.host else self.host
        return f"postgresql://{user}{secret}@{place}:{self.port}/{name}"


def _quoted(value: str) -> str:
    """A value in libpq's keyword syntax."""
    if value and not set(value) & set(" '\\"):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"

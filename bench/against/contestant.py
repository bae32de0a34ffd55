"""What a contestant can do, as the works want it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Contestant(Protocol):
    """Errors of SQL are raised by all methods; serve.Missing where there is no such way."""

    @property
    def description(self) -> str: ...

    def call(self, sql: str) -> Callable[[], object]:
        """What runs the statement, and takes its answer."""

    def prepared_call(self, sql: str, parameters: list[int]) -> Callable[[], object]:
        """The same of a prepared statement."""

    def copy_in(self, sql: str, data: bytes) -> None: ...

    def copy_out(self, sql: str) -> Callable[[], int]:
        """Copy to the program; return what counts the lines that came."""

    def fetch(self, sql: str) -> int:
        """Fetch rows as Python values; return how many."""

    def fetch_arrow(self, sql: str) -> int:
        """Fetch rows as an Arrow table; return how many."""

    def second(self) -> None:
        """Make one more database, ask it something, and throw it away."""

    def write(self) -> None:
        """What a test does to a database that has the template's schema."""

    def reset(self) -> None:
        """Take that back, as fast as can be, and ask the database something."""

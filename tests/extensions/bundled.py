"""What the tests of bundled extensions share: which one tests what, and a transaction for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pglite_native import Engine
from tests.engine.sql import run

Test = TypeVar("Test", bound=Callable[..., None])

EXTENSIONS: set[str] = set()
LIBRARIES: set[str] = set()


def uses(*extensions: str) -> Callable[[Test], Test]:
    """Mark a test as the meaningful use of some extensions."""
    EXTENSIONS.update(extensions)
    return lambda test: test


def loads(library: str) -> Callable[[Test], Test]:
    """Mark a test as the meaningful use of a library that no CREATE EXTENSION belongs to."""
    LIBRARIES.add(library)
    return lambda test: test


def create(engine: Engine, *extensions: str) -> None:
    """Create extensions in a transaction, which the fixture `engine` rolls back."""
    run(engine, "begin")
    for name in extensions:
        run(engine, f'create extension "{name}" cascade')


def column(engine: Engine, sql: str) -> list[str | None]:
    """The first column of a query."""
    return [row[0] for row in run(engine, sql)]


def plan(engine: Engine, query: str) -> str:
    """What EXPLAIN says."""
    return "\n".join(line or "" for line in column(engine, f"explain {query}"))

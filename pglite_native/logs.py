"""The package's loggers. `logging` is imported when there is something to be logged."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logging import Logger

DEBUG, INFO, WARNING, ERROR, CRITICAL = 10, 20, 30, 40, 50
"""As `logging` has them."""


def logger(name: str = "") -> Logger:
    """Return a logger of the package's.

    Where a program sets up no logging, those with a name print nothing: they are what PostgreSQL
    says. The one without has what the caller's own functions raised, which Python then prints.
    """
    import logging

    package = logging.getLogger("pglite_native")
    if not name:
        return package
    named = package.getChild(name)
    if not named.handlers:
        named.addHandler(logging.NullHandler())
    return named

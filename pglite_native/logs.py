"""The package's loggers. `logging` is imported when there is something to be logged."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logging import Logger

DEBUG, INFO, WARNING, ERROR, CRITICAL = 10, 20, 30, 40, 50
"""As `logging` has them."""


def logger(name: str = "") -> Logger:
    """Return a logger of the package's, which prints nothing where a program sets up no logging."""
    import logging

    package = logging.getLogger("pglite_native")
    if not package.handlers:
        package.addHandler(logging.NullHandler())
    return package.getChild(name) if name else package

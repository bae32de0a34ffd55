"""What is going on, for whoever waits: one line on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator

CLEAR_LINE = "\r\x1b[K"


def rounds(title: str, count: int) -> Iterator[int]:
    """Count rounds, and show which one it is."""
    for number in range(count):
        _show(f"{title}: round {number + 1} of {count}")
        yield number
    _show("")


def _show(text: str) -> None:
    if sys.stderr.isatty():
        print(CLEAR_LINE + text, end="", file=sys.stderr, flush=True)

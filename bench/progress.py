"""The progress of a run: one line on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator

CLEAR_LINE = "\r\x1b[K"


def rounds(title: str, count: int) -> Iterator[int]:
    """Count rounds, and show which one it is."""
    for number in range(count):
        show(f"{title}: round {number + 1} of {count}")
        yield number
    show("")


def show(text: str) -> None:
    """Put it in place of what the line said before."""
    if sys.stderr.isatty():
        print(CLEAR_LINE + text, end="", file=sys.stderr, flush=True)

"""How far a file has been written or read: a line on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import BinaryIO

INTERVAL_S = 0.1
CLEAR_LINE = "\r\x1b[K"


def amount(size: int) -> str:
    """Bytes in a unit in which there are some."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


class Meter:
    """Counts the bytes that go through it, to or from a binary file."""

    def __init__(self, title: str, file: BinaryIO, total: int | None = None) -> None:
        self._title = title
        self._file = file
        self._of = "" if total is None else f" of {total / 1e6:.1f}"
        self._count = 0
        self._shown_s = 0.0
        self._is_shown = sys.stderr.isatty()

    def __enter__(self) -> Meter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._show(CLEAR_LINE)

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self._advance(len(data))
        return data

    def write(self, data: bytes) -> int:
        self._file.write(data)
        self._advance(len(data))
        return len(data)

    def _advance(self, count: int) -> None:
        self._count += count
        now_s = time.monotonic()
        if now_s - self._shown_s >= INTERVAL_S:
            self._shown_s = now_s
            self._show(f"{CLEAR_LINE}{self._title}: {self._count / 1e6:.1f}{self._of} MB")

    def _show(self, text: str) -> None:
        if self._is_shown:
            print(text, end="", file=sys.stderr, flush=True)

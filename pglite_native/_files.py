"""Binary files, as far as the package asks anything of them."""

from __future__ import annotations

from typing import Protocol


class Readable(Protocol):
    def read(self, size: int, /) -> bytes | None:
        """Return at most so many bytes, none at the end."""


class Writable(Protocol):
    def write(self, data: bytes, /) -> object:
        """Write all of it."""

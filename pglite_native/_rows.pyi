"""The types of _rows, the extension module that csrc/python/rows.c makes."""

from collections.abc import Callable
from typing import Any

TEXT: int
INTEGER: int
FLOAT: int
BOOLEAN: int
BYTES: int
BINARY_INTEGER: int
BINARY_OID: int
BINARY_FLOAT: int
BINARY_BOOLEAN: int
BINARY_BYTES: int

Converter = int | tuple[Callable[[str], Any], Callable[[str], Any] | None]

def rows(
    runs: list[bytes], converters: tuple[Converter, ...], names: tuple[str, ...] | None, /
) -> list[Any]: ...
def run_end(data: bytes, start: int, /) -> int: ...
def payloads(messages: bytes, /) -> bytes: ...

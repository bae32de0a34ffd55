"""The types of _messages, the extension module that csrc/python/messages.c makes."""

from collections.abc import Callable, Sequence
from typing import Any

def bind(
    name: bytes,
    types: tuple[int, ...],
    params: Sequence[Any],
    formats: bytes,
    serialize: Callable[[int, Any], str | None],
    /,
) -> bytes: ...
def answer(reply: bytes, /) -> tuple[str, str, int | None, bytes | None, bytes] | None: ...

"""What can go wrong when linking: one family of exceptions, so a caller needs one `except`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class LinkError(Exception):
    """The modules cannot be linked; the message says which module and why."""


class MalformedModuleError(LinkError):
    """The bytes are not a WebAssembly module that this codec reads."""


class UnresolvedSymbolsError(LinkError):
    """Symbols that nothing defines: all of them, as (module, symbol) pairs."""

    def __init__(self, symbols: Sequence[tuple[str, str]]) -> None:
        self.symbols = tuple(symbols)
        lines = "".join(f"\n  {module}: {symbol}" for module, symbol in self.symbols)
        super().__init__(f"{len(self.symbols)} unresolved symbols:{lines}")


@contextmanager
def blaming(name: str) -> Iterator[None]:
    """Put a module's name before the message of an error."""
    try:
        yield
    except LinkError as error:
        raise type(error)(f"{name}: {error}") from error

"""Progress: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tqdm import tqdm

from pglite_native.migrate.catalog import Table


class Display:
    """A bar over all tables, by their bytes on disk: what their text has is not known before."""

    def __init__(self, tables: Sequence[Table]) -> None:
        # disable=None: not shown where the standard error is no terminal
        self._bar = tqdm(
            total=sum(table.size for table in tables),
            unit="B",
            unit_scale=True,
            file=sys.stderr,
            disable=None,
            leave=False,
        )
        self._left = 0

    def say(self, text: str) -> None:
        """What is done now."""
        self._bar.set_description(text)

    def advance(self, size: int) -> None:
        """Bytes of the current table have been moved: not more than there seemed to be."""
        size = min(size, self._left)
        self._left -= size
        self._bar.update(size)

    @contextmanager
    def table(self, table: Table, number: int, count: int) -> Iterator[None]:
        """A table is the current one."""
        self.say(f"{table} ({number} of {count})")
        self._left = table.size
        yield
        self.advance(self._left)

    def close(self) -> None:
        """Clear the line."""
        self._bar.close()

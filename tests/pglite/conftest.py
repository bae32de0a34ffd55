"""A database for each test, mapped in a millisecond."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pglite_native import PGlite


@pytest.fixture
def db() -> Iterator[PGlite]:
    with PGlite() as database:
        yield database

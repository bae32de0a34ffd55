"""A server that the tests of a module share, since its connections share nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pglite_native.server import Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as server:
        yield server

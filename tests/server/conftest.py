"""A server that the tests of a module share, since its connections share nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pglite_native.server import Server, timeouts


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(shared=False) as server:
        yield server


@pytest.fixture(autouse=True)
def _without_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong passwords are answered at once, as many tests give one."""
    monkeypatch.setattr(timeouts, "FAILED_LOGIN_DELAY_S", 0.0)

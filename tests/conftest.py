"""Options of the test run, and the engines that tests share."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--native-only",
        action="store_true",
        help="tests/oracle: compare native PostgreSQL with itself; needs no engine",
    )

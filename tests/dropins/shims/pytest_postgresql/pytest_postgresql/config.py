"""The options."""

from typing import Any

import pytest

from pglite_native.testing.pytest_postgresql.options import Config

detect_paths = None


def get_config(request: pytest.FixtureRequest) -> dict[str, Any]:
    return vars(Config(request.config))

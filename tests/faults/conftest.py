"""The fixtures of tests/engine."""

from tests.engine.conftest import ram_path

__all__ = ["ram_path"]

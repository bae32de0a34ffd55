"""The folder in memory that the engine's tests use."""

from tests.engine.conftest import ram_path

__all__ = ["ram_path"]

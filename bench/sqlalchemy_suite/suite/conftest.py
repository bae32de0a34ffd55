"""Starts SQLAlchemy's pytest plugin; the dialects are for the runs in process."""

import pytest
from sqlalchemy.dialects import registry

registry.register("postgresql.inprocess", "bench.sqlalchemy_suite.dialect", "InProcessDialect")
registry.register(
    "postgresql.inprocess_async", "bench.sqlalchemy_suite.dialect", "InProcessAsyncDialect"
)
pytest.register_assert_rewrite("sqlalchemy.testing.assertions")

from sqlalchemy.testing.plugin.pytestplugin import *  # noqa: E402, F403

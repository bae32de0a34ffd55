"""Starts SQLAlchemy's pytest plugin; the dialect is for the run in process."""

import pytest
from sqlalchemy.dialects import registry

registry.register("postgresql.inprocess", "bench.sqlalchemy_suite.dialect", "InProcessDialect")
pytest.register_assert_rewrite("sqlalchemy.testing.assertions")

from sqlalchemy.testing.plugin.pytestplugin import *  # noqa: E402, F403

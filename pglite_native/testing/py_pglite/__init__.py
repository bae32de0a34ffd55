"""py-pglite's managers, and its fixtures, without Node.

    # conftest.py
    pytest_plugins = ["pglite_native.testing.py_pglite"]

    from pglite_native.testing.py_pglite import PGliteConfig, SQLAlchemyPGliteManager

Names and arguments are those of py-pglite 0.4 and 0.5. `pglite_engine` is one for the session, as
there, and `pglite_session` empties all tables and makes those of SQLModel; the fixtures of
docs/PYTEST.md with these names have a database for each test, which is faster.
"""

from __future__ import annotations

from pglite_native.testing.py_pglite.config import PGliteConfig
from pglite_native.testing.py_pglite.fixtures import (
    pglite_config,
    pglite_engine,
    pglite_manager,
    pglite_manager_custom,
    pglite_manager_isolated,
    pglite_session,
    pglite_sqlalchemy_engine,
    pglite_sqlalchemy_manager,
    pglite_sqlalchemy_session,
)
from pglite_native.testing.py_pglite.managers import (
    PGliteManager,
    SQLAlchemyAsyncPGliteManager,
    SQLAlchemyPGliteManager,
)

__all__ = [
    "PGliteConfig",
    "PGliteManager",
    "SQLAlchemyAsyncPGliteManager",
    "SQLAlchemyPGliteManager",
    "pglite_config",
    "pglite_engine",
    "pglite_manager",
    "pglite_manager_custom",
    "pglite_manager_isolated",
    "pglite_session",
    "pglite_sqlalchemy_engine",
    "pglite_sqlalchemy_manager",
    "pglite_sqlalchemy_session",
]

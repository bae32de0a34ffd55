"""What the tests take from their conftest.py, which the distribution lacks."""

from pathlib import Path

from pytest_postgresql import factories

from pglite_native.testing.pytest_postgresql import *  # noqa: F403

POSTGRESQL_VERSION = "18"
FOLDER = Path(__file__).parent / "test_sql"

postgresql_proc2 = factories.postgresql_proc(
    port=None, load=[FOLDER / "test.sql", FOLDER / "test2.sql"]
)
postgresql2 = factories.postgresql("postgresql_proc2", dbname="test-db")
postgresql_load_1 = factories.postgresql("postgresql_proc2")

"""The template of every test's database: what the migrations make."""

from __future__ import annotations

from pathlib import Path

import alembic.command
import alembic.config
import pytest


@pytest.fixture(scope="session")
def alembic_config():
    return alembic.config.Config(Path(__file__).parents[1] / "alembic.ini")


@pytest.fixture(scope="session")
def pglite_template(pglite_server, alembic_config):
    database = pglite_server.create()
    url = database.url.replace("postgresql:", "postgresql+psycopg:")
    alembic_config.set_main_option("sqlalchemy.url", url)
    alembic.command.upgrade(alembic_config, "head")
    return database

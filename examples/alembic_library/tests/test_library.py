"""Each test has a migrated database of its own, and may commit."""

from __future__ import annotations

import datetime

import alembic.command
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from library import Author, Base, Book, lend
from sqlalchemy import inspect, select
from sqlalchemy.exc import IntegrityError

MAY = datetime.date(2026, 5, 1)


@pytest.fixture
def emma(pglite_session):
    author = Author(name="Austen", books=[Book(title="Emma")])
    pglite_session.add(author)
    pglite_session.commit()
    return author.books[0]


def test_the_first_book_is_number_one(emma):
    assert emma.id == 1


def test_a_book_is_lent_to_one_reader_at_a_time(pglite_session, emma):
    lend(pglite_session, "Emma", MAY, days=14)
    with pytest.raises(IntegrityError, match="one_loan_at_a_time"):
        lend(pglite_session, "Emma", MAY + datetime.timedelta(13), days=14)
    pglite_session.rollback()
    lend(pglite_session, "Emma", MAY + datetime.timedelta(14), days=14)


def test_other_tests_have_left_nothing(pglite_session):
    assert pglite_session.scalars(select(Author)).all() == []


def test_the_migrations_make_what_the_models_say(pglite_engine):
    with pglite_engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_the_last_migration_can_be_undone(pglite_engine, pglite_url, alembic_config):
    url = pglite_url.replace("postgresql:", "postgresql+psycopg:")
    alembic_config.set_main_option("sqlalchemy.url", url)
    alembic.command.downgrade(alembic_config, "-1")
    left = set(inspect(pglite_engine).get_table_names())
    assert left == {"alembic_version", "author", "book"}

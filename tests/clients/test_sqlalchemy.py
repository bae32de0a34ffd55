"""SQLAlchemy on each of its drivers for ordinary connections."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.clients.compatibility import Client
from tests.clients.place import Place
from tests.clients.schema import LARGE, LARGE_BYTES, VALUES, Author, Base, Book, arguments, values


@pytest.fixture(params=["psycopg", "psycopg2", "pg8000"])
def driver(request: pytest.FixtureRequest) -> str:
    driver: str = request.param
    return driver


@pytest.fixture
def client(driver: str) -> Client:
    return Client(f"SQLAlchemy on {driver}", sa.__version__)


@pytest.fixture
def engine(place: Place, driver: str) -> Iterator[sa.Engine]:
    # One connection, as another one would find another database.
    engine = sa.create_engine(**arguments(place, driver), pool_size=1, max_overflow=0)
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


def test_values_round_trip(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(values.insert(), VALUES)
        assert connection.execute(values.select()).one()._asdict() == VALUES


def test_object_relational_mapping(engine: sa.Engine) -> None:
    with Session(engine) as session:
        session.add(Author(name="Ada", books=[Book(title="One"), Book(title="Two")]))
        session.commit()
    with Session(engine) as session:
        author = session.scalars(sa.select(Author).join(Book).where(Book.title == "Two")).one()
        assert [book.title for book in author.books] == ["One", "Two"]
        author.books[0].title = "Three"
        session.commit()
        assert session.scalars(sa.select(Book.title).order_by(Book.title)).all() == ["Three", "Two"]


def test_reflection(engine: sa.Engine) -> None:
    inspector = sa.inspect(engine)
    assert set(inspector.get_table_names()) == set(Base.metadata.tables)
    (key,) = inspector.get_foreign_keys("book")
    assert (key["constrained_columns"], key["referred_table"]) == (["author_id"], "author")
    (unique,) = inspector.get_unique_constraints("author")
    assert unique["column_names"] == ["name"]
    found = sa.Table("book", sa.MetaData(), autoload_with=engine)
    assert [column.name for column in found.columns] == ["id", "title", "author_id"]


def test_transactions(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        with connection.begin():
            connection.execute(sa.insert(Author), {"name": "kept"})
            with connection.begin_nested() as savepoint:
                connection.execute(sa.insert(Author), {"name": "gone"})
                savepoint.rollback()
        with connection.begin() as transaction:
            connection.execute(sa.insert(Author), {"name": "gone too"})
            transaction.rollback()
        assert connection.scalars(sa.select(Author.name)).all() == ["kept"]


def test_errors(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        connection.execute(sa.insert(Author), {"name": "one"})
        with pytest.raises(sa.exc.IntegrityError, match="author_name_key"):
            connection.execute(sa.insert(Author), {"name": "one"})
        connection.rollback()
        assert connection.scalar(sa.text("SELECT 1")) == 1


def test_executemany(engine: sa.Engine) -> None:
    names = [{"name": str(number)} for number in range(1000)]
    with engine.begin() as connection:
        connection.execute(sa.insert(Author), names)
        ids = connection.scalars(
            sa.insert(Book).returning(Book.id), [{"title": "x", "author_id": 1}] * 9
        )
        assert sorted(ids) == list(range(1, 10))
        assert connection.scalar(sa.select(sa.func.count()).select_from(Author)) == 1000


def test_large_results_by_server_side_cursors(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        rows = connection.execution_options(stream_results=True, yield_per=100).execute(LARGE)
        assert sum(len(text) for (text,) in rows) == LARGE_BYTES


def test_isolation_levels(engine: sa.Engine) -> None:
    level = sa.text("SHOW transaction_isolation")
    with engine.connect().execution_options(isolation_level="SERIALIZABLE") as connection:
        assert connection.scalar(level) == "serializable"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.insert(Author), {"name": "kept"})
        connection.rollback()
    with engine.connect() as connection:
        assert connection.scalar(level) == "read committed"
        assert connection.scalars(sa.select(Author.name)).all() == ["kept"]

"""SQLAlchemy on a database in this process: Core, ORM, reflection, errors, threads, URLs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pgvector
import pytest
import sqlalchemy
from pgvector.sqlalchemy import HALFVEC, Vector
from sqlalchemy import ForeignKey, String, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from pglite_native import AsyncPGlite, PGlite, dbapi
from pglite_native.sqlalchemy import create_engine
from tests.waiting import DEADLINE_S, in_thread, until_blocked


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "author"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    books: Mapped[list[Book]] = relationship(back_populates="author", order_by="Book.id")


class Book(Base):
    __tablename__ = "book"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    tags: Mapped[list[str]] = mapped_column(ARRAY(String))
    details: Mapped[dict[str, object]] = mapped_column(JSONB)
    author_id: Mapped[int] = mapped_column(ForeignKey("author.id"))
    author: Mapped[Author] = relationship(back_populates="books")


@pytest.fixture
def db() -> Iterator[PGlite]:
    with PGlite() as database:
        yield database


@pytest.fixture
def engine(db: PGlite) -> Iterator[sqlalchemy.Engine]:
    made = create_engine(db)
    Base.metadata.create_all(made)
    yield made
    made.dispose()


@pytest.fixture
def author(engine: sqlalchemy.Engine) -> str:
    with Session(engine) as session:
        book = Book(title="Emma", tags=["novel"], details={"pages": 474})
        session.add(Author(name="Austen", books=[book]))
        session.commit()
    return "Austen"


def test_objects_are_kept_and_found(engine: sqlalchemy.Engine, author: str, db: PGlite) -> None:
    with Session(engine) as session:
        found = session.scalars(
            select(Author).join(Book).where(Book.details["pages"].as_integer() > 400)
        ).one()
        assert (found.name, found.books[0].tags) == (author, ["novel"])
        found.books[0].title = "Emma, again"
        session.commit()
    assert db.query("select title from book").rows == [{"title": "Emma, again"}]


def test_an_unfinished_session_leaves_nothing(
    engine: sqlalchemy.Engine, author: str, db: PGlite
) -> None:
    with Session(engine) as session:
        session.add(Author(name="Eliot"))
        session.flush()
        assert session.scalar(select(func.count(Author.id))) == 2
    assert db.query("select name from author").rows == [{"name": author}]


def test_upsert_and_bulk_insert(engine: sqlalchemy.Engine) -> None:
    with engine.begin() as connection:
        statement = insert(Author).values([{"name": f"author {n}"} for n in range(500)])
        connection.execute(statement)
        connection.execute(statement.on_conflict_do_nothing())
        assert connection.scalar(select(func.count()).select_from(Author)) == 500


@pytest.mark.parametrize(
    "sql",
    [
        "insert into author (name) values ('Austen')",
        "insert into author (name) values (null)",
        "delete from author",
    ],
)
def test_a_violated_constraint_is_an_integrity_error(
    engine: sqlalchemy.Engine, author: str, sql: str
) -> None:
    with engine.connect() as connection:
        with pytest.raises(sqlalchemy.exc.IntegrityError) as caught:
            connection.execute(text(sql))
        assert isinstance(caught.value.orig, dbapi.IntegrityError)
        assert str(caught.value.orig.sqlstate).startswith("23")
        assert not caught.value.connection_invalidated


def test_savepoints_can_be_undone_alone(engine: sqlalchemy.Engine, author: str) -> None:
    with Session(engine) as session:
        session.add(Author(name="Eliot"))
        with pytest.raises(sqlalchemy.exc.IntegrityError), session.begin_nested():
            session.add(Author(name=author))
        session.commit()
        assert session.scalars(select(Author.name).order_by(Author.id)).all() == [author, "Eliot"]


def columns_of(table: sqlalchemy.Table, engine: sqlalchemy.Engine) -> list[tuple[str, str]]:
    return [(column.name, column.type.compile(engine.dialect)) for column in table.columns]


def test_reflection_finds_what_was_made(engine: sqlalchemy.Engine) -> None:
    reflected = sqlalchemy.MetaData()
    reflected.reflect(engine)
    for name, made in Base.metadata.tables.items():
        found = reflected.tables[name]
        assert columns_of(found, engine) == columns_of(made, engine)
    inspector = sqlalchemy.inspect(engine)
    assert inspector.get_unique_constraints("author")[0]["column_names"] == ["name"]
    assert inspector.get_foreign_keys("book")[0]["referred_table"] == "author"


def test_rows_can_be_streamed(engine: sqlalchemy.Engine) -> None:
    with engine.connect() as connection:
        numbers = connection.execution_options(yield_per=100).execute(
            text("select generate_series(1, 1000)")
        )
        assert sum(numbers.scalars()) == 500_500


@pytest.mark.parametrize("style", ["format", "pyformat", "numeric_dollar"])
def test_placeholders_can_be_chosen(db: PGlite, style: str) -> None:
    engine = create_engine(db, paramstyle=style)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([Author(name=name) for name in ("100%", "Eliot")])
        session.commit()
        found = select(Author.name).where(Author.name.like("%\\%"), Author.id % 2 == 1)
        assert session.scalars(found).all() == ["100%"]
    engine.dispose()


def test_a_converter_of_json_and_text_for_addresses_can_be_chosen(db: PGlite) -> None:
    engine = create_engine(db, json_deserializer=len, native_inet_types=False)
    with engine.connect() as connection:
        found = connection.execute(text("select '[1, 2]'::jsonb, '10.0.0.1'::inet"))
        assert found.one() == (6, "10.0.0.1")
    engine.dispose()


def test_isolation_levels_can_be_chosen(engine: sqlalchemy.Engine) -> None:
    with engine.connect().execution_options(isolation_level="SERIALIZABLE") as connection:
        assert connection.scalar(text("show transaction_isolation")) == "serializable"
    with engine.connect() as connection:
        assert connection.scalar(text("show transaction_isolation")) == "read committed"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum author"))


@pytest.fixture
def counter(db: PGlite) -> str:
    db.exec("create table counter as select id, 0 as n from generate_series(1, 2) id")
    return "update counter set n = n + 1 where id = :id returning n"


def test_threads_of_a_pool_work_at_the_same_time(db: PGlite, counter: str) -> None:
    """Each locks a row, reads, then writes: were locks not waited for, numbers would be lost."""
    engine = create_engine(db, pool_size=3, max_overflow=0)

    def work() -> None:
        for _ in range(20):
            with engine.begin() as connection:
                read = text("select n from counter where id = 1 for update")
                number = connection.scalar(read)
                write = text("update counter set n = :n where id = 1")
                connection.execute(write, {"n": number + 1})

    assert isinstance(engine.pool, sqlalchemy.QueuePool)
    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db.query("select n from counter where id = 1").rows == [{"n": 100}]
    engine.dispose()


def test_two_transactions_are_open_in_one_thread(engine: sqlalchemy.Engine, author: str) -> None:
    with Session(engine) as first, Session(engine) as second:
        first.add(Author(name="Eliot"))
        first.flush()
        assert second.scalar(select(func.count(Author.id))) == 1
        first.commit()
        assert second.scalar(select(func.count(Author.id))) == 2


def test_a_row_lock_is_waited_for(engine: sqlalchemy.Engine, db: PGlite, counter: str) -> None:
    with engine.connect() as first, engine.connect() as second:
        first.execute(text(counter), {"id": 1})
        with in_thread(lambda: second.scalar(text(counter), {"id": 1})) as waiting:
            until_blocked(db)
            first.commit()
            assert waiting.result(DEADLINE_S) == 2


def test_a_deadlock_is_an_operational_error(
    engine: sqlalchemy.Engine, db: PGlite, counter: str
) -> None:
    with engine.connect() as first, engine.connect() as second:
        first.execute(text("set local deadlock_timeout = '50ms'"))
        second.execute(text("set local deadlock_timeout = '60s'"))
        first.execute(text(counter), {"id": 1})
        second.execute(text(counter), {"id": 2})
        with in_thread(lambda: second.scalar(text(counter), {"id": 1})) as waiting:
            until_blocked(db)
            with pytest.raises(sqlalchemy.exc.OperationalError) as caught:
                first.execute(text(counter), {"id": 2})
            first.rollback()
            assert waiting.result(DEADLINE_S) == 1
    assert isinstance(caught.value.orig, dbapi.OperationalError)
    assert caught.value.orig.sqlstate == "40P01"
    assert not caught.value.connection_invalidated


def test_a_pool_that_asks_first_replaces_a_connection_that_has_ended(db: PGlite) -> None:
    engine = create_engine(db, pool_pre_ping=True, pool_size=1, max_overflow=0)
    who = text("select pg_backend_pid()")
    with engine.connect() as connection:
        before = connection.scalar(who)
    db.query("select pg_terminate_backend($1)", [before])
    with engine.connect() as connection:
        assert connection.scalar(who) != before
    engine.dispose()


def test_connections_of_an_engines_own_database_see_one_database() -> None:
    engine = create_engine()
    with engine.connect() as first, engine.connect() as second:
        first.execute(text("create table t as select 1 as a"))
        first.commit()
        assert second.scalar(text("select a from t")) == 1
    engine.dispose()


def test_a_session_that_ends_is_a_disconnect() -> None:
    engine = create_engine()
    with engine.connect() as connection:
        connection.execute(text("create table t as select 1 as a"))
        connection.commit()
        with pytest.raises(sqlalchemy.exc.OperationalError) as caught:
            connection.execute(text("select pg_terminate_backend(pg_backend_pid())"))
        assert caught.value.connection_invalidated
    with engine.connect() as connection:
        assert connection.scalar(text("select a from t")) == 1
    engine.dispose()


def test_a_closed_database_is_a_disconnect(engine: sqlalchemy.Engine, db: PGlite) -> None:
    with engine.connect() as connection:
        db.close()
        with pytest.raises(sqlalchemy.exc.OperationalError) as caught:
            connection.execute(text("select 1"))
        assert caught.value.connection_invalidated


def test_a_directory_is_durable(tmp_path: Path) -> None:
    for expected in (1, 2):
        engine = create_engine(tmp_path / "data")
        with engine.begin() as connection:
            connection.execute(text("create table if not exists visit ()"))
            connection.execute(text("insert into visit default values"))
            assert connection.scalar(text("select count(*) from visit")) == expected
        engine.dispose()


def test_urls_name_directories_or_memory(tmp_path: Path) -> None:
    engine = sqlalchemy.create_engine(f"postgresql+pglite:///{tmp_path}/data?application_name=shop")
    with engine.connect() as connection:
        assert connection.scalar(text("show application_name")) == "shop"
        assert (tmp_path / "data" / "PG_VERSION").exists()
    engine.dispose()
    engine = sqlalchemy.create_engine("pglite://")
    assert engine.dialect.name == "postgresql"
    engine.dispose()
    with pytest.raises(TypeError, match="an AsyncPGlite is for coroutines"):
        create_engine(AsyncPGlite()).connect()  # type: ignore[arg-type]
    engine = sqlalchemy.create_engine("postgresql+pglite://")
    assert (engine.dialect.name, engine.dialect.driver) == ("postgresql", "pglite")
    with engine.connect() as connection:
        assert connection.scalar(text("select 1")) == 1
    engine.dispose()


def test_a_url_with_a_host_is_refused() -> None:
    with pytest.raises(sqlalchemy.exc.ArgumentError, match="neither host nor password"):
        sqlalchemy.create_engine("postgresql+pglite://localhost/shop")


def test_vectors_are_pgvector_s(db: PGlite) -> None:
    db.exec("create extension vector")
    engine = create_engine(db)
    table = sqlalchemy.Table(
        "item",
        sqlalchemy.MetaData(),
        sqlalchemy.Column("v", Vector(3)),
        sqlalchemy.Column("h", HALFVEC(2)),
    )
    with engine.begin() as connection:
        table.create(connection)
        for values in (
            [1, 2, 3],
            np.array([1, 2, 4], dtype=np.float32),
            pgvector.Vector([3, 3, 3]),
        ):
            connection.execute(table.insert(), [{"v": values, "h": [1, 2]}] * 2)
        nearest = sqlalchemy.select(table.c.v, table.c.h).order_by(
            table.c.v.l2_distance([1, 2, 3.9])
        )
        for _ in range(3):
            found = connection.execute(nearest).all()
            assert [list(v) for v, _ in found] == [[1, 2, 4]] * 2 + [[1, 2, 3]] * 2 + [[3] * 3] * 2
        assert list(found[0][1]) == [1, 2]
    assert db.query("select v from item limit 1").scalar() == [1, 2, 3]

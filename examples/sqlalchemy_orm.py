"""SQLAlchemy's ORM on a database in this process, and a fresh copy of it for a test."""

from __future__ import annotations

from sqlalchemy import ForeignKey, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from pglite_native import PGlite
from pglite_native.sqlalchemy import create_engine


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "author"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    books: Mapped[list[Book]] = relationship(back_populates="author")


class Book(Base):
    __tablename__ = "book"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int] = mapped_column(ForeignKey("author.id"))
    author: Mapped[Author] = relationship(back_populates="books")


db = PGlite()
engine = create_engine(db)
Base.metadata.create_all(engine)
with Session(engine) as session:
    session.add(Author(name="Austen", books=[Book(title="Emma"), Book(title="Persuasion")]))
    session.commit()
    try:
        session.add(Author(name="Austen"))
        session.commit()
    except IntegrityError:
        session.rollback()
        print("there is one Austen")

with db.clone() as scratch:
    fork = create_engine(scratch)
    with Session(fork) as session:
        session.delete(session.scalars(select(Book).where(Book.title == "Emma")).one())
        session.commit()
        print(session.scalar(select(func.count(Book.id))))
    fork.dispose()

with Session(engine) as session:
    print(session.scalar(select(func.count(Book.id))))
engine.dispose()
db.close()

# prints:
#   there is one Austen
#   1
#   2

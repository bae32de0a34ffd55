"""A library: its tables, and what is done with them."""

from __future__ import annotations

import datetime

from sqlalchemy import ForeignKey, select
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship


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


class Loan(Base):
    __tablename__ = "loan"
    id: Mapped[int] = mapped_column(primary_key=True)
    book_id: Mapped[int] = mapped_column(ForeignKey("book.id"))
    during: Mapped[Range[datetime.date]] = mapped_column(DATERANGE)
    __table_args__ = (
        ExcludeConstraint(("book_id", "="), ("during", "&&"), name="one_loan_at_a_time"),
    )


def lend(session: Session, title: str, start: datetime.date, days: int) -> Loan:
    """Lend a book; IntegrityError if somebody else has it."""
    book = session.scalars(select(Book).where(Book.title == title)).one()
    loan = Loan(book_id=book.id, during=Range(start, start + datetime.timedelta(days)))
    session.add(loan)
    session.commit()
    return loan

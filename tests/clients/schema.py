"""What SQLAlchemy's tests map: a type of each kind that its dialects treat on their own."""

from __future__ import annotations

import datetime
import decimal
import enum
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from tests.clients.place import Place


class Mood(enum.Enum):
    SAD = "sad"
    HAPPY = "happy"


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "author"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    books: Mapped[list[Book]] = relationship(back_populates="author", order_by="Book.title")


class Book(Base):
    __tablename__ = "book"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int] = mapped_column(sa.ForeignKey("author.id"))
    author: Mapped[Author] = relationship(back_populates="books")


values = sa.Table(
    "values",
    Base.metadata,
    sa.Column("boolean", sa.Boolean),
    sa.Column("big", sa.BigInteger),
    sa.Column("numeric", sa.Numeric(20, 5)),
    sa.Column("double", sa.Double),
    sa.Column("text", sa.Text),
    sa.Column("bytes", sa.LargeBinary),
    sa.Column("uuid", sa.Uuid),
    sa.Column("date", sa.Date),
    sa.Column("moment", sa.DateTime(timezone=True)),
    sa.Column("duration", sa.Interval),
    sa.Column("mood", sa.Enum(Mood)),
    sa.Column("json", postgresql.JSONB),
    sa.Column("array", postgresql.ARRAY(sa.Integer)),
    sa.Column("nothing", sa.Integer),
)

VALUES: dict[str, object] = {
    "boolean": True,
    "big": 2**62,
    "numeric": decimal.Decimal("123456789012345.67890"),
    "double": 0.1,
    "text": "héllo ☃ ' \\ %",
    "bytes": bytes(range(256)),
    "uuid": uuid.UUID(int=7),
    "date": datetime.date(2024, 2, 29),
    "moment": datetime.datetime(2024, 2, 29, 12, 34, 56, 789, tzinfo=datetime.timezone.utc),
    "duration": datetime.timedelta(days=3, seconds=5, microseconds=7),
    "mood": Mood.HAPPY,
    "json": {"a": [1, None, "x"]},
    "array": [1, None, 3],
    "nothing": None,
}

LARGE = sa.text("SELECT repeat('x', 2000) AS text FROM generate_series(1, 5000)")
LARGE_BYTES = 10_000_000


def arguments(place: Place, driver: str) -> dict[str, Any]:
    """What a driver of SQLAlchemy's is told."""
    by_driver = {"asyncpg": place.asyncpg, "pg8000": place.pg8000}
    return {"url": f"postgresql+{driver}://", "connect_args": by_driver.get(driver, place.libpq)()}

"""Object-relational mappers beside SQLAlchemy and Django: tables, rows, transactions and errors."""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.clients.compatibility import Client
from tests.clients.installing import libraries
from tests.clients.place import Place


@pytest.fixture
def place(tcp: Place) -> Place:
    return tcp


class TestSQLModel:
    CLIENT = Client.installed("SQLModel", "sqlmodel")

    def test_tables_rows_and_transactions(self, url: str) -> None:
        import sqlalchemy
        from sqlalchemy.orm import registry
        from sqlmodel import Field, Session, SQLModel, create_engine, select

        class Base(SQLModel, registry=registry()):
            pass

        class Hero(Base, table=True):
            id: int | None = Field(default=None, primary_key=True)
            name: str = Field(unique=True)
            key: uuid.UUID = Field(default_factory=uuid.uuid4)

        engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
        Base.metadata.create_all(engine)
        with Session(engine) as session:
            session.add(Hero(name="Ada"))
            session.commit()
            session.add(Hero(name="Ada"))
            with pytest.raises(sqlalchemy.exc.IntegrityError):
                session.commit()
            session.rollback()
            hero = session.exec(select(Hero)).one()
            assert (hero.id, hero.name, type(hero.key)) == (1, "Ada", uuid.UUID)
        engine.dispose()


class TestTortoise:
    CLIENT = Client.installed("Tortoise ORM on asyncpg", "tortoise-orm")

    def test_tables_rows_and_transactions(self, url: str, tmp_path: Path) -> None:
        (tmp_path / "tortoise_models.py").write_text(
            "from tortoise import fields, models\n"
            "class Hero(models.Model):\n"
            "    id = fields.IntField(primary_key=True)\n"
            "    name = fields.CharField(40, unique=True)\n"
            "    tags = fields.JSONField(default=list)\n"
        )

        async def main() -> None:
            from tortoise import Tortoise
            from tortoise.exceptions import IntegrityError
            from tortoise.transactions import in_transaction

            place = urlsplit(url)
            credentials = {
                "host": place.hostname,
                "port": place.port,
                "user": place.username,
                "password": unquote(place.password or ""),
                "database": place.path[1:],
            }
            connections = {
                "default": {"engine": "tortoise.backends.asyncpg", "credentials": credentials}
            }
            apps = {"models": {"models": ["tortoise_models"], "default_connection": "default"}}
            await Tortoise.init(config={"connections": connections, "apps": apps})
            await Tortoise.generate_schemas()
            hero = Tortoise.apps["models"]["Hero"]
            await hero.create(name="Ada", tags=["x", 1])
            with pytest.raises(IntegrityError):  # noqa: PT012, as the block ends the transaction
                async with in_transaction():
                    await hero.create(name="Ben")
                    await hero.create(name="Ada")
            assert await hero.all().values_list("name", "tags") == [("Ada", ["x", 1])]
            await Tortoise.close_connections()

        sys.path.insert(0, str(tmp_path))
        try:
            asyncio.run(main())
        finally:
            sys.path.remove(str(tmp_path))


class TestPeewee:
    CLIENT = Client.installed("peewee on psycopg2", "peewee")

    def test_tables_rows_and_transactions(self, url: str) -> None:
        import peewee
        from playhouse.db_url import connect  # type: ignore[import-untyped]
        from playhouse.postgres_ext import (  # type: ignore[import-untyped]
            ArrayField,
            BinaryJSONField,
        )

        database = connect(url, unquote_password=True, unquote_user=True)

        class Hero(peewee.Model):
            name = peewee.CharField(unique=True)
            data = BinaryJSONField()
            tags = ArrayField(peewee.TextField)

        Hero.bind(database)
        database.create_tables([Hero])
        Hero.create(name="Ada", data={"a": [1]}, tags=["x", "y"])
        with pytest.raises(peewee.IntegrityError), database.atomic():
            Hero.create(name="Ada", data={}, tags=[])
        hero: Any
        (hero,) = Hero.select().where(Hero.tags.contains("x"))
        assert (hero.id, hero.name, hero.data) == (1, "Ada", {"a": [1]})
        database.close()


PICCOLO = """
import asyncio, sys

from piccolo.columns import JSONB, Varchar
from piccolo.engine.postgres import PostgresEngine
from piccolo.table import Table

engine = PostgresEngine(config={"dsn": sys.argv[1]})

class Hero(Table, db=engine):
    name = Varchar(unique=True)
    data = JSONB()

async def main():
    await engine.start_connection_pool()
    await Hero.create_table()
    await Hero.insert(Hero(name="Ada", data={"a": 1}))
    try:
        async with engine.transaction():
            await Hero.insert(Hero(name="Ben", data={}))
            await Hero.insert(Hero(name="Ada", data={}))
    except Exception as error:
        print(type(error).__name__)
    print(await Hero.select(Hero.id, Hero.name))
    await engine.close_connection_pool()

asyncio.run(main())
"""


class TestPiccolo:
    CLIENT = Client("Piccolo on asyncpg", "1.38.0")

    def test_tables_rows_and_transactions(self, url: str, script: Callable[..., str]) -> None:
        # Apart, as it brings a package `tests`, which would stand before ours.
        shown = script(PICCOLO, url, modules=libraries(f"piccolo=={self.CLIENT.version}"))
        assert shown.splitlines() == ["UniqueViolationError", "[{'id': 1, 'name': 'Ada'}]"]

"""Data frames, and tools that read whole tables by Arrow or by COPY."""

from __future__ import annotations

import warnings
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from tests.clients.compatibility import Client
from tests.clients.place import Place

ROWS = [(1, "pen", Decimal("1.50"), date(2026, 1, 2)), (2, "ink", None, None)]
TABLE = "create table item (id int, name text, price numeric(8, 2), day date)"


@pytest.fixture
def place(tcp: Place) -> Place:
    return tcp


@pytest.fixture
def url(url: str) -> str:
    """The database has a table."""
    with psycopg.connect(url) as connection:
        connection.execute(TABLE)
        with connection.cursor() as cursor:
            cursor.executemany("insert into item values (%s, %s, %s, %s)", ROWS)
    return url


class TestADBC:
    CLIENT = Client.installed("ADBC", "adbc-driver-postgresql")

    def test_reading_by_arrow(self, url: str) -> None:
        with self.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute("select id, name, day from item order by id")
            table = cursor.fetch_arrow_table()
        assert table.to_pylist()[0] == {"id": 1, "name": "pen", "day": date(2026, 1, 2)}

    def test_writing_by_arrow(self, url: str) -> None:
        import pyarrow

        table = pyarrow.table({"id": list(range(1000)), "name": [str(i) for i in range(1000)]})
        with self.connect(url) as connection, connection.cursor() as cursor:
            assert cursor.adbc_ingest("copied", table, mode="create") == 1000
            connection.commit()
            cursor.execute("select sum(id) from copied")
            assert cursor.fetchone() == ("499500",)

    @staticmethod
    def connect(url: str) -> Any:
        import adbc_driver_postgresql.dbapi

        return adbc_driver_postgresql.dbapi.connect(url)


class TestDuckDB:
    CLIENT = Client.installed("DuckDB by ADBC's Arrow", "duckdb")

    def test_a_query_over_a_table(self, url: str) -> None:
        import duckdb

        with TestADBC.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute("select id, name from item")
            item = cursor.fetch_arrow_table()
        with duckdb.connect() as local:
            local.register("item", item)
            assert local.execute("select max(id), min(name) from item").fetchone() == (2, "ink")


class TestPolars:
    CLIENT = Client.installed("polars", "polars")

    @pytest.mark.parametrize("engine", ["connectorx", "adbc"])
    def test_reading(self, url: str, engine: Any) -> None:
        import polars

        frame = polars.read_database_uri(
            "select id, name from item order by id", url, engine=engine
        )
        assert frame.rows() == [(1, "pen"), (2, "ink")]

    def test_writing(self, url: str) -> None:
        import polars

        frame = polars.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"]})
        assert frame.write_database("written", url, engine="adbc") == 3
        with psycopg.connect(url) as connection:
            found = connection.execute("select * from written order by a").fetchall()
        assert found == frame.rows()


class TestConnectorX:
    CLIENT = Client.installed("ConnectorX", "connectorx")

    def test_reading_in_partitions(self, url: str) -> None:
        import connectorx

        query = "select id, name, day from item"
        table = connectorx.read_sql(
            url, query, partition_on="id", partition_num=2, return_type="arrow"
        )
        assert sorted(table.column("id").to_pylist()) == [1, 2]


class TestIbis:
    CLIENT = Client.installed("ibis on psycopg", "ibis-framework")

    def test_expressions_and_tables(self, url: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import ibis

            connection = ibis.connect(url)
            item = connection.table("item")
            found = item.filter(item.price > 1).select("id", "name").to_pyarrow()
            assert found.to_pylist() == [{"id": 1, "name": "pen"}]
            connection.create_table("copied", item.select("id"))
            assert sorted(connection.list_tables()) == ["copied", "item"]
            assert connection.table("copied").count().to_pyarrow().as_py() == 2
            connection.disconnect()


class TestPandas:
    CLIENT = Client.installed("pandas on SQLAlchemy", "pandas")

    def test_reading_and_writing(self, url: str) -> None:
        import pandas  # type: ignore[import-untyped]
        import sqlalchemy

        engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
        frame = pandas.read_sql("select id, name from item order by id", engine)
        assert frame.to_dict("list") == {"id": [1, 2], "name": ["pen", "ink"]}
        frame.to_sql("written", engine, index=False)
        assert pandas.read_sql_table("written", engine)["id"].sum() == 3
        engine.dispose()

"""pandas on a database in this process, through SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd  # type: ignore[import-untyped]
import pytest
import sqlalchemy

from pglite_native import PGlite
from pglite_native.sqlalchemy import create_engine

PRICES = pd.DataFrame(
    {
        "title": ["Emma", "Persuasion", None],
        "price": [9.5, 8.25, None],
        "sold": pd.to_datetime(["2024-02-29", "2024-03-01", "2024-03-02"]),
        "copies": [3, 4, 5],
    }
)


@pytest.fixture
def db() -> Iterator[PGlite]:
    with PGlite() as database:
        yield database


@pytest.fixture
def engine(db: PGlite) -> Iterator[sqlalchemy.Engine]:
    made = create_engine(db)
    yield made
    made.dispose()


@pytest.mark.parametrize("method", [None, "multi"])
def test_a_frame_makes_the_round_trip(engine: sqlalchemy.Engine, method: str | None) -> None:
    assert PRICES.to_sql("price", engine, index=False, method=method) == len(PRICES)
    found = pd.read_sql("select * from price order by copies", engine)
    pd.testing.assert_frame_equal(found, PRICES, check_dtype=False)


def test_a_query_with_parameters_is_read_in_chunks(engine: sqlalchemy.Engine) -> None:
    pd.DataFrame({"n": range(1000)}).to_sql("number", engine, index=False)
    query = sqlalchemy.text("select n from number where n >= :least")
    chunks = list(pd.read_sql(query, engine, params={"least": 100}, chunksize=400))
    assert [len(chunk) for chunk in chunks] == [400, 400, 100]
    assert int(sum(chunk.n.sum() for chunk in chunks)) == sum(range(100, 1000))


def test_a_table_is_read_and_replaced(engine: sqlalchemy.Engine, db: PGlite) -> None:
    PRICES.to_sql("price", engine, index=False)
    table = pd.read_sql_table("price", engine)
    table[table.copies > 3].to_sql("price", engine, index=False, if_exists="replace")
    assert db.query("select count(*) from price").rows == [{"count": 2}]

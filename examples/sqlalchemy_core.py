"""SQLAlchemy Core on a database in this process: tables, an upsert, reflection."""

from __future__ import annotations

from sqlalchemy import Column, Integer, MetaData, String, Table, inspect, select
from sqlalchemy.dialects.postgresql import insert

from pglite_native.sqlalchemy import create_engine

engine = create_engine()  # in memory; create_engine("directory") is durable
metadata = MetaData()
stock = Table("stock", metadata, Column("item", String, primary_key=True), Column("n", Integer))
metadata.create_all(engine)

with engine.begin() as connection:
    statement = insert(stock).values([{"item": "apple", "n": 3}, {"item": "pear", "n": 1}])
    more = statement.on_conflict_do_update(
        index_elements=[stock.c.item], set_={"n": stock.c.n + statement.excluded.n}
    )
    connection.execute(statement)
    connection.execute(more)
    print(connection.execute(select(stock).order_by(stock.c.item)).all())

print([(column["name"], str(column["type"])) for column in inspect(engine).get_columns("stock")])
engine.dispose()

# prints:
#   [('apple', 6), ('pear', 2)]
#   [('item', 'VARCHAR'), ('n', 'INTEGER')]

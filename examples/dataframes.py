"""pandas on a database in this process: a frame becomes a table, a query becomes a frame."""

from __future__ import annotations

import pandas

from pglite_native.sqlalchemy import create_engine

engine = create_engine()
visits = pandas.DataFrame(
    {
        "page": ["/", "/about", "/", "/"],
        "at": pandas.to_datetime(["2024-02-28", "2024-02-28", "2024-02-29", "2024-03-01"]),
    }
)
visits.to_sql("visit", engine, index=False)
query = "select page, count(*) as visits, max(at)::date as last from visit group by page order by 1"
print(pandas.read_sql(query, engine).to_string(index=False))
engine.dispose()

# prints:
#     page  visits       last
#        /       3 2024-03-01
#   /about       1 2024-02-28

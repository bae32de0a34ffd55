"""The database that tests would start from: a schema of some size, and what a test writes to it."""

from __future__ import annotations

TABLES = 30
WRITTEN_TABLES = 5
ROWS = 100

SCHEMA = ";".join(
    f"create table t{n}(id int generated always as identity primary key, name text not null,"
    f" made timestamptz not null default now(), note text); create index on t{n}(name)"
    for n in range(TABLES)
)
WRITES = ";".join(
    f"insert into t{n}(name, note) select 'name ' || i, repeat('x', 50)"
    f" from generate_series(1, {ROWS}) i"
    for n in range(WRITTEN_TABLES)
)
TRUNCATE = f"truncate {', '.join(f't{n}' for n in range(TABLES))} restart identity"
FIRST_QUERY = "select count(*) from t0"

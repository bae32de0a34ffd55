"""Indexes for types that are there already."""

from __future__ import annotations

from pglite_native import Engine
from tests.engine.sql import run, sqlstate, value
from tests.extensions.bundled import column, create, plan, uses


@uses("bloom")
def test_bloom(engine: Engine) -> None:
    create(engine, "bloom")
    run(
        engine,
        "create table t as select i % 97 a, i % 89 b, i % 83 c from generate_series(1, 5000) i;"
        "create index on t using bloom (a, b, c) with (length = 80, col1 = 2);"
        "analyze t; set local enable_seqscan = off",
    )
    found = "select count(*) from t where a = 5 and c = 7"
    assert "Bitmap Index Scan on t_a_b_c_idx" in plan(engine, found)
    rows = [i for i in range(1, 5001) if i % 97 == 5 and i % 83 == 7]
    assert value(engine, found) == str(len(rows))


@uses("btree_gin")
def test_btree_gin(engine: Engine) -> None:
    create(engine, "btree_gin")
    run(
        engine,
        "create table t as select i a, md5(i::text) b, array[i % 5] c"
        " from generate_series(1, 1000) i;"
        "create index on t using gin (a, b, c); set local enable_seqscan = off",
    )
    found = "select a from t where a between 40 and 45 and c @> '{2}'"
    assert "Bitmap Index Scan" in plan(engine, found)
    assert column(engine, found) == ["42"]


@uses("btree_gist")
def test_btree_gist(engine: Engine) -> None:
    create(engine, "btree_gist")
    run(
        engine,
        "create table booking (room text, during tsrange,"
        " exclude using gist (room with =, during with &&));"
        "insert into booking values"
        " ('a', '[2026-01-01, 2026-01-03)'), ('b', '[2026-01-01, 2026-01-03)');"
        "create table n as select i a from generate_series(1, 1000) i;"
        "create index on n using gist (a); set local enable_seqscan = off",
    )
    nearest = "select a from n order by a <-> 500 limit 3"
    assert "Index Only Scan" in plan(engine, nearest)
    assert sorted(column(engine, nearest), key=str) == ["499", "500", "501"]
    clash = "insert into booking values ('a', '[2026-01-02, 2026-01-04)')"
    assert sqlstate(engine, clash) == "23P01"

"""pgvector: the nearest neighbours of a point, by an HNSW index."""

from __future__ import annotations

from messages import query, rows

from pglite_native import Engine

SETUP = """
create extension vector;
create table colour (name text, rgb vector(3));
insert into colour values
    ('red', '[255,0,0]'), ('orange', '[255,165,0]'), ('yellow', '[255,255,0]'),
    ('green', '[0,128,0]'), ('blue', '[0,0,255]'), ('violet', '[238,130,238]');
create index on colour using hnsw (rgb vector_l2_ops);
set enable_seqscan = off
"""

NEAREST = "from colour order by rgb <-> '[250,200,10]' limit 3"

with Engine() as engine:
    engine.exec_protocol_raw(query(SETUP))
    plan = rows(engine.exec_protocol_raw(query(f"explain (costs off) select name {NEAREST}")))
    print(any("Index Scan using colour_rgb_idx" in (line or "") for (line,) in plan))
    for name, distance in rows(
        engine.exec_protocol_raw(
            query(f"select name, round((rgb <-> '[250,200,10]')::numeric) {NEAREST}")
        )
    ):
        print(name, distance)

# prints:
#   True
#   orange 37
#   yellow 56
#   red 200

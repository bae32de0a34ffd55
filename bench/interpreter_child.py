"""CPU seconds of computing statements: `python -m bench.interpreter_child EXTENSION`."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from tests import wire
from tools.cluster import load_extension

SETUP = (
    "create table md5s (n int, t text)",
    "create table pairs as select n k, n * 2 v from generate_series(1, 40000) n",
    "analyze pairs",
    "create extension vector",
    "create table items as select array_agg(((n * i * 7919) % 1000) / 1000.0)::vector(64) v"
    " from generate_series(1, 300) n, generate_series(1, 64) i group by n",
)
STATEMENTS = {
    "aggregate": "select count(*), sum(x*2+1) from generate_series(1,200000) x",
    "plpgsql loop": "do $$ declare s bigint := 0; begin"
    " for i in 1..150000 loop s := s + i % 7; end loop; end $$",
    "sort": "select count(*) from (select md5(n::text) t from generate_series(1,20000) n"
    " order by t) s",
    "hash join": "select count(*) from pairs a join pairs b using (k)",
    "recursive CTE": "with recursive t(n) as (select 1 union all select n + 1 from t"
    " where n < 60000) select sum(n) from t",
    "jsonb": "select sum((jsonb_build_object('a', n, 'b', array[n, n+1], 'c', md5(n::text))"
    "->>'a')::int) from generate_series(1, 15000) n",
    "insert": "insert into md5s select n, md5(n::text) from generate_series(1, 15000) n",
    "HNSW build": "create index hnsw on items using hnsw (v vector_l2_ops)",
    "vector distance": "select sum(v <-> array_fill(0.5, array[64])::vector) from items, "
    "generate_series(1, 20)",
}
AFTER = {"insert": "truncate md5s", "HNSW build": "drop index hnsw"}


def main() -> None:
    load_extension(Path(sys.argv[1]))
    from pglite_native import Engine

    samples = {}
    with Engine() as engine:

        def execute(sql: str) -> float:
            started_s = time.thread_time()
            reply = engine.exec_protocol_raw(wire.query(sql))
            elapsed_s = time.thread_time() - started_s
            if wire.sqlstates(reply):
                raise RuntimeError(f"{sql}: {wire.errors(reply)}")
            return elapsed_s

        for sql in SETUP:
            execute(sql)
        for name, sql in STATEMENTS.items():
            times = []
            for _ in range(3):  # the first compiles
                times.append(execute(sql))
                if name in AFTER:
                    execute(AFTER[name])
            samples[name] = min(times)
    json.dump(samples, sys.stdout)


if __name__ == "__main__":
    main()

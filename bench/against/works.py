"""What the contestants do, as data: the same for all of them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["start", "calls", "rows", "computing", "memory", "size"]

START = "cold start"
MEMORY = "memory"
RESETS = 10  # one after the other, as in a suite of tests
SIZE = "installed size"

VECTORS = "pgvector"  # how their names begin

SEED = 20260101
DIMENSIONS = 64


@dataclass(frozen=True)
class Work:
    """`operation` and `arguments` are a request; its seconds are divided by `count`."""

    name: str
    kind: Kind
    unit: Literal["s", "ms", "µs"]
    operation: str
    arguments: dict[str, Any]
    count: int = 1
    before: Sequence[str] = field(default=())  # statements, not measured
    after: Sequence[str] = field(default=())

    @property
    def factor(self) -> float:
        """From the seconds of an answer to the figure."""
        return {"s": 1, "ms": 1e3, "µs": 1e6}[self.unit] / self.count


def tables(quick: bool) -> list[str]:
    """What must be there for everything."""
    rows, accounts = _size(100_000, quick), _size(100_000, quick)
    return [
        "create table small (id int primary key, name text)",
        "create table copied (n int, t text)",
        "create table source as select n, md5(n::text) t, n / 7.0::float8 f,"
        " timestamp '2026-01-01' + n * interval '1 second' made"
        f" from generate_series(1, {rows}) n",
        f"create table pairs as select n k, n * 2 v from generate_series(1, {rows}) n",
        "create table branches (bid int primary key, bbalance int)",
        "create table tellers (tid int primary key, bid int, tbalance int)",
        "create table accounts (aid int primary key, bid int, abalance int)",
        "create table history (tid int, bid int, aid int, delta int, mtime timestamp)",
        "insert into branches values (1, 0)",
        "insert into tellers select n, 1, 0 from generate_series(1, 10) n",
        f"insert into accounts select n, 1, 0 from generate_series(1, {accounts}) n",
        "analyze",
    ]


def vectors(quick: bool) -> list[str]:
    """What must be there for the works named VECTORS: who has no pgvector goes without."""
    return [
        "create extension if not exists vector",
        "create table items as select n id, array_agg((((n * 31 + i * 17) * 7919) % 1000)"
        f" / 1000.0)::vector({DIMENSIONS}) v"
        f" from generate_series(1, {_size(2000, quick)}) n,"
        f" generate_series(1, {DIMENSIONS}) i group by n",
        "analyze items",
    ]


def works(quick: bool) -> list[Work]:
    rows, transactions = _size(100_000, quick), 20 if quick else 200
    select_calls = 100 if quick else 2000
    return [
        Work("a second database", "start", "ms", "second", {}),
        Work("per-test reset", "start", "ms", "reset", {"times": RESETS}, count=RESETS),
        _repeated("SELECT 1", "µs", ["select 1"], select_calls),
        Work(
            "prepared statement",
            "calls",
            "µs",
            "prepared",
            {"statements": [("select $1::int + 1", [41])], "times": select_calls},
            count=select_calls,
        ),
        Work(
            "a row by its key, prepared",
            "calls",
            "µs",
            "prepared",
            {
                "statements": [("select * from accounts where aid = $1", [5])],
                "times": select_calls,
            },
            count=select_calls,
        ),
        Work(
            "1,000 inserts in one transaction",
            "calls",
            "ms",
            "run",
            {"statements": ["begin", *_inserts(1000), "commit"], "times": 1},
            before=["truncate small"],
        ),
        Work(
            "100 inserts, autocommit",
            "calls",
            "ms",
            "run",
            {"statements": _inserts(100), "times": 1},
            before=["truncate small"],
        ),
        Work(
            "TPC-B-like transaction",
            "calls",
            "ms",
            "run",
            {"statements": _tpcb(transactions, _size(100_000, quick)), "times": 1},
            count=transactions,
        ),
        Work(
            "TPC-B-like transaction, prepared",
            "calls",
            "ms",
            "prepared",
            {"statements": _tpcb_prepared(transactions, _size(100_000, quick)), "times": 1},
            count=transactions,
        ),
        Work(
            f"COPY in, {rows:,} rows",
            "rows",
            "ms",
            "copy_in",
            {"sql": "copy copied from stdin", "rows": rows},
            before=["truncate copied"],
        ),
        Work(
            f"COPY out, {rows:,} rows",
            "rows",
            "ms",
            "copy_out",
            {"sql": "copy source to stdout", "rows": rows},
        ),
        Work(
            f"fetch {rows:,} rows to values",
            "rows",
            "ms",
            "fetch",
            {"sql": "select * from source", "rows": rows},
        ),
        Work(
            f"fetch {rows:,} rows to Arrow",
            "rows",
            "ms",
            "fetch_arrow",
            {"sql": "select * from source", "rows": rows},
        ),
        *_computing(quick),
    ]


def _computing(quick: bool) -> list[Work]:
    n = {name: _size(size, quick) for name, size in COMPUTING.items()}
    point = "[" + ",".join(f"{i / DIMENSIONS:.3f}" for i in range(DIMENSIONS)) + "]"
    statements = {
        "generate_series, sum": "select count(*), sum(x * 2 + 1)"
        f" from generate_series(1, {n['generate_series, sum']}) x",
        "hash join": "select count(*), sum(a.v + b.v) from pairs a join pairs b using (k)",
        "recursive CTE": "with recursive t(n) as (select 1 union all select n + 1 from t"
        f" where n < {n['recursive CTE']}) select sum(n) from t",
        "plpgsql loop": "do $$ declare s bigint := 0; begin"
        f" for i in 1..{n['plpgsql loop']} loop s := s + i % 7; end loop; end $$",
        "sort": "select count(*) from (select md5(n::text) t"
        f" from generate_series(1, {n['sort']}) n order by t offset 0) s",
        "jsonb": "select sum((jsonb_build_object('a', n, 'b', array[n, n + 1], 'c', md5(n::text))"
        f"->>'a')::int) from generate_series(1, {n['jsonb']}) n",
    }
    computing = [
        Work(name, "computing", "ms", "run", {"statements": [sql], "times": 1})
        for name, sql in statements.items()
    ]
    searches = n["pgvector: HNSW search"]
    return [
        *computing,
        Work(
            "pgvector: HNSW build",
            "computing",
            "ms",
            "run",
            {"statements": ["create index hnsw on items using hnsw (v vector_l2_ops)"], "times": 1},
            before=["drop index if exists hnsw"],
        ),
        Work(
            "pgvector: HNSW search",
            "computing",
            "ms",
            "run",
            {
                "statements": [f"select id from items order by v <-> '{point}' limit 10"],
                "times": searches,
            },
            count=searches,
            before=["set enable_seqscan = off"],
            after=["reset enable_seqscan"],
        ),
    ]


COMPUTING = {
    "generate_series, sum": 1_000_000,
    "hash join": 100_000,
    "recursive CTE": 200_000,
    "plpgsql loop": 500_000,
    "sort": 100_000,
    "jsonb": 50_000,
    "pgvector: HNSW build": 2000,
    "pgvector: HNSW search": 100,
}
"""The set whose geometric mean has a target, and what size each has."""


def _size(whole: int, quick: bool) -> int:
    return max(10, whole // 100) if quick else whole


def _repeated(name: str, unit: Literal["ms", "µs"], statements: list[str], times: int) -> Work:
    arguments = {"statements": statements, "times": times}
    return Work(name, "calls", unit, "run", arguments, count=times)


def _inserts(count: int) -> list[str]:
    return [f"insert into small values ({n}, 'name of {n}')" for n in range(count)]


def _tpcb(transactions: int, accounts: int) -> list[str]:
    """pgbench's built-in script, in its simple protocol: a message for each statement."""
    statements = []
    for aid, tid, delta in _chances(transactions, accounts):
        statements += [
            "begin",
            f"update accounts set abalance = abalance + {delta} where aid = {aid}",
            f"select abalance from accounts where aid = {aid}",
            f"update tellers set tbalance = tbalance + {delta} where tid = {tid}",
            f"update branches set bbalance = bbalance + {delta} where bid = 1",
            "insert into history (tid, bid, aid, delta, mtime)"
            f" values ({tid}, 1, {aid}, {delta}, current_timestamp)",
            "end",
        ]
    return statements


def _tpcb_prepared(transactions: int, accounts: int) -> list[tuple[str, list[int]]]:
    """The same in its prepared protocol."""
    statements: list[tuple[str, list[int]]] = []
    for aid, tid, delta in _chances(transactions, accounts):
        statements += [
            ("begin", []),
            ("update accounts set abalance = abalance + $1 where aid = $2", [delta, aid]),
            ("select abalance from accounts where aid = $1", [aid]),
            ("update tellers set tbalance = tbalance + $1 where tid = $2", [delta, tid]),
            ("update branches set bbalance = bbalance + $1 where bid = $2", [delta, 1]),
            (
                "insert into history (tid, bid, aid, delta, mtime)"
                " values ($1, $2, $3, $4, current_timestamp)",
                [tid, 1, aid, delta],
            ),
            ("end", []),
        ]
    return statements


def _chances(transactions: int, accounts: int) -> Iterator[tuple[int, int, int]]:
    """An account, a teller and an amount for each."""
    chance = random.Random(SEED)
    for _ in range(transactions):
        yield chance.randint(1, accounts), chance.randint(1, 10), chance.randint(-5000, 5000)

"""What the soak repeats: messages whose answer is the same bytes each time.

A move leaves everything as it was, but for numbers in rows. It belongs to a schema, s0 and so on,
which only one session at a time uses.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests import wire

SCHEMAS = 8
ROWS = 100


@dataclass(frozen=True)
class Move:
    name: str
    message: bytes
    statements: int
    weight: int
    varies: bytes = b""
    """For an answer with numbers that differ: what is in it all the same."""

    @property
    def ready(self) -> int:
        """How many times the answer says that another query may come."""
        return sum(kind in "QS" for kind in wire.kinds(self.message))


def setup(number: int) -> bytes:
    """Make a schema's tables."""
    return wire.query(
        f"create schema s{number}; set search_path = s{number};"
        "create table t as select g as id, 0 as n, 'row ' || g as s"
        f" from generate_series(1, {ROWS}) g;"
        "alter table t add primary key (id);"
        "create table child (id int references t, v jsonb); create index on child using gin (v);"
        "create function twice(int) returns int language plpgsql as 'begin return 2 * $1; end';"
        "analyze"
    )


def enter(number: int) -> bytes:
    """What a session says first."""
    return (
        wire.query(
            f"set search_path = s{number}; set client_min_messages = error; listen s{number}"
        )
        + wire.parse("by_id", "select n >= 0, s from t where id = $1", [23])
        + wire.parse("add", "update t set n = (n + 1) % 1000 where id = $1", [23])
        + wire.sync()
    )


def _simple(name: str, sql: str, weight: int, **options: bytes) -> Move:
    return Move(name, wire.query(sql), sql.count(";") + 1, weight, **options)


def _prepared(name: str, count: int, weight: int, *, syncs: bool) -> Move:
    """Executions of a prepared statement, each with its own Sync or all before one."""
    parts = []
    for id in range(1, count + 1):
        parts += [wire.bind("", name, [str(id)]), wire.execute(), wire.sync() if syncs else b""]
    end = b"" if syncs else wire.sync()
    return Move(f"{name}, {count} at once", b"".join(parts) + end, count, weight)


def _each(name: str, weight: int, *messages: bytes) -> Move:
    return Move(name, b"".join(messages), len(messages), weight)


MOVES = [
    _prepared("by_id", 100, 40, syncs=True),
    _prepared("add", 20, 6, syncs=False),
    Move("select 1", wire.query("select 1") * 50, 50, 20),
    _each("unnamed statements", 8,
          *[wire.extended(f"select {n} + $1::int", [str(n)]) for n in range(10)]),
    _simple("transaction", "begin; update t set n = (n + 1) % 1000 where id = 7;"
            "insert into child values (7, '{\"a\": [1, 2]}'); savepoint a; delete from child;"
            "rollback to a; select count(*) from child; delete from child; commit", 10),
    _simple("rolled back", "begin; update t set s = 'gone'; truncate child; rollback", 6),
    _each("errors", 6, wire.query("select 1 / 0"), wire.query("selec"),
          wire.query("insert into t values (1, 1, '')"),
          wire.query("insert into child values (-1)"),
          wire.query("begin"), wire.query("select nothing"), wire.query("select 1"),
          wire.query("rollback"), wire.extended("select $1::int", ["x"])),
    _simple("temporary table", "create temp table x (n int primary key, t text);"
            "insert into x select g, repeat('x', 3000) from generate_series(1, 20) g;"
            "select sum(n) from x; drop table x", 3),
    _simple("schema", "create table made (n serial primary key, t text);"
            "alter table made add m int;"
            "insert into made (t, m) select 'x', g from generate_series(1, 50) g;"
            "create index on made (m); alter table made alter m type bigint;"
            "truncate made; drop table made", 2),
    _simple("view and function", "create or replace view v as select twice(id) as d from t;"
            "select sum(d) from v; drop view v", 3),
    _simple("block", "do $$ begin for i in 1 .. 20 loop begin perform 1 / (i % 5);"
            " exception when division_by_zero then null; end; end loop; end $$", 4),
    Move("notification", wire.query("select pg_notify(current_schema, 'told')"), 1, 2,
         varies=b"\0told\0"),
    _each("portal", 4, wire.query("begin"), wire.parse("", "select * from generate_series(1, 100)")
          + wire.bind("p", "") + b"".join(wire.execute("p", 7) for _ in range(8)) + wire.sync(),
          wire.query("commit")),
    _each("cursor", 3, wire.query("begin; declare k cursor for"
                                  " select id + 0, s || '' from t order by id"),
          *[wire.query("fetch 10 from k")] * 5, wire.query("close k; commit")),
    _each("copy", 3, wire.query("begin; create temp table y (n int) on commit drop;"
                                "copy y from stdin")
          + b"".join(wire.copy_data(b"%d\n" % n) for n in range(100)) + wire.copy_done(),
          wire.query("copy y to stdout"), wire.query("commit")),
    _simple("spilled sort", "set work_mem = '64kB'; select count(*) from"
            " (select md5(g::text) m from generate_series(1, 3000) g order by m offset 1);"
            "reset work_mem", 2),
    _simple("large answer", "select repeat('x', 1000) from generate_series(1, 300)", 3),
    _simple("settings", "set statement_timeout = '1h'; set timezone = 'utc'; show timezone;"
            "reset statement_timeout; reset timezone", 4),
    _each("prepared and gone", 4,
          wire.query("prepare q (int) as select s || '' from t where id = $1"),
          wire.query("execute q(3)"), wire.query("deallocate q"),
          wire.parse("named", "select 1") + wire.close("S", "named") + wire.sync()),
    _simple("advisory lock", "select pg_advisory_lock(hashtext(current_schema));"
            "select pg_advisory_unlock(hashtext(current_schema))", 3),
    _simple("large object", "begin; select lo_from_bytea(1000 + substr(current_schema, 2)::int,"
            " decode(repeat('ab', 5000), 'hex')) > 0;"
            "select lo_unlink(1000 + substr(current_schema, 2)::int); commit", 1),
    Move("timeout", wire.query("set statement_timeout = '2ms'") + wire.query("select pg_sleep(10)")
         + wire.query("reset statement_timeout"), 3, 1, varies=b"C57014\0"),
]  # fmt: skip

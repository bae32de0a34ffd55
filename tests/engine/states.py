"""Every kind of state that a session can have, as SQL: what makes it, and how it shows.

Making is one or more calls. The question may change the state, as asking a sequence does, so it
can be asked once; its whole reply is what forks are compared by.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tests import wire
from tests.wire import bind, execute, parse, query, sync


class State(NamedTuple):
    make: list[bytes]
    question: bytes
    answer: list[tuple[bytes | None, ...]]  # the rows of the reply
    sqlstates: Sequence[str] = ()  # its errors


def sql(*statements: str) -> list[bytes]:
    return [query(statement) for statement in statements]


def column(*values: str | None) -> list[tuple[bytes | None, ...]]:
    return [(None if item is None else item.encode(),) for item in values]


def row(*values: str | None) -> list[tuple[bytes | None, ...]]:
    return [tuple(None if item is None else item.encode() for item in values)]


NUMBERS = "generate_series(1, 5) n"

STATES = {
    "rows": State(
        sql(
            "create table t(n int primary key, s text)",
            f"insert into t select n, md5(n::text) from {NUMBERS}",
            "update t set s = 'new' where n = 2",
            "delete from t where n = 4",
        ),
        query("select string_agg(n || left(s, 3), ' ' order by n) from t"),
        column("1c4c 2new 3ecc 5e4d"),
    ),
    "sequence": State(
        sql("create sequence s", f"select nextval('s') from {NUMBERS}"),
        query("select currval('s'), lastval(), nextval('s')"),
        row("5", "5", "6"),
    ),
    "cached sequence": State(
        sql("create sequence s cache 10", "select nextval('s'), nextval('s')"),
        query("select nextval('s'); discard sequences; select nextval('s')"),
        column("3", "11"),
    ),
    "PREPARE": State(
        sql("prepare answer(int) as select $1 + 1"), query("execute answer(41)"), column("42")
    ),
    "Parse": State(
        [parse("answer", "select $1::int + 1") + sync()],
        bind("", "answer", ["41"]) + execute() + sync(),
        column("42"),
    ),
    "unnamed statement": State(
        [parse("", "select $1::int + 1") + sync()],
        bind("", "", ["41"]) + execute() + sync(),
        column("42"),
    ),
    "suspended portal": State(
        [
            query("begin"),
            parse("", f"select n from {NUMBERS}")
            + bind("half", "")
            + execute("half", limit=2)
            + sync(),
        ],
        execute("half", limit=2) + execute("half") + sync(),
        column("3", "4", "5"),
    ),
    "cursor": State(
        sql("begin", f"declare c scroll cursor for select n from {NUMBERS}", "fetch 2 from c"),
        query("fetch next from c; fetch first from c; commit; fetch next from c"),
        column("3", "1"),
        ["34000"],
    ),
    "cursor WITH HOLD": State(
        sql(f"declare c cursor with hold for select n from {NUMBERS}", "fetch 2 from c"),
        query("fetch 2 from c"),
        column("3", "4"),
    ),
    "SET": State(
        sql("set work_mem = '7MB'; set app.note = 'é'"),
        query("show work_mem; select current_setting('app.note'); reset work_mem; show work_mem"),
        column("7MB", "é", "4MB"),
    ),
    "SET LOCAL": State(
        sql("set work_mem = '5MB'; begin", "set local work_mem = '7MB'"),
        query("show work_mem; commit; show work_mem"),
        column("7MB", "5MB"),
    ),
    "client_encoding": State(
        sql("set client_encoding = 'LATIN1'"), query("select chr(233)"), [(b"\xe9",)]
    ),
    "search_path": State(
        sql("create schema a", "create table a.t as select 1 as n", "set search_path = a"),
        query("select n, current_schema() from t"),
        row("1", "a"),
    ),
    "temporary table": State(
        sql("create temp table t as select 1 as n", "insert into t values (2)"),
        query("select count(*), max(n) from t"),
        row("2", "2"),
    ),
    "ON COMMIT DROP": State(
        sql("begin", "create temp table t on commit drop as select 1 as n"),
        query("select n from t; commit; select n from t"),
        column("1"),
        ["42P01"],
    ),
    "unlogged table": State(
        sql("create unlogged table t as select 1 as n"), query("select n from t"), column("1")
    ),
    "open transaction": State(
        sql("create table t(n int)", "begin", "insert into t values (1)"),
        query("select count(*) from t; rollback; select count(*) from t"),
        column("1", "0"),
    ),
    "failed transaction": State(
        sql("create table t(n int)", "begin", "insert into t values (1)", "select 1/0"),
        query("select 1") + query("commit") + query("select count(*) from t"),
        column("0"),
        ["25P02"],
    ),
    "savepoints": State(
        sql(
            "create table t(n int)",
            "begin; insert into t values (1); savepoint a; insert into t values (2); savepoint b",
            "insert into t values (3); rollback to b; insert into t values (4)",
        ),
        query(
            "select string_agg(n::text, ' ' order by n) from t; rollback to a;"
            "select string_agg(n::text, ' ' order by n) from t; commit;"
            "select string_agg(n::text, ' ' order by n) from t"
        ),
        column("1 2 4", "1", "1"),
    ),
    "deferred constraint": State(
        sql(
            "create table t(n int primary key deferrable initially deferred)",
            "begin; insert into t values (1), (1)",
        ),
        query("commit"),
        [],
        ["23505"],
    ),
    "prepared plan of a function": State(
        sql(
            "create function twice(n int) returns int language plpgsql as"
            " $$ declare r int; begin execute 'select $1 * 2' into r using n; return r; end $$",
            *["select twice(1)"] * 7,
        ),
        query("select twice(21)"),
        column("42"),
    ),
    "advisory locks": State(
        sql("select pg_advisory_lock(7)", "begin; select pg_advisory_xact_lock(8)"),
        query(
            "select string_agg(objid::text, ' ' order by objid) from pg_locks"
            " where locktype = 'advisory'; commit; select pg_advisory_unlock(7)"
        ),
        column("7 8", "t"),
    ),
    "row locks": State(
        sql("create table t as select 1 as n", "begin; select n from t for update"),
        query("select mode from pg_locks where relation = 't'::regclass and mode like 'RowShare%'"),
        column("RowShareLock"),
    ),
    "role": State(
        sql("create role alice; set role alice"),
        query("select current_user, session_user; reset role; select current_user"),
        [*row("alice", "postgres"), *row("postgres")],
    ),
    "session authorization": State(
        sql("create role alice; set session authorization alice"),
        query("select session_user; create table t()"),
        column("alice"),
        ["42501"],
    ),
    "file": State(
        sql("copy (select 'hello') to '/tmp/hello'"),
        query("select pg_read_file('/tmp/hello')"),
        column("hello\n"),
    ),
    "large object": State(
        sql("select lo_from_bytea(4711, 'hello')"),
        query("select convert_from(lo_get(4711), 'utf8')"),
        column("hello"),
    ),
    "open large object": State(
        sql("select lo_from_bytea(4711, 'hello')", "begin", "select lo_open(4711, 262144)")
        + sql("select loread(0, 2)"),
        query("select convert_from(loread(0, 9), 'utf8')"),
        column("llo"),
    ),
    "LISTEN": State(
        sql("listen news"), query("notify news; select pg_listening_channels()"), column("news")
    ),
    "pending NOTIFY": State(
        sql("listen news", "begin; notify news, 'late'"),
        query("commit; select pg_listening_channels()"),
        column("news"),
    ),
    "statistics not yet published": State(
        sql("create table t(n int)", "begin; insert into t values (1), (2), (3)"),
        query("select n_tup_ins from pg_stat_xact_user_tables where relname = 't'"),
        column("3"),
    ),
    "extension with an index of its own": State(
        sql(
            "create extension vector; create table t(v vector(2))",
            "insert into t select array[n, 0] from generate_series(1, 100) n",
            "create index on t using hnsw (v vector_l2_ops); set enable_seqscan = off",
        ),
        query("select v from t order by v <-> '[41.6, 0]' limit 2"),
        column("[42,0]", "[41,0]"),
    ),
}

# Notifications are no rows: how many come with the reply.
NOTIFICATIONS = {"LISTEN": 1, "pending NOTIFY": 1}


def check(name: str, reply: bytes) -> None:
    """The reply is the one that the state stands for."""
    state = STATES[name]
    assert (wire.rows(reply), wire.sqlstates(reply)) == (state.answer, [*state.sqlstates])
    assert wire.kinds(reply).count("A") == NOTIFICATIONS.get(name, 0)

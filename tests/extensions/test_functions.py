"""Languages, functions, triggers, foreign data."""

from __future__ import annotations

import pytest

from pglite_native import Engine
from tests import wire
from tests.engine.sql import run, sqlstate, value
from tests.extensions.bundled import column, create, uses

pytestmark = pytest.mark.tiers


@uses("plpgsql")
def test_plpgsql(engine: Engine) -> None:
    run(
        engine,
        """
        begin;
        create function divide(a int, b int) returns text language plpgsql as $$
        declare place text; result int;
        begin
            begin
                result := a / b;
            exception when division_by_zero then
                get stacked diagnostics place = pg_exception_context;
                return format('%s in %s', sqlerrm, split_part(place, ' ', 3));
            end;
            return result;
        end $$;
        create function fibonacci(n int) returns bigint language plpgsql as $$
        begin
            return case when n < 2 then n else fibonacci(n - 1) + fibonacci(n - 2) end;
        end $$;
        create function primes(up_to int) returns setof int language plpgsql as $$
        begin
            for candidate in 2 .. up_to loop
                continue when exists (
                    select from generate_series(2, floor(sqrt(candidate))::int) d
                    where candidate % d = 0);
                return next candidate;
            end loop;
        end $$""",
    )
    assert value(engine, "select divide(84, 2)") == "42"
    assert value(engine, "select divide(1, 0)") == "division by zero in divide(integer,integer)"
    assert value(engine, "select fibonacci(15)") == "610"
    assert (
        value(engine, "select string_agg(p::text, ' ') from primes(20) p") == "2 3 5 7 11 13 17 19"
    )
    # An exception block in a loop: each one is a subtransaction, and a setjmp that longjmp leaves.
    caught = """
        do $$
        declare caught int := 0;
        begin
            for i in 1 .. 1000 loop
                begin
                    perform 1 / (i % 2);
                exception when others then caught := caught + 1;
                end;
            end loop;
            perform set_config('app.caught', caught::text, true);
        end $$"""
    run(engine, caught)
    assert value(engine, "show app.caught") == "500"


@uses("tablefunc")
def test_tablefunc(engine: Engine) -> None:
    create(engine, "tablefunc")
    run(
        engine,
        "create table sale (year int, quarter int, amount int); insert into sale values"
        " (2024, 1, 10), (2024, 2, 20), (2025, 2, 30), (2025, 4, 40);"
        "create table tree (id text, parent text); insert into tree values"
        " ('a', null), ('b', 'a'), ('c', 'a'), ('d', 'b')",
    )
    assert run(
        engine,
        "select * from crosstab('select year, quarter, amount from sale order by 1, 2',"
        " 'select generate_series(1, 4)') as t (year int, q1 int, q2 int, q3 int, q4 int)",
    ) == [("2024", "10", "20", None, None), ("2025", None, "30", None, "40")]
    assert run(
        engine,
        "select * from connectby('tree', 'id', 'parent', 'a', 0, '/')"
        " as t (id text, parent text, level int, branch text) order by branch",
    ) == [
        ("a", None, "0", "a"),
        ("b", "a", "1", "a/b"),
        ("d", "b", "2", "a/b/d"),
        ("c", "a", "1", "a/c"),
    ]
    mean = "select abs(avg(x) - 100) < 2, count(*) from normal_rand(10000, 100, 15) x"
    assert run(engine, mean) == [("t", "10000")]


@uses("tsm_system_rows", "tsm_system_time")
def test_tablesample(engine: Engine) -> None:
    create(engine, "tsm_system_rows", "tsm_system_time")
    run(engine, "create table t as select generate_series(1, 5000) a; analyze t")
    assert run(
        engine, "select count(*), count(distinct a) from t tablesample system_rows(100)"
    ) == [("100", "100")]
    assert value(engine, "select count(*) from t tablesample system_time(10000)") == "5000"


@uses("autoinc", "insert_username", "moddatetime", "refint")
def test_spi(engine: Engine) -> None:
    create(engine, "autoinc", "insert_username", "moddatetime", "refint")
    run(
        engine,
        """
        create sequence next_id start 40;
        create table a (id int primary key, who text, changed timestamp, note text);
        create trigger id before insert on a for each row execute function autoinc(id, next_id);
        create trigger who before insert or update on a for each row
            execute function insert_username(who);
        create trigger changed before update on a for each row
            execute function moddatetime(changed);
        create table b (ref int);
        create trigger has_key after insert or update on b for each row
            execute function check_primary_key('ref', 'a', 'id');
        create trigger no_more_keys after delete or update on a for each row
            execute function check_foreign_key(1, 'cascade', 'id', 'b', 'ref');
        insert into a (id, note) values (null, 'x'), (null, 'y'), (7, 'z');
        update a set note = 'new' where id = 7;
        insert into b values (40), (41)""",
    )
    assert run(engine, "select id, who, changed = now()::timestamp from a order by id") == [
        ("7", "postgres", "t"),
        ("40", "postgres", None),
        ("41", "postgres", None),
    ]
    run(engine, "delete from a where id = 40")
    assert column(engine, "table b") == ["41"]
    assert sqlstate(engine, "insert into b values (40)") != "00000"


@uses("tcn")
def test_tcn() -> None:
    with Engine() as engine:
        run(
            engine,
            "create extension tcn; create table t (a int primary key, b text);"
            "create trigger t_tcn after insert or update or delete on t for each row"
            " execute function triggered_change_notification('changes'); listen changes",
        )
        reply = engine.exec_protocol_raw(
            wire.query("insert into t values (1, 'one'); update t set b = 'two'; delete from t")
        )
        notifications = [wire.decode(item)[2:] for item in wire.split(reply) if item.kind == "A"]
    assert notifications == [
        ("changes", '"t",I,"a"=\'1\''),
        ("changes", '"t",U,"a"=\'1\''),
        ("changes", '"t",D,"a"=\'1\''),
    ]


@uses("file_fdw")
def test_file_fdw(engine: Engine) -> None:
    create(engine, "file_fdw")
    run(
        engine,
        "copy (values (1, 'one'), (2, 'a \"quoted\", one'), (3, null))"
        " to '/tmp/numbers.csv' (format csv);"
        "create server files foreign data wrapper file_fdw;"
        "create foreign table number (n int, word text) server files"
        " options (filename '/tmp/numbers.csv', format 'csv')",
    )
    assert run(engine, "select * from number where n > 1 order by n desc") == [
        ("3", None),
        ("2", 'a "quoted", one'),
    ]
    run(engine, "alter foreign table number options (set filename '/tmp/nothing.csv')")
    assert sqlstate(engine, "table number") == "58P01"

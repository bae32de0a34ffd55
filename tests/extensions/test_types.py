"""Types of their own, with the operators and indexes for them."""

from __future__ import annotations

import pytest

from pglite_native import Engine
from tests.engine.sql import run, sqlstate, value
from tests.extensions.bundled import column, create, plan, uses


@uses("vector")
@pytest.mark.parametrize("method", ["hnsw", "ivfflat"])
def test_vector(engine: Engine, method: str) -> None:
    create(engine, "vector")
    assert run(
        engine,
        """
        select '[1,2,3]'::vector <-> '[3,2,1]', '[1,0]'::vector <=> '[0,1]',
            '[1,2]'::vector <#> '[3,4]', '[1,2,3]'::vector + '[1,1,1]',
            vector_dims('[1,2,3]'::vector), '[1,2]'::halfvec <+> '[3,5]',
            '{1:1,3:2}/4'::sparsevec <-> '{1:1}/4', binary_quantize('[1,-1,2]'::vector)""",
    ) == [("2.8284271247461903", "1", "-11", "[2,3,4]", "3", "5", "2", "101")]
    # Points of a grid, whose neighbours are known.
    run(
        engine,
        f"""
        create table point (id int primary key, at vector(3));
        insert into point select 100 * x + 10 * y + z, array[x, y, z]::vector
        from generate_series(0, 9) x, generate_series(0, 9) y, generate_series(0, 9) z;
        create index on point using {method} (at vector_l2_ops);
        set local enable_seqscan = off;
        -- As exact as an approximate index can be made: what it finds must not be left to chance.
        set local ivfflat.probes = 100; set local hnsw.ef_search = 400""",
    )
    nearest = "select id from point order by at <-> '[4.1,5.2,6.3]' limit 3"
    assert "Index Scan using point_at_idx" in plan(engine, nearest)
    assert column(engine, nearest) == ["456", "457", "466"]
    run(
        engine, "insert into point values (7777, '[4.1,5.2,6.3]'); delete from point where id = 457"
    )
    assert column(engine, nearest) == ["7777", "456", "466"]
    assert (
        value(engine, "select avg(at) from point where id < 1000 and id % 100 = 0") == "[4.5,0,0]"
    )


@uses("hstore")
def test_hstore(engine: Engine) -> None:
    create(engine, "hstore")
    run(
        engine,
        "create table t (id int, h hstore);"
        """insert into t values (1, 'a=>1, b=>2'), (2, '"b c"=>NULL'), (3, hstore('a', '9'));"""
        "create index on t using gin (h); create index on t using gist (h);"
        "set local enable_seqscan = off",
    )
    assert column(engine, "select id from t where h @> 'a=>1'") == ["1"]
    assert column(engine, "select id from t where h ? 'a' order by 1") == ["1", "3"]
    assert run(engine, "select h -> 'a', h || 'c=>3', delete(h, 'a') from t where id = 1") == [
        ("1", '"a"=>"1", "b"=>"2", "c"=>"3"', '"b"=>"2"')
    ]
    assert value(engine, "select hstore_to_json(h) from t where id = 2") == '{"b c": null}'
    assert run(engine, "select (each('x=>1,y=>2'::hstore)).*") == [("x", "1"), ("y", "2")]


@uses("ltree")
def test_ltree(engine: Engine) -> None:
    create(engine, "ltree")
    run(
        engine,
        "create table t (path ltree); insert into t values ('Top'), ('Top.Science'),"
        " ('Top.Science.Astronomy'), ('Top.Science.Astronomy.Stars'), ('Top.Hobbies');"
        "create index on t using gist (path); set local enable_seqscan = off",
    )
    assert column(
        engine, "select path from t where path <@ 'Top.Science.Astronomy' order by 1"
    ) == [
        "Top.Science.Astronomy",
        "Top.Science.Astronomy.Stars",
    ]
    assert value(engine, "select count(*) from t where path ~ '*.Science.*{1,2}'") == "2"
    assert value(engine, "select count(*) from t where path @ 'stars* & !hobbies@'") == "0"
    assert run(engine, "select nlevel('a.b.c'), subpath('a.b.c', 1), lca('a.b.c', 'a.b.d')") == [
        ("3", "b.c", "a.b")
    ]


@uses("citext")
def test_citext(engine: Engine) -> None:
    create(engine, "citext")
    run(engine, "create table t (nick citext primary key); insert into t values ('Larry')")
    assert column(engine, "select nick from t where nick = 'LARRY'") == ["Larry"]
    assert value(engine, "select replace('ABCabc'::citext, 'b', 'x')") == "AxCaxc"
    assert sqlstate(engine, "insert into t values ('larry')") == "23505"


@uses("cube", "earthdistance")
def test_cube_and_earthdistance(engine: Engine) -> None:
    create(engine, "earthdistance")
    assert run(
        engine,
        "select '(0,0)'::cube <-> '(3,4)', cube_union('(1,2)', '(3,4)'), '(1),(5)'::cube @> '(3)',"
        " cube_inter('(0,0),(2,2)', '(1,1),(3,3)')",
    ) == [("5", "(1, 2),(3, 4)", "t", "(1, 1),(2, 2)")]
    # Paris to London, in km.
    assert (
        value(
            engine,
            "select round(earth_distance("
            "ll_to_earth(48.8566, 2.3522), ll_to_earth(51.5074, -0.1278)) / 1000)",
        )
        == "344"
    )
    run(
        engine,
        # The smallest number that splits a page, which takes cube a second.
        "create table t (id int, at cube); insert into t select i, cube(array[i, i]::float8[])"
        " from generate_series(1, 250) i; create index on t using gist (at);"
        "set local enable_seqscan = off",
    )
    assert column(engine, "select id from t order by at <-> '(100.2, 100.2)' limit 2") == [
        "100",
        "101",
    ]


@uses("seg")
def test_seg(engine: Engine) -> None:
    create(engine, "seg")
    assert run(
        engine,
        "select '1.0 .. 2.0'::seg @> '1.5', '5(+-)0.3'::seg, '5 .. 7'::seg && '6 .. 9',"
        " seg_size('1 .. 3.5')",
    ) == [("t", "4.7 .. 5.3", "t", "2.5")]
    run(
        engine,
        "create table t (s seg); insert into t select (i || ' .. ' || i + 1)::seg"
        " from generate_series(1, 300) i; create index on t using gist (s);"
        "set local enable_seqscan = off",
    )
    assert column(engine, "select s from t where s @> '42.5'") == ["4.2e1 .. 4.3e1"]


@uses("isn")
def test_isn(engine: Engine) -> None:
    create(engine, "isn")
    assert run(
        engine,
        "select isbn('978-0-393-04002-9'), isbn13(isbn('0-393-04002-X')),"
        " is_valid(isbn '039304002X'), ean13('9780393040029') = isbn('039304002X'),"
        " issn('1436-4522')",
    ) == [("0-393-04002-X", "978-0-393-04002-9", "t", "t", "1436-4522")]
    assert sqlstate(engine, "select isbn('978-0-393-04002-8')") == "22P02"


@uses("intarray")
def test_intarray(engine: Engine) -> None:
    create(engine, "intarray")
    assert run(
        engine,
        "select sort('{3,1,2}'), uniq(sort('{1,2,1}')), '{1,2,3}'::int[] & '{2,3,4}',"
        " '{1,2,3}'::int[] - 2, idx('{7,8,9}', 8), icount('{1,2}'), '{1,2,3}'::int[] @@ '1 & !4'",
    ) == [("{1,2,3}", "{1,2}", "{2,3}", "{1,3}", "2", "2", "t")]
    run(
        engine,
        "create table t (id int, tags int[]); insert into t select i, array[i, i % 7]"
        " from generate_series(1, 200) i; create index on t using gin (tags gin__int_ops);"
        "create index on t using gist (tags gist__intbig_ops); set local enable_seqscan = off",
    )
    assert column(engine, "select id from t where tags @> '{50,1}'") == ["50"]
    assert value(engine, "select count(*) from t where tags @@ '3 & !(10 | 17)'::query_int") == "27"


@uses("uuid-ossp")
def test_uuid_ossp(engine: Engine) -> None:
    create(engine, "uuid-ossp")
    assert run(
        engine,
        "select uuid_generate_v5(uuid_ns_dns(), 'www.example.com'),"
        " uuid_generate_v3(uuid_ns_dns(), 'www.example.com'), uuid_nil()",
    ) == [
        (
            "2ed6657d-e927-568b-95e1-2665a8aea6a2",
            "5df41881-3aed-3515-88a7-2f4a814cf09e",
            "00000000-0000-0000-0000-000000000000",
        )
    ]
    assert (
        value(engine, "select count(distinct uuid_generate_v4()) from generate_series(1, 100)")
        == "100"
    )
    assert (
        value(engine, "select count(distinct uuid_generate_v1()) from generate_series(1, 100)")
        == "100"
    )
    versions = (
        "select substr(uuid_generate_v1()::text, 15, 1) || substr(uuid_generate_v4()::text, 15, 1)"
    )
    assert value(engine, versions) == "14"


@uses("lo")
def test_lo(engine: Engine) -> None:
    create(engine, "lo")
    run(
        engine,
        "create table t (id int, raster lo); create trigger manage before update or delete on t"
        " for each row execute function lo_manage(raster);"
        "insert into t values (1, lo_from_bytea(0, 'one')), (2, lo_from_bytea(0, 'two'))",
    )
    assert column(engine, "select lo_get(raster)::text from t order by id") == [
        r"\x6f6e65",
        r"\x74776f",
    ]
    run(engine, "delete from t where id = 1; update t set raster = lo_from_bytea(0, 'new')")
    assert value(engine, "select count(*) from pg_largeobject_metadata") == "1"

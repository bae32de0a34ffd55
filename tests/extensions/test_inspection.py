"""Looking inside: pages, WAL, statistics, damage."""

from __future__ import annotations

import re
import struct
from pathlib import Path

from pglite_native import Engine
from tests.engine.sql import run, sqlstate, value
from tests.extensions.bundled import column, create, uses


@uses("amcheck")
def test_amcheck() -> None:
    with Engine() as engine:
        run(
            engine,
            "create extension amcheck; create table t (a int primary key, b text, c int[]);"
            "insert into t select i, md5(i::text), array[i % 9] from generate_series(1, 2000) i;"
            "create index on t using gin (c)",
        )
        assert value(engine, "select bt_index_parent_check('t_pkey', true, true)") == ""
        assert value(engine, "select gin_index_check('t_c_idx')") == ""
        assert run(engine, "select * from verify_heapam('t')") == []
        btrees = "from pg_class where relkind = 'i' and relam = 403"
        checked = run(engine, f"select bt_index_check(oid) {btrees}")
        assert str(len(checked)) == value(engine, f"select count(*) {btrees}")
        # Damage: a value whose chunks are gone.
        run(
            engine,
            "alter table t alter b set storage external; create extension pg_surgery;"
            "insert into t values (0, repeat('x', 5000), null)",
        )
        toast = value(engine, "select reltoastrelid::regclass from pg_class where relname = 't'")
        run(engine, f"select heap_force_kill('{toast}', array['(0,1)']::tid[])")
        found = run(engine, "select attnum, msg from verify_heapam('t', check_toast => true)")
        assert len(found) == 1 and found[0][0] == "1"
        assert re.fullmatch(r"toast value \d+ .*", found[0][1] or "")


@uses("pageinspect")
def test_pageinspect() -> None:
    with Engine() as engine:
        run(
            engine,
            "create extension pageinspect; create table t (a int primary key, b text);"
            "insert into t select i, 'x' || i from generate_series(1, 10) i;"
            "delete from t where a = 3;"
            "create index brin on t using brin (a); create index hash on t using hash (a);"
            "create index gin on t using gin (to_tsvector('simple', b))",
        )
        page = "get_raw_page('t', 0)"
        assert run(engine, f"select pagesize, version, lower from page_header({page})") == [
            ("8192", "4", "64")
        ]
        assert run(
            engine,
            f"select count(*), count(*) filter (where t_xmax <> '0') from heap_page_items({page})",
        ) == [("10", "1")]
        assert run(engine, "select root, level, fastroot from bt_metap('t_pkey')") == [
            ("1", "0", "1")
        ]
        assert value(engine, "select live_items from bt_page_stats('t_pkey', 1)") == "10"
        assert run(
            engine,
            "select hash_page_type(get_raw_page('hash', 0)),"
            " brin_page_type(get_raw_page('brin', 0)), version"
            " from gin_metapage_info(get_raw_page('gin', 0))",
        ) == [("metapage", "meta", "2")]


@uses("pg_buffercache")
def test_pg_buffercache(engine: Engine) -> None:
    create(engine, "pg_buffercache")
    run(engine, "create table t as select generate_series(1, 1000) a")
    assert (
        value(
            engine,
            "select count(*) > 0 from pg_buffercache where isdirty"
            " and relfilenode = pg_relation_filenode('t')",
        )
        == "t"
    )
    pages = (
        "select buffers_used + buffers_unused = setting::int"
        " from pg_buffercache_summary(), pg_settings where name = 'shared_buffers'"
    )
    assert value(engine, pages) == "t"


@uses("pg_freespacemap")
def test_pg_freespacemap() -> None:
    with Engine() as engine:
        run(engine, "create extension pg_freespacemap; create table t (a int, b text)")
        run(engine, "insert into t select i, repeat('x', 500) from generate_series(1, 150) i")
        run(engine, "delete from t where a <= 15")
        run(engine, "vacuum t")
        free = run(engine, "select avail::int from pg_freespace('t') order by blkno")
        assert int(free[0][0] or 0) > 7000 and int(free[1][0] or 0) < 500


@uses("pg_visibility")
def test_pg_visibility() -> None:
    with Engine() as engine:
        run(
            engine,
            "create extension pg_visibility; create table t as select generate_series(1, 500) a",
        )
        visible = "select all_visible, all_frozen from pg_visibility_map_summary('t')"
        assert run(engine, visible) == [("0", "0")]
        run(engine, "vacuum (freeze) t")
        assert run(engine, visible) == [("3", "3")]
        run(engine, "update t set a = 0 where a = 1")
        assert run(engine, visible) != [("3", "3")]
        assert run(engine, "select * from pg_check_visible('t')") == []


@uses("pg_surgery")
def test_pg_surgery(engine: Engine) -> None:
    create(engine, "pg_surgery")
    run(engine, "create table t as select generate_series(1, 5) a; commit; begin")
    try:
        run(engine, "select heap_force_kill('t', array['(0,2)']::tid[])")
        assert column(engine, "table t") == ["1", "3", "4", "5"]
        run(engine, "select heap_force_freeze('t', array['(0,3)']::tid[])")
        assert column(engine, "select a from t where xmin = 2") == ["3"]
    finally:
        run(engine, "rollback; drop table t; drop extension pg_surgery")


@uses("pg_walinspect")
def test_pg_walinspect() -> None:
    with Engine() as engine:
        start = value(engine, "create extension pg_walinspect; select pg_current_wal_lsn()")
        run(engine, "create table t (a int primary key); insert into t values (1), (2)")
        end = value(engine, "select pg_current_wal_lsn()")
        records = run(
            engine,
            "select resource_manager, record_type"
            f" from pg_get_wal_records_info('{start}', '{end}')",
        )
        assert ("Heap", "INSERT") in records and ("Btree", "NEWROOT") in records
        assert ("Transaction", "COMMIT") in records
        stats = f"select sum(count) from pg_get_wal_stats('{start}', '{end}')"
        assert value(engine, stats) == str(len(records))


def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


@uses("pg_logicalinspect")
def test_pg_logicalinspect(tmp_path: Path) -> None:
    """On a snapshot made here: logical decoding itself needs an output plugin, and has none."""
    # SnapBuildOnDisk and SnapBuild (snapbuild_internal.h), as 32 bits lay them out.
    builder = struct.pack(
        "<iIIIQQI??2xI4xQIIII?3xIII",
        2, 0, 700, 705, 0x16AAAA0, 0, 0, False, False, 0, 0x16AAAB0, 0, 0, 2, 2, False, 0, 1, 0,
    )  # fmt: skip
    transactions = struct.pack("<III", 701, 702, 703)  # two committed, one changing the catalog
    version = struct.pack("<II", 6, len(builder) + len(transactions))
    content = version + builder + transactions
    with Engine(tmp_path / "data", settings={"wal_level": "logical"}) as engine:
        run(engine, "create extension pg_logicalinspect")
        snapshots = tmp_path / "data" / "pg_logical" / "snapshots"
        header = struct.pack("<II", 0x51A1E001, crc32c(content))
        (snapshots / "0-16AAAB0.snap").write_bytes(header + content)
        (snapshots / "0-16AAAC0.snap").write_bytes(header + content[:-1] + b"!")
        (name, *_) = run(engine, "select name from pg_ls_logicalsnapdir() order by 1")[0]
        assert run(engine, f"select * from pg_get_logical_snapshot_meta('{name}')") == [
            ("1369563137", str(crc32c(content)), "6")
        ]
        assert run(
            engine,
            "select state, xmin, xmax, start_decoding_at, committed_xip, catchange_xip"
            f" from pg_get_logical_snapshot_info('{name}')",
        ) == [("consistent", "700", "705", "0/16AAAA0", "{701,702}", "{703}")]
        for name, expected in (("0-16AAAC0.snap", "XX001"), ("0-16AAAD0.snap", "58P01")):
            broken = f"select * from pg_get_logical_snapshot_meta('{name}')"
            assert sqlstate(engine, broken) == expected, name


@uses("pg_stat_statements")
def test_pg_stat_statements() -> None:
    with Engine(settings={"shared_preload_libraries": "pg_stat_statements"}) as engine:
        run(engine, "create extension pg_stat_statements; create table t (a int, b text)")
        for number in range(5):
            run(engine, f"insert into t values ({number}, 'number {number}')")
        run(engine, "select count(*) from t where a in (1, 2, 3)")
        found = run(
            engine,
            "select query, calls, rows, total_exec_time > 0 from pg_stat_statements"
            " where query ~ '^(insert|select count)' order by query",
        )
        assert found == [
            ("insert into t values ($1, $2)", "5", "5", "t"),
            ("select count(*) from t where a in ($1 /*, ... */)", "1", "1", "t"),
        ]
        run(engine, "select pg_stat_statements_reset()")
        assert (
            value(engine, "select count(*) from pg_stat_statements where query ~ '^insert'") == "0"
        )
    with Engine() as engine:
        run(engine, "create extension pg_stat_statements")
        assert sqlstate(engine, "table pg_stat_statements") == "55000"

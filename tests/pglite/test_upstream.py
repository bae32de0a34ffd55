"""Tarballs between here and PGlite on Node."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pglite_native import PGlite
from tests import upstream

pytestmark = pytest.mark.long

SCHEMA = """
    create table t as select g, md5(g::text) as m, array[g, g + 1] as a
    from generate_series(1, 1000) g;
    create index on t (m text_pattern_ops);
    create type mood as enum ('sad', 'ok');
    create table u (id int generated always as identity primary key, mood mood, j jsonb);
    insert into u (mood, j) values ('ok', '{"a": [1, "ü"]}');
    create role alice;
    alter table u owner to alice;
"""
LOOK = """
    select (select md5(string_agg(t::text, '' order by g)) from t) as t,
        (select mood::text || j from u) as u,
        (select tableowner from pg_tables where tablename = 'u') as owner,
        (select string_agg(datname || datcollate, ' ' order by datname) from pg_database) as dbs
"""
VECTOR = """
    create extension vector;
    create table v (e vector(3));
    insert into v values ('[1,2,3]'), ('[4,5,6]');
    create index on v using hnsw (e vector_l2_ops);
"""
NEAREST = "select e::text as e from v order by e <-> '[4,4,4]' limit 1"


def test_ours_is_loaded_there_and_theirs_here(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours.tar.gz", tmp_path / "theirs.tar"
    with PGlite() as db:
        db.exec(SCHEMA)
        db.exec("create database second")
        looked = db.query(LOOK).rows
        db.dump_data_dir(ours)
    there = upstream.run(
        """
        const db = await PGlite.create({ loadDataDir: new Blob([readFileSync(arguments_.ours)]) })
        const looked = (await db.query(arguments_.look)).rows
        await db.exec("insert into u (mood, j) values ('sad', '[]')")
        const dump = await db.dumpDataDir('none')
        writeFileSync(arguments_.theirs, new Uint8Array(await dump.arrayBuffer()))
        return looked
        """,
        ours=str(ours),
        theirs=str(theirs),
        look=LOOK,
    )
    assert there == looked
    with PGlite(load_data_dir=theirs) as db:
        assert [row["id"] for row in db.query("select id from u order by id").rows] == [1, 2]
        db.exec("delete from u where id = 2")
        assert db.query(LOOK).rows == looked
        count = sum(hashlib.md5(b"%d" % g).hexdigest()[0] == "a" for g in range(1, 1001))
        assert db.query("select count(*) as n from t where m like 'a%'").rows == [{"n": count}]


def test_a_database_begun_there(tmp_path: Path) -> None:
    """Its initdb is PGlite's own: WAL segments of 16 MiB, its own locale settings; and vector."""
    theirs = tmp_path / "theirs.tar.gz"
    looked = upstream.run(
        """
        const { vector } = await import(arguments_.vector)
        const db = await PGlite.create({ extensions: { vector } })
        await db.exec(arguments_.schema)
        const dump = await db.dumpDataDir()
        writeFileSync(arguments_.theirs, new Uint8Array(await dump.arrayBuffer()))
        return (await db.query(arguments_.look)).rows
        """,
        vector=(upstream.package("pglite-pgvector") / "dist" / "index.js").as_uri(),
        schema=SCHEMA + VECTOR,
        theirs=str(theirs),
        look=LOOK,
    )
    with PGlite(tmp_path / "data", load_data_dir=theirs) as db, db.clone() as clone:
        for database in (db, clone):
            assert database.query(LOOK).rows == looked
            assert database.query(NEAREST).rows == [{"e": "[4,5,6]"}]
            assert database.query("show wal_segment_size").rows == [{"wal_segment_size": "16MB"}]
        db.exec("insert into v select '[7,8,9]' from generate_series(1, 100)")
    with PGlite(tmp_path / "data") as db:
        assert db.query("select count(*) as n from v").rows == [{"n": 102}]
        db.dump_data_dir(tmp_path / "back.tar")
    there = upstream.run(
        """
        const { vector } = await import(arguments_.vector)
        const loadDataDir = new Blob([readFileSync(arguments_.back)])
        const db = await PGlite.create({ loadDataDir, extensions: { vector } })
        return (await db.query(arguments_.nearest)).rows
        """,
        vector=(upstream.package("pglite-pgvector") / "dist" / "index.js").as_uri(),
        back=str(tmp_path / "back.tar"),
        nearest=NEAREST,
    )
    assert there == [{"e": "[4,5,6]"}]

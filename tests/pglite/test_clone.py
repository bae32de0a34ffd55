"""Clones, and databases in directories."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from pglite_native import EngineError, PGlite, TransactionError

NUMERIC = 1700


def test_a_clone_goes_its_own_way(db: PGlite) -> None:
    db.exec("create table t as select 1 as a; create domain d as int; set work_mem = '5MB'")
    db.parsers[NUMERIC] = Fraction
    with db.clone() as clone:
        clone.exec("insert into t values (2)")
        assert clone.query("select array_agg(a) as a, 0.5 as f from t").rows == [
            {"a": [1, 2], "f": Fraction(1, 2)}
        ]
        assert clone.query("show work_mem").rows == [{"work_mem": "5MB"}]
        del clone.parsers[NUMERIC]
        db.exec("insert into t values (3)")
    assert db.query("select array_agg(a) as a, 0.5 as f from t").rows == [
        {"a": [1, 3], "f": Fraction(1, 2)}
    ]


def test_a_clone_hears_nothing_of_what_the_other_listened_to(db: PGlite) -> None:
    heard: list[str] = []
    db.listen("a", heard.append)
    with db.clone() as clone:
        clone.exec("notify a")
        assert clone.query("select pg_listening_channels()").rows == []
    assert heard == []


def test_an_open_transaction_is_not_cloned(db: PGlite) -> None:
    with db.transaction(), pytest.raises(TransactionError, match="open"):
        db.clone()


def test_a_directory_is_kept_and_can_be_cloned(tmp_path: Path) -> None:
    with PGlite(tmp_path / "data", settings={"work_mem": "7MB"}) as db:
        db.exec("create table t as select 1 as a")
        with db.clone() as clone:
            clone.exec("update t set a = 2")
            assert clone.query("select current_setting('work_mem') as w, a from t").rows == [
                {"w": "7MB", "a": 2}
            ]
    with PGlite(tmp_path / "data") as db:
        assert db.query("select * from t").rows == [{"a": 1}]


def test_options_are_those_of_the_engine() -> None:
    with PGlite(seed=1) as one, PGlite(seed=1) as two:
        random = "select gen_random_uuid() as u"
        assert one.query(random) == two.query(random)
    with pytest.raises(EngineError, match="nobody"):
        PGlite(user="nobody")


def test_a_database_that_has_had_other_sessions_can_be_cloned(db: PGlite) -> None:
    db.exec("create table t (a int primary key); insert into t values (1)")
    with db.connect() as other:
        other.exec("insert into t values (2)")
    with db.clone() as clone:
        assert clone.query("select a from t order by a").rows == [{"a": 1}, {"a": 2}]
        clone.exec("drop table t; create table u (a int primary key)")
    assert db.query("select count(*) from t").rows == [{"count": 2}]

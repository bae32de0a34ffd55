"""Libraries without an extension: LOAD is enough."""

from __future__ import annotations

import json
import logging

import pytest

from pglite_native import Engine
from tests.engine.sql import run, sqlstate, value
from tests.extensions.bundled import loads


@loads("auto_explain")
def test_auto_explain(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "pglite_native.guest")
    with Engine() as engine:
        run(engine, "load 'auto_explain'; set auto_explain.log_min_duration = 0")
        run(engine, "set auto_explain.log_analyze = on; set auto_explain.log_format = json")
        run(engine, "select count(*) from generate_series(1, 42) as numbers")
    log = caplog.text
    assert '"Query Text": "select count(*) from generate_series(1, 42) as numbers"' in log
    assert '"Actual Rows": 42.00' in log


@loads("passwordcheck")
def test_passwordcheck() -> None:
    with Engine() as engine:
        run(engine, "load 'passwordcheck'")
        for password in ("short", "lettersonly", "carol1234567"):
            assert sqlstate(engine, f"create role carol password '{password}'") == "22023", password
        run(engine, "create role carol password 'correct horse 9'")


@loads("pg_overexplain")
def test_pg_overexplain(engine: Engine) -> None:
    run(engine, "load 'pg_overexplain'")
    query = "explain (debug, range_table, format json) select relname from pg_class"
    (explained,) = json.loads(value(engine, query) or "")
    assert explained["PlannedStmt"]["Command Type"] == "select"
    assert explained["Range Table"][0]["Eref"].startswith("pg_class")


@loads("pgoutput")
def test_pgoutput() -> None:
    with Engine(settings={"wal_level": "logical"}) as engine:
        run(engine, "select pg_create_logical_replication_slot('s', 'pgoutput')")
        assert value(engine, "select plugin from pg_replication_slots") == "pgoutput"


@loads("libpqwalreceiver")
def test_libpqwalreceiver(engine: Engine) -> None:
    connect = "create subscription s connection '{}' publication p with (connect = false)"
    assert sqlstate(engine, connect.format("nonsense")) == "42601"
    run(engine, connect.format("host=nowhere"))

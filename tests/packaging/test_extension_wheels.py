"""Extensions as wheels: made, installed where there is no network, and used without a compiler."""

from __future__ import annotations

import platform
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.licenses import canonicalize_license_expression

from pglite_native.extensions.published import PINS, WHEELS
from tests.building import alone
from tests.distributions import install
from tests.extensions import packages
from tests.extensions.packages import package
from tools import ROOT
from tools.contrib import build as contrib
from tools.wheels import licences
from tools.wheels.extensions import make
from tools.wheels.targets import TARGETS
from vendor.pins import VendorError, read_toml

PROJECT = read_toml(ROOT / "pyproject.toml")["project"]

# What each is asked, and what it has to answer last. PostGIS, which takes an hour to compile, is
# made like the others.
USES = {
    **packages.USES,
    "age": (
        "set search_path = ag_catalog, public; select create_graph('people');"
        "select * from cypher('people', $$ unwind range(1, 9) as n return sum(n) $$) as (a agtype)",
        "45",
    ),
    "pg_ivm": (
        "create table t (a int); select pgivm.create_immv('v', 'select sum(a) from t');"
        "insert into t values (40), (2); select sum from v",
        "42",
    ),
    "pg_prewarm": ("create table t as select 1; select pg_prewarm('t')", "1"),
    "pgrowlocks": (
        "create table t as select 1 as a; begin; select a from t for update;"
        "select modes::text from pgrowlocks('t')",
        '{"For Update"}',
    ),
    "pgstattuple": (
        "create table t as select generate_series(1, 10) as a; delete from t where a > 7;"
        "select dead_tuple_count from pgstattuple('t')",
        "3",
    ),
    "test_decoding": (
        "select pg_create_logical_replication_slot('s', 'test_decoding');"
        "create table t (a int); insert into t values (1);"
        "select data from pg_logical_slot_get_changes('s', null, null) where data ~ 'INSERT'",
        "table public.t: INSERT: a[integer]:1",
    ),
    "pgtap": ("select plan(1); select ok(true, 'it is')", "ok 1 - it is"),
}
ASK = """
import sys
from pglite_native import PGlite
from pglite_native.engine import guest
name, sql = sys.argv[1:]
settings = {
    "pg_textsearch": {"shared_preload_libraries": name},
    "test_decoding": {"wal_level": "logical"},
}
with PGlite(extensions=[name], settings=settings.get(name, {})) as db:
    if name != "test_decoding":  # which has no SQL
        db.exec(f"create extension {name}")
    results = [db.exec(statement)[-1] for statement in sql.split(";")]
    print(list(results[-1].rows[0].values())[0])
print(guest.runtime().tier, guest.runtime().added_tier)
"""


def fetch(name: str) -> None:
    """Fetch what a wheel is made of, or skip the test where that cannot be had."""
    if name in PINS:
        package(name)
    else:
        try:
            contrib.archives()
        except VendorError as error:
            pytest.skip(f"PostgreSQL's source is not to be had: {error}")


def wheels(name: str, folder: Path) -> list[Path]:
    """Those of an extension for this machine. What they hold stays in build/ for the next time."""
    fetch(name)
    target = [item for item in TARGETS if item.name == f"manylinux-{platform.machine()}"]
    if sys.platform != "linux" or not target:
        pytest.skip("no wheels are made for this machine")
    with alone():
        return make(name, target, folder)


@pytest.mark.long
@pytest.mark.parametrize("name", USES)
def test_an_installed_extension_is_used(name: str, site: Path, tmp_path: Path) -> None:
    (wheel,) = wheels(name, tmp_path / "dist")
    install(wheel, tmp_path / "site")
    sql, answer = USES[name]
    result = subprocess.run(
        [sys.executable, "-c", ASK, name, sql],
        cwd=tmp_path,
        env={
            "PATH": "",
            "PYTHONPATH": f"{site}:{tmp_path / 'site'}",
            "PGLITE_NATIVE_HOME": str(tmp_path / "home"),
        },
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    compiled = (site / "pglite_native" / "resources" / "pglite-aot.so").exists()
    tier = "aot" if compiled else "wasm3"
    has_code = not wheel.name.endswith("-none-any.whl")
    assert result.stdout.splitlines() == [answer, f"{tier} {tier if has_code else None}"]


def test_a_wheel_tells_what_it_is(tmp_path: Path) -> None:
    (wheel,) = wheels("pg_uuidv7", tmp_path)
    assert re.match(r"pglite_native_pg_uuidv7-[\d.]+-py3-none-manylinux2014_", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        files = {path.partition(".dist-info/")[2] or path for path in archive.namelist()}
        text = {
            path.rpartition("/")[2]: archive.read(path).decode()
            for path in archive.namelist()
            if ".dist-info/" in path
        }
    assert {"METADATA", "WHEEL", "RECORD", "entry_points.txt"} <= files
    named = {"LICENSE", "NOTICE", "NOTICE.pg_uuidv7", "MPL-2.0.txt"}
    assert {path for path in files if path.startswith("licenses/")} == {
        f"licenses/{name}" for name in named
    }
    assert set(re.findall("^License-File: (.*)$", text["METADATA"], re.MULTILINE)) == named
    assert "License-Expression: Apache-2.0 AND MPL-2.0\n" in text["METADATA"]
    assert text["MPL-2.0.txt"].startswith("Mozilla Public License Version 2.0\n")
    assert "pg_uuidv7: MPL-2.0\n    Copyright (c) 2023-2025 fboulnois\n" in text["NOTICE.pg_uuidv7"]
    assert f"Requires-Dist: pglite-native=={PROJECT['version']}\n" in text["METADATA"]
    assert "pg_uuidv7 = pglite_native_pg_uuidv7\n" in text["entry_points.txt"]


def test_the_same_comes_of_the_same(tmp_path: Path) -> None:
    made = [wheels("pg_uuidv7", tmp_path / name)[0].read_bytes() for name in "ab"]
    assert made[0] == made[1]


def test_every_one_is_an_extra_of_this_version() -> None:
    extras = PROJECT["optional-dependencies"]
    for name in (*PINS, *WHEELS):
        extra = name.replace("_", "-")
        assert extras[extra] == [f"pglite-native-{extra}=={PROJECT['version']}"]
    assert {*PINS, *WHEELS} == {*USES, "postgis"}


@pytest.mark.parametrize("name", [*PINS, *WHEELS])
def test_licences_are_spdx_s_and_have_their_texts(name: str) -> None:
    fetch(name)  # or skip: without a network there are no texts either
    expression = licences.expression(name)
    assert canonicalize_license_expression(expression) == expression
    texts = licences.files(name)
    assert texts.keys() == {f"NOTICE.{name}"} | {
        f"{licence}.txt" for licence in expression.split(" AND ")[1:]
    }
    assert all(part.name.encode() in texts[f"NOTICE.{name}"] for part in licences.parts(name))


def test_postgis_has_the_licences_of_what_is_in_it() -> None:
    assert set(licences.expression("postgis").split(" AND ")) >= {
        *("GPL-2.0-or-later", "LGPL-2.1-or-later", "MIT", "libtiff", "Qhull")
    }

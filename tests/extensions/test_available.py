"""The bundled extensions are those that the tests beside this one use, no more and no fewer."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

from pglite_native import Engine
from tests.engine.sql import run, value
from tests.extensions.bundled import EXTENSIONS, LIBRARIES, column
from tools import ROOT

for test in Path(__file__).parent.glob("test_*.py"):
    importlib.import_module(f"tests.extensions.{test.stem}")

# A library is called like its extension, but for one.
OF_EXTENSIONS = EXTENSIONS - {"intarray"} | {"_int"}


def test_every_available_extension_is_tested(engine: Engine) -> None:
    assert set(column(engine, "select name from pg_available_extensions")) == EXTENSIONS


def test_the_documentation_lists_them(engine: Engine) -> None:
    text = (ROOT / "docs" / "EXTENSIONS.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| ([\w-]+) \| ([\d.]+) \| (.+) \|$", text, re.MULTILINE)
    available = "select name, default_version, comment from pg_available_extensions order by name"
    assert listed == run(engine, available)


def test_every_library_is_tested(engine: Engine) -> None:
    files = column(engine, "select pg_ls_dir('/pglite/lib/postgresql')")
    libraries = {file[:-3] for file in files if file and file.endswith(".so")}
    # tests/oracle uses these.
    conversions = column(
        engine,
        "select distinct regexp_replace(probin, '.*/', '') from pg_conversion"
        " join pg_proc on pg_proc.oid = conproc",
    )
    assert libraries == OF_EXTENSIONS | LIBRARIES | set(conversions) | {"dict_snowball"}


def test_every_extension_can_be_created_beside_all_the_others(engine: Engine) -> None:
    for name in sorted(EXTENSIONS - {"plpgsql"}):
        assert value(engine, f'create extension if not exists "{name}" cascade; select 1') == "1"
    assert value(engine, "select count(*) from pg_extension") == str(len(EXTENSIONS))
    for name in sorted(EXTENSIONS - {"plpgsql"}):
        assert value(engine, f'drop extension if exists "{name}" cascade; select 1') == "1"
    assert column(engine, "select extname from pg_extension") == ["plpgsql"]

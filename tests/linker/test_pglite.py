"""The real thing: PGlite with all its side modules, as the build links it."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pglite_native.linker import (
    LinkError,
    SideModule,
    UnresolvedSymbolsError,
    link,
)
from pglite_native.linker.decoder import decode
from pglite_native.linker.encoder import encode
from pglite_native.linker.instructions import references
from pglite_native.linker.module import Kind
from tests.linker.host import Host
from tests.linker.wabt import validate
from tools import ROOT
from tools import link as build

VENDOR, GUEST = ROOT / "build" / "vendor", ROOT / "build" / "guest"
MAIN = VENDOR / "pglite" / "dist" / "pglite.wasm"


@pytest.fixture(scope="module")
def sides() -> list[SideModule]:
    assert MAIN.is_file(), "`make build` fetches what these tests link"
    return [
        SideModule(module.name, module.binary, module.export)
        for module in build.side_modules(VENDOR, GUEST)
    ]


@pytest.fixture(scope="module")
def main() -> bytes:
    return MAIN.read_bytes()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("link")
    build.link(VENDOR, GUEST, folder)
    return folder


@pytest.fixture(scope="module")
def report(built: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((built / "report.json").read_text())
    return found


@pytest.fixture(scope="module")
def host(built: Path) -> Host:
    return Host((built / "pglite.wasm").read_bytes())


def test_codec_round_trip(sides: list[SideModule]) -> None:
    binaries = {module.name: module.binary for module in sides}
    binaries |= {name: (MAIN.parent / name).read_bytes() for name in ("pglite.wasm", "initdb.wasm")}
    changed = {name for name, binary in binaries.items() if encode(decode(binary)) != binary}
    # Of our own objects wasm-ld does not write every integer in its shortest form.
    assert changed <= {"polling", "encoding", "replication"}


@pytest.mark.long
def test_result_is_validated(report: dict[str, Any]) -> None:
    assert report["validated_by"] == "wabt wasm-validate"


@pytest.mark.long
def test_every_module_is_linked(report: dict[str, Any]) -> None:
    names = [module["name"] for module in report["modules"]]
    assert names[:5] == ["polling", "encoding", "replication", "plpgsql", "dict_snowball"]
    assert names[-1] == "vector"
    assert len(names) == 72


def test_nothing_overlaps(report: dict[str, Any]) -> None:
    modules = report["modules"]
    for one, next_one in pairwise(modules):
        assert one["memory_base"] + one["memory_size"] <= next_one["memory_base"]
        assert one["table_base"] + one["table_size"] <= next_one["table_base"]
    before = decode(MAIN.read_bytes())
    assert modules[0]["table_base"] >= before.tables[0].limits.minimum
    assert modules[-1]["memory_base"] + modules[-1]["memory_size"] <= report["heap_base"]


def test_only_openssl_and_libpq_have_undefined_symbols(report: dict[str, Any]) -> None:
    modules = [item["module"] for item in report["allowed"]]
    assert Counter(modules) == {"pgcrypto": 13, "libpqwalreceiver": 39}
    assert all(item["reason"] for item in report["allowed"])


def test_every_import_has_a_subsystem(report: dict[str, Any], host: Host) -> None:
    imports = {item["name"] for group in report["imports"].values() for item in group}
    assert imports == {item.name for item in host.module.imported(Kind.FUNCTION)}
    files = {path.stem for path in (ROOT / "csrc" / "host").glob("*.c")}
    assert report["imports"].keys() <= files
    assert len(report["imports"]) > 15
    new = {item["name"] for group in report["imports"].values() for item in group if item["is_new"]}
    assert "invoke_vijiiidjiiiiii" in new
    of_our_guest_code = {
        "pglite_host_wait",
        "pglite_host_sleep",
        "pglite_host_clone_file",
        "pglite_host_keep_template",
        "pglite_host_need_wal_writer",
        "pglite_host_signal",
        "pglite_host_wake",
        "pglite_recv",
        "pglite_send",
    }
    assert new - {"invoke_vijiiidjiiiiii"} <= of_our_guest_code


def test_functions_are_wrapped_with_reasons(report: dict[str, Any]) -> None:
    assert {item["symbol"] for item in report["wrapped"]} == (
        build.WRAPS.keys() | build.REPLACES.keys()
    )
    assert all(item["by"] == "polling" and item["reason"] for item in report["wrapped"])


def test_import_of_no_subsystem_stops_the_build() -> None:
    with pytest.raises(LinkError, match="answers the import fork"):
        build.subsystem_of("fork")


def test_exports_of_the_original_stay(main: bytes, host: Host) -> None:
    before, after = decode(main), host.module
    for kind in Kind:
        assert before.exported(kind).keys() <= after.exported(kind).keys()
    added = after.exported(Kind.FUNCTION).keys() - before.exported(Kind.FUNCTION).keys()
    assert {"__pglite_link_init", "pglite_get_control", "pglite_transport_install"} <= added
    assert all(name.startswith(("pglite_", "__pglite_", "__wrap_")) for name in added)


def test_link_table_has_every_export(sides: list[SideModule], host: Host) -> None:
    assert host.modules().keys() == {module.name for module in sides}
    for module in sides:
        exports = {item.name for item in decode(module.binary).exports}
        exports = {name for name in exports if not name.startswith("__wasm_")}
        symbols = host.symbols(module.name)
        assert symbols.keys() == exports
        functions = [value for kind, value in symbols.values() if kind == 0]
        assert all(slot in host.table for slot in functions)


@pytest.mark.long
def test_link_is_reproducible(main: bytes, sides: list[SideModule], built: Path) -> None:
    assert link(main, sides, build.POLICY).binary == (built / "pglite.wasm").read_bytes()


@pytest.mark.long
def test_extensions_added_later(main: bytes, sides: list[SideModule], host: Host) -> None:
    """Also one that needs an import of a new shape, as `extension add` may meet it."""
    late = [module for module in sides if module.name in ("vector", "pg_stat_statements")]
    linked = link(main, [module for module in sides if module not in late], build.POLICY)
    new_imports: list[str] = []
    for module in late:
        linked = link(linked.binary, [module])
        new_imports += [item.name for item in linked.host_functions if item.is_new]
    validate(linked.binary)
    assert new_imports == ["invoke_vijiiidjiiiiii"]
    late_host = Host(linked.binary)
    assert late_host.modules().keys() == host.modules().keys()
    for name in host.modules():
        assert late_host.symbols(name).keys() == host.symbols(name).keys()


def test_undefined_symbols_of_pgcrypto_are_all_listed(main: bytes, sides: list[SideModule]) -> None:
    crypto = [module for module in sides if module.name == "pgcrypto"]
    with pytest.raises(UnresolvedSymbolsError) as caught:
        link(main, crypto)
    assert {symbol for _, symbol in caught.value.symbols} == build.ALLOWED["pgcrypto"].keys()


def test_its_code_reads_no_constant_that_a_further_link_changes(built: Path) -> None:
    """Or what was compiled of it would not serve a guest with extensions added."""
    module = decode((built / "pglite.wasm").read_bytes())
    read = references(module.code).read_globals
    assert read
    assert all(module.globals[index].type.mutable for index in read)

"""Leaving out functions that nothing leads to."""

from __future__ import annotations

from pglite_native.linker import Linked, Policy, SideModule
from pglite_native.linker.base import Base
from tests.linker.modules import link_text, results, side

ARCHIVE = side(
    "archive",
    """(import "GOT.func" "by_address" (global $pointer (mut i32)))
    (import "GOT.func" "address_of_nothing" (global $unused (mut i32)))
    (type $number (func (result i32)))
    (elem (global.get $table_base) func $virtual)
    (func $virtual (result i32) (i32.const 100))
    (func $helper (result i32) (i32.const 20))
    (func $forgotten_helper (result i32) (global.get $unused))
    (func (export "address_of_nothing") (result i32) (i32.const 0))
    (func (export "by_address") (result i32) (i32.const 3))
    (func (export "forgotten") (result i32) (call $forgotten_helper))
    (func (export "helped") (result i32)
      (i32.add (call $helper) (call_indirect (type $number) (global.get $pointer))))
    (func (export "info_total") (result i32) (i32.const 1))
    (func (export "total") (result i32)
      (i32.add (call_indirect (type $number) (global.get $table_base)) (call $helper)))""",
    table=1,
    export=False,
)
USER = side(
    "user",
    """(import "env" "helped" (func $helped (result i32)))
    (func (export "use") (result i32) (call $helped))""",
)


def functions(linked: Linked) -> int:
    (archive,) = (module for module in linked.modules if module.name == "archive")
    return archive.functions


def symbols(linked: Linked, name: str) -> set[str]:
    (entry,) = (entry for entry in Base(linked.binary).entries if entry.name == name)
    return set(entry.symbols)


def pruned(*modules: SideModule, roots: str) -> Linked:
    return link_text(*modules, policy=Policy(roots=roots))


def test_without_roots_all_is_kept() -> None:
    linked = link_text(ARCHIVE)
    assert functions(linked) == 9
    assert {"forgotten", "helped", "by_address"} <= symbols(linked, "archive")


def test_what_a_root_leads_to_is_kept_and_nothing_else() -> None:
    linked = pruned(ARCHIVE, roots="helped")
    # helped, what it calls, what it takes the address of, and what the table has.
    assert functions(linked) == 4
    assert symbols(linked, "archive") == {"helped"}


def test_what_another_module_calls_is_kept() -> None:
    linked = pruned(ARCHIVE, USER, roots="use")
    assert functions(linked) == 4
    assert symbols(linked, "archive") == set()
    assert results(linked.binary)["use"] == "i32:23"


def test_what_a_root_s_name_names_is_kept() -> None:
    linked = pruned(ARCHIVE, roots=r"info_(\w+)")
    assert symbols(linked, "archive") == {"info_total", "total"}
    assert functions(linked) == 4  # with $helper and $virtual


def test_exports_are_kept() -> None:
    exported = SideModule("archive", ARCHIVE.binary, export=True)
    found = results(pruned(exported, roots="nothing").binary)
    assert found["total"] == "i32:120" and found["helped"] == "i32:23"

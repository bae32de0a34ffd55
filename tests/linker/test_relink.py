"""Linking onto the result of an earlier link, as `extension add` does."""

from __future__ import annotations

import pytest

from pglite_native.linker import Linked, LinkError, Policy, SideModule, link
from tests.linker.modules import BASE, link_text, results, side
from tests.linker.wabt import run, validate

COUNTER = side(
    "counter",
    """(import "GOT.mem" "answer" (global $answer (mut i32)))
    (global (export "counted") i32 (i32.const 4))
    (data (global.get $memory_base) "\\00\\00\\00\\00\\05")
    (func (export "__wasm_call_ctors")
      (i32.store (global.get $answer) (i32.add (i32.load (global.get $answer)) (i32.const 1))))
    (func (export "count") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))""",
    memory=8,
    export=False,
)

USER = side(
    "user",
    """(import "env" "count" (func $count (param i32) (result i32)))
    (import "GOT.func" "count" (global $pointer (mut i32)))
    (import "GOT.func" "twice" (global $twice (mut i32)))
    (import "GOT.mem" "counted" (global $counted (mut i32)))
    (import "GOT.mem" "answer" (global $answer (mut i32)))
    (type $unary (func (param i32) (result i32)))
    (func (export "__wasm_call_ctors")
      (i32.store (global.get $answer) (i32.mul (i32.load (global.get $answer)) (i32.const 2))))
    (func (export "direct") (result i32) (call $count (i32.const 1)))
    (func (export "indirect") (result i32)
      (call_indirect (type $unary) (i32.const 2) (global.get $pointer)))
    (func (export "datum") (result i32) (i32.load (global.get $counted)))
    (func (export "constructed") (result i32) (i32.load (global.get $answer)))
    (func (export "twice_pointer") (result i32) (global.get $twice))""",
    memory=16,
)

SHAPE = side(
    "shape",
    """(import "env" "invoke_vd" (func $invoke (param i32 f64)))
    (import "env" "host" (func $host (param i32) (result i32)))
    (func (export "use") (result i32)
      (call $invoke (i32.const 1) (f64.const 2))
      (call $host (i32.const 6)))""",
)


def one_by_one(*modules: SideModule) -> Linked:
    linked = link_text()
    for module in modules:
        linked = link(linked.binary, [module])
        validate(linked.binary)
    return linked


def test_modules_linked_one_by_one_do_what_they_do_linked_at_once() -> None:
    at_once = link_text(COUNTER, USER, SHAPE)
    assert results(one_by_one(COUNTER, USER, SHAPE).binary) == results(at_once.binary) | {
        # Only the heap may begin elsewhere, if alignment leaves a gap.
        "base_break": f"i32:{one_by_one(COUNTER, USER, SHAPE).heap_base}",
    }


def test_symbols_of_an_earlier_link_are_found() -> None:
    found = results(one_by_one(COUNTER, USER).binary)
    assert found["direct"] == "i32:2"
    assert found["indirect"] == "i32:3"
    assert found["datum"] == "i32:5"
    assert found["twice_pointer"] == "i32:2"


def test_constructors_of_the_earlier_link_run_first() -> None:
    assert results(one_by_one(COUNTER, USER).binary)["constructed"] == f"i32:{(42 + 1) * 2}"


def test_new_import_moves_what_an_earlier_link_added() -> None:
    ran = run(one_by_one(COUNTER, USER, SHAPE).binary)
    assert ran.results["direct"] == "i32:2"
    assert ran.results["indirect"] == "i32:3"
    assert "env.invoke_vd(i32:1, f64:2.000000)" in ran.host_calls
    assert ran.host_calls[-1] == "env.host(i32:6)"


def test_function_that_a_global_of_the_base_holds_is_moved() -> None:
    base = BASE.replace(
        "(func $clear",
        """(global $held funcref (ref.func $twice))
        (func (export "held") (result i32)
          (table.set (i32.const 0) (global.get $held))
          (call_indirect (param i32) (result i32) (i32.const 4) (i32.const 0)))
        (func $clear""",
    )
    assert results(link_text(SHAPE, base=base).binary)["held"] == "i32:8"


def test_link_table_is_replaced_not_repeated() -> None:
    """Room taken by the earlier table is used again."""
    linked = one_by_one(COUNTER)
    again = link(linked.binary, [])
    assert again.binary == linked.binary


def test_linking_nothing_more_is_the_identity() -> None:
    linked = link_text(COUNTER, USER, SHAPE)
    assert link(linked.binary, []).binary == linked.binary


def test_module_cannot_be_linked_again() -> None:
    with pytest.raises(LinkError, match="linked twice: counter"):
        link(link_text(COUNTER).binary, [COUNTER])


def test_new_import_has_to_be_one_that_hosts_provide() -> None:
    module = side("module", '(import "env" "fork" (func $fork (result i32)))')
    base = link_text(COUNTER).binary
    with pytest.raises(LinkError, match=r"1 unresolved symbols:\n  module: fork"):
        link(base, [module])
    assert link(base, [module], Policy(host_imports=r"env\.fork")).host_functions[-1].name == "fork"

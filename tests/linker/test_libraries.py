"""Modules that are linked only where they are needed."""

from __future__ import annotations

import pytest

from pglite_native.linker import LinkError, SideModule, link
from tests.linker.modules import BASE, results, side
from tests.linker.wabt import assemble, validate

SQUARES = side(
    "squares",
    """(import "env" "product" (func $product (param i32 i32) (result i32)))
    (func (export "square") (param i32) (result i32)
      (call $product (local.get 0) (local.get 0)))""",
    export=False,
)
PRODUCTS = side(
    "products",
    """(global (export "calls") i32 (i32.const 0))
    (func (export "product") (param i32 i32) (result i32)
      (i32.mul (local.get 0) (local.get 1)))
    (func (export "twice") (param i32) (result i32) (i32.const 0))""",
    memory=4,
    export=False,
)
LIBRARIES = (SQUARES, PRODUCTS)


def names(*modules: SideModule) -> list[str]:
    linked = link(assemble(BASE), modules, libraries=LIBRARIES)
    validate(linked.binary)
    return [module.name for module in linked.modules]


def test_a_library_is_linked_where_a_function_is_needed_and_with_what_it_needs_itself() -> None:
    user = side(
        "user",
        """(import "env" "square" (func $square (param i32) (result i32)))
        (func (export "use") (result i32) (call $square (i32.const 7)))""",
    )
    assert names(user) == ["user", "squares", "products"]
    found = results(link(assemble(BASE), [user], libraries=LIBRARIES).binary)
    assert found["use"] == "i32:49"


def test_a_library_is_linked_where_an_address_is_needed() -> None:
    user = side("user", '(import "GOT.mem" "calls" (global $calls (mut i32)))')
    assert names(user) == ["user", "products"]
    user = side("user", '(import "GOT.func" "product" (global $product (mut i32)))')
    assert names(user) == ["user", "products"]


def test_a_library_is_not_linked_for_what_is_there() -> None:
    """The base has twice, and the user square."""
    user = side(
        "user",
        """(import "env" "twice" (func $twice (param i32) (result i32)))
        (import "env" "square" (func $square (param i32) (result i32)))
        (func (export "square") (param i32) (result i32) (call $twice (local.get 0)))""",
    )
    assert names(user) == ["user"]


def test_what_libraries_lack_is_named() -> None:
    user = side("user", '(import "env" "cube" (func $cube (param i32) (result i32)))')
    with pytest.raises(LinkError, match=r"1 unresolved symbols:\n  user: cube"):
        names(user)

"""Cutting out what a link has added, to be compiled against the base's code."""

from __future__ import annotations

import pytest

from pglite_native.linker import LinkError, Policy, Wrap, cut, link
from pglite_native.linker.decoder import decode
from pglite_native.linker.module import Kind
from pglite_native.linker.part import read_added
from tests.linker.modules import link_text, side
from tests.linker.test_relink import COUNTER, SHAPE, USER
from tests.linker.wabt import validate


def onto_a_link(*sides: str) -> bytes:
    modules = {"counter": COUNTER, "user": USER, "shape": SHAPE}
    return link(link_text(COUNTER).binary, [modules[name] for name in sides]).binary


def test_the_added_functions_are_there_with_what_they_refer_to() -> None:
    binary = onto_a_link("user")
    part = cut(binary)
    assert part is not None
    validate(part.binary)
    whole, own = decode(binary), decode(part.binary)
    assert own.types == whole.types and own.globals == whole.globals and own.tables == whole.tables
    assert own.custom("build_id") == whole.custom("build_id")
    base = decode(link_text(COUNTER).binary)
    assert len(own.functions) == len(whole.functions) - len(base.functions)
    assert [item.name for item in own.exports if item.name == "direct"] == ["direct"]
    assert part.first_function == len(base.signatures())
    assert part.first_element == base.tables[0].limits.minimum
    assert own.data == [] and own.start is None


def test_functions_of_the_base_are_imports_with_where_they_are_found() -> None:
    binary = onto_a_link("user")
    part = cut(binary)
    assert part is not None
    imported = decode(part.binary).imported(Kind.FUNCTION)
    of_base = [int(item.name) for item in imported if item.module == "base"]
    assert len(of_base) == len(part.links)
    base = decode(link_text(COUNTER).binary)
    exported = {item.index for item in base.exports if item.kind == Kind.FUNCTION}
    for index, place in zip(of_base, part.links, strict=True):
        assert place.is_element or (index in exported and place.number == index)
    # count, of the module that was linked before, is exported by nothing but the link table.
    assert any(place.is_element for place in part.links)


def test_a_new_import_moves_the_base_and_not_its_own_numbers() -> None:
    moved, unmoved = (cut(onto_a_link(*names)) for names in (("user", "shape"), ("user",)))
    assert moved is not None and unmoved is not None
    assert moved.first_function == unmoved.first_function + 1
    assert moved.links[: len(unmoved.links)] == unmoved.links
    added = read_added(decode(onto_a_link("user", "shape")))
    assert added is not None and added.new_imports == 1


def test_nothing_added_gives_no_part() -> None:
    datum = side("datum", '(global (export "d") i32 (i32.const 0))', memory=4)
    assert cut(link(link_text().binary, [datum]).binary) is None


def test_what_was_linked_onto_is_named_by_its_build_id() -> None:
    base = link_text(COUNTER).binary
    content = decode(base).custom("build_id")
    added = read_added(decode(onto_a_link("user")))
    assert added is not None and content == bytes([len(added.base_id)]) + added.base_id
    assert read_added(decode(base)) is None, "it was linked onto a module without one"
    with pytest.raises(LinkError, match="not linked onto a module that has a build_id"):
        cut(base)


def test_a_base_that_is_changed_is_not_named() -> None:
    """Its code is another then."""
    wrapper = side(
        "wrapper",
        """(import "env" "__real_twice" (func $real (param i32) (result i32)))
        (func (export "__wrap_twice") (param i32) (result i32) (call $real (local.get 0)))""",
    )
    base = link_text(COUNTER).binary
    wrapped = link(base, [wrapper], Policy(wraps={"twice": Wrap("to see")})).binary
    assert read_added(decode(wrapped)) is None

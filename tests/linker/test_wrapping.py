"""Functions of the base that a side module takes the place of."""

from __future__ import annotations

import pytest

from pglite_native.linker import LinkError, Policy, Wrap, link
from tests.linker.modules import BASE, link_text, results, side
from tests.linker.wabt import assemble

TWICE = Policy(wraps={"twice": Wrap("for the test")})

THRICE = """(func (export "__wrap_twice") (param i32) (result i32)
  (i32.mul (local.get 0) (i32.const 3)))"""

CALLER = """(import "env" "twice" (func $twice (param i32) (result i32)))
  (import "GOT.func" "twice" (global $address (mut i32)))
  (type $unary (func (param i32) (result i32)))
  (func (export "by_name") (result i32) (call $twice (i32.const 5)))
  (func (export "by_address") (result i32)
    (call_indirect (type $unary) (i32.const 5) (global.get $address)))
  (func (export "by_base_s_address") (result i32)
    (call_indirect (type $unary) (i32.const 5) (i32.const 2)))"""


def test_every_call_goes_to_the_wrapper() -> None:
    linked = link_text(side("caller", CALLER), side("wrapper", THRICE), policy=TWICE)
    found = results(linked.binary)
    assert found["base_twice_21"] == "i32:63"
    assert found["by_name"] == found["by_address"] == found["by_base_s_address"] == "i32:15"
    (wrapping,) = linked.wrappings
    assert (wrapping.symbol, wrapping.module, wrapping.reason) == (
        "twice", "wrapper", "for the test"
    )  # fmt: skip


def test_the_wrapper_can_call_the_original() -> None:
    wrapper = side(
        "wrapper",
        """(import "env" "__real_twice" (func $real (param i32) (result i32)))
        (func (export "__wrap_twice") (param i32) (result i32)
          (i32.add (i32.const 100) (call $real (local.get 0))))""",
    )
    assert results(link_text(wrapper, policy=TWICE).binary)["base_twice_21"] == "i32:142"


def test_all_arguments_are_passed_on_behind_new_imports() -> None:
    """A new import moves all functions, the wrapped and its original among them."""
    base = BASE.replace(
        '(func (export "base_break")',
        """(func $mix (export "mix") (param i32 i64 f32 f64) (result f64) (local.get 3))
        (func (export "base_mix") (result f64)
          (call $mix (i32.const 1) (i64.const 2) (f32.const 4) (f64.const 8)))
        (func (export "base_break")""",
    )
    wrapper = side(
        "wrapper",
        """(import "env" "wait" (func $wait (result i32)))
        (import "env" "__real_mix" (func $real (param i32 i64 f32 f64) (result f64)))
        (func (export "waits") (result i32) (call $wait))
        (func (export "__wrap_mix") (param i32 i64 f32 f64) (result f64)
          (f64.add (f64.convert_i32_s (local.get 0)) (f64.add (f64.convert_i64_s (local.get 1))
            (f64.add (f64.promote_f32 (local.get 2))
              (call $real (local.get 0) (local.get 1) (local.get 2) (local.get 3))))))""",
    )
    policy = Policy(host_imports=r"env\.wait", wraps={"mix": Wrap("for the test")})
    found = results(link_text(wrapper, policy=policy, base=base).binary)
    assert found["base_mix"] == "f64:15.000000"


def test_function_that_is_not_exported_is_found_by_its_body() -> None:
    base = BASE.replace('(func $twice (export "twice")', "(func $twice")
    policy = Policy(wraps={"twice": Wrap("for the test", rb"\0\x20\0\x20\0\x6a\x0b")})
    linked = link_text(side("wrapper", THRICE), policy=policy, base=base)
    assert results(linked.binary)["base_twice_21"] == "i32:63"


def test_the_next_link_sees_the_wrapped_function() -> None:
    first = link(assemble(BASE), [side("wrapper", THRICE)], TWICE)
    second = link(first.binary, [side("caller", CALLER)])
    assert results(second.binary)["by_name"] == "i32:15"
    assert second.wrappings == []


@pytest.mark.parametrize(
    ("wraps", "text", "message"),
    [
        ({"absent": Wrap("?")}, THRICE, "cannot wrap absent: the base defines 0 such functions"),
        (
            {"twice": Wrap("?", rb"\0.*")},
            THRICE,
            r"cannot wrap twice: the base defines \d+ such functions",
        ),
        ({"twice": Wrap("?")}, "", "twice is to be wrapped, but no module defines __wrap_twice"),
        (
            {"twice": Wrap("?")},
            '(func (export "__wrap_twice") (param i64))',
            r"wrapper: __wrap_twice is \(i64\) -> \(\), but what it wraps is \(i32\) -> i32",
        ),
    ],
)
def test_what_cannot_be_wrapped(wraps: dict[str, Wrap], text: str, message: str) -> None:
    with pytest.raises(LinkError, match=message):
        link_text(side("wrapper", text), policy=Policy(wraps=wraps))


def test_function_of_two_names_is_not_wrapped() -> None:
    """An optimizer has merged two functions; the other is to stay what it is."""
    base = BASE.replace('(export "twice")', '(export "twice") (export "double")')
    with pytest.raises(LinkError, match="cannot wrap twice: it is double as well"):
        link_text(side("wrapper", THRICE), policy=TWICE, base=base)


def test_import_of_the_base_is_not_wrapped() -> None:
    base = BASE.replace("(start $clear)", '(start $clear) (export "host" (func $host))')
    with pytest.raises(LinkError, match="cannot wrap host"):
        link_text(side("wrapper", THRICE), policy=Policy(wraps={"host": Wrap("?")}), base=base)

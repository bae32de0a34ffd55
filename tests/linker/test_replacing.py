"""Instructions of the base in whose place a side module's function is called."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pglite_native.linker import Linked, LinkError, Policy, Replace, SideModule, Wrap, link
from pglite_native.linker.decoder import decode
from pglite_native.linker.module import Kind
from tests.linker.modules import BASE, link_text, results, side
from tests.linker.wabt import assemble

# What is left of functions that an optimizer has compiled into `lock` (two) and `unlock` (one);
# `other` has the same code, and means something else.
LEFT_OVER = BASE.replace(
    '(func (export "base_break")',
    """(func $lock (export "lock") (param i32) (result i32)
    (drop (i32.load offset=12 (local.get 0)))
    (if (i32.eqz (i32.load offset=12 (local.get 0)))
      (then (drop (i32.load offset=12 (i32.mul (local.get 0) (i32.const 10))))))
    (i32.const 9))
  (func $unlock (export "unlock") (param i32)
    (drop (i32.load offset=12 (local.get 0))))
  (func $other (export "other") (param i32)
    (drop (i32.load offset=12 (local.get 0))))
  (func (export "base_1_lock") (result i32) (call $lock (i32.const 100)))
  (func (export "base_2_locked") (result i32) (i32.load (i32.const 1060)))
  (func (export "base_3_unlocked") (result i32)
    (call $unlock (i32.const 5))
    (i32.load (i32.const 1060)))
  (func (export "base_4_other") (result i32)
    (call $other (i32.const 7))
    (i32.load (i32.const 1060)))
  (func (export "base_break")""",
)

CODE = "i32.load 12; drop"
PLACES = {"lock": 2, "unlock": 1}
REPLACE = Replace("for the test", CODE, PLACES)

# Adds up what it is called with.
SEMAPHORE = """(func (export "semaphore") (param i32)
  (i32.store (i32.const 1060) (i32.add (i32.load (i32.const 1060)) (local.get 0))))"""

EXPECTED = {
    "base_1_lock": "i32:9",
    "base_2_locked": "i32:1100",
    "base_3_unlocked": "i32:1105",
    "base_4_other": "i32:1105",
}


def link_replacing(*sides: SideModule, how: Replace = REPLACE, base: str = LEFT_OVER) -> Linked:
    return link_text(*sides, base=base, policy=Policy(replaces={"semaphore": how}))


def of_the_base(binary: bytes) -> dict[str, str]:
    return {name: result for name, result in results(binary).items() if name in EXPECTED}


def test_the_function_is_called_with_the_operand() -> None:
    linked = link_replacing(side("semaphores", SEMAPHORE))
    assert of_the_base(linked.binary) == EXPECTED
    (wrapping,) = linked.wrappings
    assert (wrapping.symbol, wrapping.module, wrapping.reason) == (
        "semaphore", "semaphores", "for the test"
    )  # fmt: skip


def test_without_it_nothing_is_called() -> None:
    linked = link_text(side("semaphores", SEMAPHORE), base=LEFT_OVER)
    assert set(list(of_the_base(linked.binary).values())[1:]) == {"i32:0"}


def test_the_calls_are_right_behind_new_imports() -> None:
    """A new import moves all functions, and wider indices the code."""
    many = "".join(f'(func (export "f{number}"))' for number in range(200))
    wait = """(import "env" "wait" (func $wait (result i32)))
      (func (export "waits") (result i32) (call $wait))"""
    policy = Policy(host_imports=r"env\.wait", replaces={"semaphore": REPLACE})
    sides = (side("many", many), side("semaphores", wait + SEMAPHORE))
    linked = link_text(*sides, base=LEFT_OVER, policy=policy)
    assert of_the_base(linked.binary) == EXPECTED


def test_the_function_may_ask_others() -> None:
    """As a side module's function it has memory, imports and the base's functions."""
    text = """(import "env" "twice" (func $twice (param i32) (result i32)))
      (func (export "semaphore") (param i32)
        (i32.store (i32.const 1060) (call $twice (local.get 0))))"""
    found = of_the_base(link_replacing(side("semaphores", text)).binary)
    assert found["base_2_locked"] == "i32:2000"  # the last call's
    assert found["base_3_unlocked"] == "i32:10"


def test_what_is_wrapped_is_replaced_in_the_original() -> None:
    wrapper = """(import "env" "__real_lock" (func $real (param i32) (result i32)))
      (func (export "__wrap_lock") (param i32) (result i32)
        (i32.add (call $real (local.get 0)) (i32.const 30)))"""
    policy = Policy(replaces={"semaphore": REPLACE}, wraps={"lock": Wrap("for the test")})
    sides = (side("semaphores", wrapper + SEMAPHORE),)
    linked = link_text(*sides, base=LEFT_OVER, policy=policy)
    assert of_the_base(linked.binary) == {**EXPECTED, "base_1_lock": "i32:39"}
    assert [wrapping.symbol for wrapping in linked.wrappings] == ["semaphore", "lock"]


def test_the_next_link_needs_no_policy() -> None:
    first = link_replacing(side("semaphores", SEMAPHORE))
    second = link(first.binary, [side("late", '(func (export "late"))')])
    assert of_the_base(second.binary) == EXPECTED
    assert second.wrappings == []


def test_all_else_stays() -> None:
    before = decode(assemble(LEFT_OVER))
    after = decode(link_replacing(side("semaphores", SEMAPHORE)).binary)
    exported = after.exported(Kind.FUNCTION)
    changed = {
        name
        for name, index in before.exported(Kind.FUNCTION).items()
        if before.code[index - len(before.imported(Kind.FUNCTION))]
        != after.code[exported[name] - len(after.imported(Kind.FUNCTION))]
    }
    assert changed == PLACES.keys()


@pytest.mark.parametrize(
    ("places", "reason"),
    [
        ({"lock": 1}, "lock has it 2 times"),
        ({"lock": 3}, "lock has it 2 times"),
        ({"lock": 2, "unlock": 2}, "unlock has it 1 times"),
        ({"twice": 1}, "twice has it 0 times"),
        ({"lock": 2, "nowhere": 1}, "the base has no function nowhere"),
        ({"host": 1}, "the base has no function host"),  # it imports that
    ],
)
def test_other_places_than_stated_stop_the_link(places: dict[str, int], reason: str) -> None:
    base = LEFT_OVER.replace("(start $clear)", '(start $clear) (export "host" (func $host))')
    with pytest.raises(LinkError, match=f"cannot replace code by semaphore: {reason}"):
        link_replacing(
            side("semaphores", SEMAPHORE), how=replace(REPLACE, places=places), base=base
        )


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("i32.load 12; i32.popcnt", "no instruction 'i32.popcnt'"),
        ("i32.const ?; drop", r"needs 0 \?"),
        ("call nowhere", "no nowhere"),
    ],
)
def test_code_that_is_not_understood_stops_the_link(code: str, reason: str) -> None:
    with pytest.raises(LinkError, match=f"cannot find semaphore: .*{reason}"):
        link_replacing(side("semaphores", SEMAPHORE), how=replace(REPLACE, code=code))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "semaphore is to be wrapped, but no module defines semaphore"),
        (
            '(func (export "semaphore") (param i64))',
            r"semaphores: semaphore is \(i64\) -> \(\), but what it wraps is \(i32\) -> \(\)",
        ),
    ],
)
def test_a_function_that_does_not_fit_stops_the_link(text: str, reason: str) -> None:
    with pytest.raises(LinkError, match=reason):
        link_replacing(side("semaphores", text))


def test_a_base_without_a_function_of_the_type_stops_the_link() -> None:
    """The new function is a copy of one that the base has."""
    base = LEFT_OVER
    for name in ("unlock", "other", "_emscripten_tempret_set"):
        base = base.replace(f'(export "{name}") (param i32)', f'(export "{name}") (param i32 i64)')
    for name in ("unlock", "other"):
        base = base.replace(
            f"(call ${name} (", f"(call ${name} (i32.const 1) (i64.const 1)) (drop ("
        )
    with pytest.raises(
        LinkError, match="cannot call semaphore: the base has no function of its type"
    ):
        link_replacing(side("semaphores", SEMAPHORE), base=base)

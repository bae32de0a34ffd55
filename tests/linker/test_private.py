"""Functions and data that the base does not export, found by what its code gives away."""

from __future__ import annotations

import pytest

from pglite_native.linker import Contains, LinkError, Mentions, Policy, Within
from tests.linker.modules import BASE, link_text, results, side

# A function that refers to a text and to a variable, and calls another; and one that calls it.
PRIVATE = BASE.replace(
    "(start $clear)",
    """(data (i32.const 1100) "a message\\00its tail\\00")
  (data (i32.const 1200) "\\05\\00\\00\\00")
  (start $clear)
  (func $secret (param i32) (result i32)
    (drop (i32.const 1100))
    (i32.add (call $hidden (local.get 0)) (i32.load (i32.const 1200))))
  (func $hidden (param i32) (result i32)
    (i32.eqz (i32.ge_s (local.get 0) (i32.const 77))))""",
)

CALLER = """(import "env" "secret" (func $secret (param i32) (result i32)))
  (import "env" "hidden" (func $hidden (param i32) (result i32)))
  (import "GOT.mem" "variable" (global $variable (mut i32)))
  (import "GOT.mem" "message" (global $message (mut i32)))
  (func (export "secret_of_1") (result i32) (call $secret (i32.const 1)))
  (func (export "hidden_of_78") (result i32) (call $hidden (i32.const 78)))
  (func (export "its_variable") (result i32) (i32.load (global.get $variable)))
  (func (export "its_message") (result i32) (i32.load8_u (global.get $message)))"""

CLUES: dict[str, Mentions | Contains | Within] = {
    "secret": Mentions("a message"),
    "hidden": Within("secret", "local.get 0; call ?; i32.const *; i32.load; i32.add"),
    "variable": Within("secret", "call hidden; i32.const ?; i32.load"),
    "message": Within("secret", "i32.const ?; drop; local.get 0"),
}


def test_what_is_found_can_be_linked_to() -> None:
    linked = link_text(side("caller", CALLER), base=PRIVATE, policy=Policy(private=CLUES))
    found = results(linked.binary)
    assert found["secret_of_1"] == "i32:6"
    assert found["hidden_of_78"] == "i32:0"
    assert found["its_variable"] == "i32:5"
    assert found["its_message"] == f"i32:{ord('a')}"


@pytest.mark.parametrize(
    ("clue", "reason"),
    [
        (Mentions("no such message"), "0 functions mention"),
        (Mentions("message"), "0 functions mention"),  # only a part of one: nothing refers to it
        (Contains("i32.const 78; i32.ge_s"), "0 functions have"),
        (Contains("local.get 0"), "[2-9] functions have"),
        (Contains("drop; drop"), "0 functions have"),
        (Within("nothing", "call ?"), "no function nothing"),
        (Within("twice", "call ?"), "has 0 times"),
        (Within("base_break", "i32.const 1040"), "needs 1 \\?"),
        (Within("base_break", "f32.nearest ?"), "no instruction 'f32.nearest'"),
        (Within("base_break", "call nothing; i32.const ?"), "no nothing"),
    ],
)
def test_a_clue_that_does_not_lead_to_one_place_stops_the_link(
    clue: Mentions | Contains | Within, reason: str
) -> None:
    with pytest.raises(LinkError, match=f"cannot find it: .*{reason}"):
        link_text(side("caller", ""), base=PRIVATE, policy=Policy(private={"it": clue}))


def test_what_is_exported_is_not_looked_for() -> None:
    policy = Policy(private={"twice": Contains("local.get 0; local.get 0; i32.add")})
    with pytest.raises(LinkError, match="the base exports it"):
        link_text(side("caller", ""), base=PRIVATE, policy=policy)

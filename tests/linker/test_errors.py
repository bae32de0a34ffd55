"""What cannot be linked, and what the linker says of it."""

from __future__ import annotations

import pytest

from pglite_native.linker import (
    LinkError,
    MalformedModuleError,
    Policy,
    UnresolvedSymbolsError,
    link,
)
from pglite_native.linker.decoder import decode
from tests.linker.modules import BASE, link_text, side
from tests.linker.wabt import assemble, run

EMPTY = side("empty", "")


def test_all_unresolved_symbols_are_listed() -> None:
    one = side(
        "one",
        """(import "env" "missing" (func (param i32)))
        (import "elsewhere" "twice" (func (param i32) (result i32)))
        (import "GOT.func" "missing" (global (mut i32)))
        (import "GOT.mem" "absent" (global (mut i32)))""",
    )
    two = side("two", '(import "GOT.func" "gone" (global (mut i32)))')
    three = side("three", '(import "env" "strange" (global i32))')
    with pytest.raises(UnresolvedSymbolsError) as caught:
        link_text(one, two, three)
    assert caught.value.symbols == (
        ("one", "missing"),
        ("one", "twice"),
        ("one", "absent"),
        ("two", "gone"),
        ("three", "strange"),
    )
    assert "  two: gone" in str(caught.value)


def test_allowed_symbol_traps_and_names_itself() -> None:
    module = side(
        "module",
        """(import "env" "missing" (func $missing (param i32 f64) (result i64)))
        (import "GOT.func" "missing" (global $pointer (mut i32)))
        (import "GOT.func" "unused" (global (mut i32)))
        (type $shape (func (param i32 f64) (result i64)))
        (func (export "direct") (drop (call $missing (i32.const 1) (f64.const 2))))
        (func (export "indirect")
          (drop (call_indirect (type $shape) (i32.const 1) (f64.const 2) (global.get $pointer))))
        """,
    )
    policy = Policy(allowed={"module": {"missing": "never called", "unused": "likewise"}})
    linked = link_text(module, policy=policy)
    assert [(trap.symbol, trap.reason) for trap in linked.traps] == [
        ("missing", "never called"),
        ("unused", "likewise"),
    ]
    ran = run(linked.binary)
    assert ran.results["direct"] == ran.results["indirect"] == "error: unreachable executed"
    *_, call = ran.host_calls
    assert call.startswith("env.__assert_fail(")
    pointers = [int(argument.split(":")[1]) for argument in call[18:-1].split(", ")]
    assert [text_at(linked.binary, pointer) for pointer in pointers if pointer] == [
        "undefined symbol missing",
        "module",
        "missing",
    ]


def text_at(binary: bytes, address: int) -> str:
    """The C string that data segments put at an address."""
    memory = bytearray(65536)
    for segment in decode(binary).data:
        assert segment.offset
        # The linker's own offsets: i32.const in LEB128, below 2**20.
        low, middle, high = [*segment.offset[1:-1], 0, 0][:3]
        start = (low & 0x7F) | (middle & 0x7F) << 7 | (high & 0x7F) << 14
        memory[start : start + len(segment.content)] = segment.content
    return memory[address : memory.index(0, address)].decode()


def test_trap_imports_its_reporter_if_the_base_does_not() -> None:
    base = BASE.replace('(import "env" "__assert_fail" (func (param i32 i32 i32 i32)))', "")
    module = side(
        "module",
        '(import "env" "missing" (func $missing)) (func (export "use") (call $missing))',
    )
    policy = Policy(allowed={"module": {"missing": "never called"}})
    linked = link_text(module, policy=policy, base=base)
    assert [item.name for item in linked.host_functions if item.is_new] == ["__assert_fail"]
    assert run(linked.binary).host_calls[-1].startswith("env.__assert_fail(")


def test_allowance_that_is_not_needed_is_an_error() -> None:
    with pytest.raises(LinkError, match=r"empty: allowed to be undefined, but is not: \['twice'\]"):
        link_text(EMPTY, policy=Policy(allowed={"empty": {"twice": "why?"}}))


def test_data_cannot_be_allowed_to_be_missing() -> None:
    module = side("module", '(import "GOT.mem" "absent" (global (mut i32)))')
    with pytest.raises(UnresolvedSymbolsError):
        link_text(module, policy=Policy(allowed={"module": {"absent": "why?"}}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '(import "env" "twice" (func (param i64)))',
            r"twice is imported as \(i64\) -> \(\), but base has it as \(i32\) -> i32",
        ),
        (
            '(import "env" "host" (func (param i64)))',
            r"host is imported as \(i64\) -> \(\), but host has it as \(i32\) -> i32",
        ),
        (
            """(import "env" "invoke_vi" (func (param i32 i32)))
            (import "env" "invoke_vi" (func (param i32 f32)))""",
            "env.invoke_vi is imported with two types",
        ),
        ('(func (export "twice"))', "module: twice is exported already"),
        ("(memory 1)", "defines its own table or memory"),
        ("(table 1 funcref)", "defines its own table or memory"),
        ('(data "passive")', "passive data segments are not supported"),
        ('(data (global.get $memory_base) "12345")', "writes 5 bytes at 4096, outside its data"),
        ("(elem (global.get $table_base) $f) (func $f)", "an element segment, 3 to 4, is outside"),
        ("(start $f) (func $f (call $g)) (func $g)", "not straight-line: it has instruction 0x10"),
        ("(start $f) (func $f (global.set $stack (i32.const 0)))", "sets global 0"),
        (
            "(start $f) (func $f (i32.store (global.get $memory_base) (global.get $stack)))",
            "reads global 0, which is not known",
        ),
        (
            "(start $f) (func $f (i32.store (i32.const 1024) (i32.const 0)))",
            "writes 4 bytes at 1024, outside its data",
        ),
        ("(func (drop (v128.const i32x4 0 0 0 0)))", "does not know, fd 0c"),
        ("(global (mut funcref) (ref.null func))", "starts as something other than a number"),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(LinkError, match=message):
        link_text(side("module", text))


def test_names_are_unique() -> None:
    with pytest.raises(LinkError, match="linked twice: empty"):
        link_text(EMPTY, EMPTY)


def test_size_that_cannot_be_meant() -> None:
    with pytest.raises(MalformedModuleError, match="huge: wants 1073741824 bytes"):
        link_text(side("huge", "", memory=1 << 30))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('(export "__stack_pointer")', "", "does not export the global __stack_pointer"),
        ('(export "__heap_base")', "", "does not export the global __heap_base"),
        ('(export "emscripten_get_sbrk_ptr")', "", "its heap cannot be moved"),
        ('(export "__heap_base") i32', '(export "__heap_base") (mut i32)', "is not a constant"),
        ("i32.const 1056", "i32.const 1030", "its start function may spoil"),
        ("i32.const 1056", "i32.const 4090", "its start function may spoil"),
        ("(start $clear)", "(start $host)", "it is an import"),
        (
            "(memory.fill (i32.const 1056) (i32.const 0) (i32.const 16))",
            "(drop (call $twice (i32.const 1)))",
            "its start function may spoil .* has instruction 0x10",
        ),
        ('(export "__indirect_function_table") 3 funcref', "1 externref", "must define one table"),
    ],
)
def test_refused_base(old: str, new: str, message: str) -> None:
    assert old in BASE
    text = BASE.replace(old, new)
    with pytest.raises(LinkError, match=f"base module: .*{message}"):
        link(assemble(text, "--no-check"), [])

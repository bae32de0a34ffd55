"""The codec: bytes to sections and back, and what it says of bytes that are no module."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pglite_native.linker import LinkError, MalformedModuleError, SideModule, leb128, link
from pglite_native.linker.decoder import decode
from pglite_native.linker.encoder import encode
from tests.linker.modules import BASE, SIDE_IMPORTS, custom_section, with_dylink
from tests.linker.wabt import assemble

EVERY_SECTION = """(module
  (type (func (param i32 i64 f32 f64 funcref externref) (result i64)))
  (import "env" "f" (func (param i32)))
  (import "env" "t" (table 1 2 funcref))
  (import "env" "m" (memory 1 10))
  (import "env" "g" (global (mut f64)))
  (global i32 (i32.const -1))
  (global i64 (i64.const 0x7fffffffffffffff))
  (global f32 (f32.const 1.5))
  (global (mut f64) (f64.const -0.0))
  (global funcref (ref.func $f))
  (global funcref (ref.null func))
  (export "f" (func $f))
  (start $f)
  (elem (i32.const 0) $f $f)
  (func $f)
  (func (local i32 i32 i64) (local.set 0 (i32.const 5)))
  (data (i32.const 0) "active")
  (data "passive")
)"""

SIDE = f"""(module {SIDE_IMPORTS}
  (import "GOT.mem" "answer" (global $answer (mut i32)))
  (import "env" "twice" (func $twice (param i32) (result i32)))
  (global $own (mut i32) (i32.const 4))
  (global (export "datum") i32 (i32.const 0))
  (start $start)
  (func $start (global.set $own (i32.add (global.get $memory_base) (i32.const 4))))
  (func $relocate (export "__wasm_apply_data_relocs")
    (i32.store (global.get $own) (global.get $answer)))
  (func $f (export "f") (result i32)
    (block (br_table 0 0 (i32.const 0)))
    (call_indirect (param i32) (result i32) (call $twice (i32.const 1)) (i32.const 2)))
  (elem (global.get $table_base) $f)
  (data (global.get $memory_base) "\\01\\02\\03")
)"""


@pytest.fixture(scope="module")
def base() -> bytes:
    return assemble(BASE)


@pytest.fixture(scope="module")
def side() -> bytes:
    return with_dylink(assemble(SIDE), memory=8, table=1)


@pytest.mark.parametrize("text", [EVERY_SECTION, BASE, SIDE, "(module)", "(module (memory 0 5))"])
def test_round_trip(text: str) -> None:
    binary = assemble(text)
    assert encode(decode(binary)) == binary


def test_custom_sections_keep_their_places() -> None:
    binary = assemble('(module (func (export "f") nop))', "--debug-names")
    names = custom_section("first", b"1"), custom_section("second", b"")
    binary = binary[:8] + names[0] + names[1] + binary[8:] + custom_section("last", b"\xff")
    assert encode(decode(binary)) == binary


def test_integers_longer_than_they_need_be_are_read() -> None:
    """wasm-ld leaves room for its relocations: 0x85 0x80 0x80 0x80 0x00 is 5."""
    header = b"\0asm\1\0\0\0"
    module = decode(header + b"\1\x84\x80\x00" + b"\1\x60\0\0")
    assert encode(module) == header + b"\1\4" + b"\1\x60\0\0"


@given(st.integers(0, 2**64 - 1))
def test_unsigned_round_trip(value: int) -> None:
    encoded = leb128.unsigned(value)
    assert leb128.read_unsigned(b"\xff" + encoded + b"\xff", 1) == (value, 1 + len(encoded))


@given(st.integers(-(2**63), 2**63 - 1))
def test_signed_round_trip(value: int) -> None:
    encoded = leb128.signed(value)
    assert leb128.read_signed(encoded + b"\0", 0) == (value, len(encoded))


@pytest.mark.parametrize(
    ("binary", "message"),
    [
        (b"", "not WebAssembly"),
        (b"\x7fELF\1\1\1\0", "not WebAssembly"),
        (b"\0asm\x0d\0\1\0", "version 0d000100 of WebAssembly"),
        (b"\0asm\1\0\0\0\1", "no integer ends"),
        (b"\0asm\1\0\0\0\1\x05\0", "truncated: 5 bytes expected at 10"),
        (b"\0asm\1\0\0\0\1" + b"\xff" * 12, "no integer ends within 10 bytes"),
        (b"\0asm\1\0\0\0\x0d\1\0", "unknown section 13"),
        (b"\0asm\1\0\0\0\3\1\0\1\1\0", "section TYPE after FUNCTION"),
        (b"\0asm\1\0\0\0\1\1\0\1\1\0", "section TYPE after TYPE"),
        (b"\0asm\1\0\0\0\1\2\0\0", "section TYPE has bytes left over"),
        (b"\0asm\1\0\0\0\1\2\1\x5f", "a type that is not a function's"),
        (b"\0asm\1\0\0\0\2\6\1\1\xff\0\0\0", "a name is not UTF-8"),
        (b"\0asm\1\0\0\0\2\4\1\0\0\4", "import or export of kind 4"),
        (b"\0asm\1\0\0\0\3\2\1\0", "1 functions, 0 bodies"),
        (b"\0asm\1\0\0\0\x0c\1\1", "DataCount 1, 0 segments"),
        (b"\0asm\1\0\0\0\x07\4\1\0\0\0", "function 0 does not exist"),
        (b"\0asm\1\0\0\0\x07\4\1\0\3\0", "global 0 does not exist"),
        (b"\0asm\1\0\0\0\2\5\1\0\0\0\0", "type 0 does not exist"),
        (b"\0asm\1\0\0\0\5\3\1\4\1", "limits with flags 4"),
        (b"\0asm\1\0\0\0\6\5\1\x7f\2\x41\0", "global with mutability 2"),
        (b"\0asm\1\0\0\0\6\6\1\x7f\0\x10\0\x0b", "not a constant expression at 3"),
        (b"\0asm\1\0\0\0\x09\4\1\1\0\0", "element segment of form 1"),
        (b"\0asm\1\0\0\0\x0b\4\1\2\0\0", "data segment of form 2"),
    ],
)
def test_malformed(binary: bytes, message: str) -> None:
    with pytest.raises(MalformedModuleError, match=message):
        decode(binary)


def test_malformed_side_module_is_named(base: bytes) -> None:
    with pytest.raises(MalformedModuleError, match="broken: not WebAssembly"):
        link(base, [SideModule("broken", b"PK")])
    with pytest.raises(MalformedModuleError, match=r"main: .* it has no dylink.0 section"):
        link(base, [SideModule("main", base)])
    with pytest.raises(MalformedModuleError, match="base module: not WebAssembly"):
        link(b"", [])


def section_ends(binary: bytes) -> set[int]:
    """Where a module may be cut and still be one."""
    ends, position = {8}, 8
    while position < len(binary):
        size, position = leb128.read_unsigned(binary, position + 1)
        position += size
        ends.add(position)
    return ends


def test_every_truncation_is_an_error(base: bytes, side: bytes) -> None:
    for size in set(range(len(side))) - section_ends(side):
        with pytest.raises(MalformedModuleError, match="side: "):
            link(base, [SideModule("side", side[:size])])
    for size in set(range(len(base))) - section_ends(base):
        with pytest.raises(MalformedModuleError, match="base module: "):
            link(base[:size], [])


@pytest.mark.long
@settings(max_examples=1500, deadline=None, derandomize=True)
@given(st.data())
def test_damage_is_linked_or_refused(base: bytes, side: bytes, data: st.DataObject) -> None:
    inputs = {"base": base, "side": side}
    which = data.draw(st.sampled_from(sorted(inputs)))
    damaged = bytearray(inputs[which])
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(8, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    inputs[which] = bytes(damaged)
    # Any other exception would fail the test.
    with suppress(LinkError):
        link(inputs["base"], [SideModule("side", inputs["side"])])

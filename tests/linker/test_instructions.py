"""Indices in function bodies: every instruction that has one, behind every kind that has none."""

from __future__ import annotations

import pytest

from pglite_native.linker import LinkError, MalformedModuleError
from pglite_native.linker.decoder import decode
from pglite_native.linker.instructions import Constant, IndexMap, i32_const, references, rewrite
from tests.linker.wabt import assemble

# Far enough that every index takes more bytes than before.
MOVED = IndexMap(
    functions=range(1000, 1010), types=range(20_000, 20_010), globals=[300, Constant(-7)]
)

MODULE = """(module
  (type $unary (func (param i32) (result i32)))
  (table 1 funcref)
  (memory 1)
  (global $variable (mut i32) (i32.const 0))
  (global $constant i32 (i32.const 0))
  (func $f (export "f") (type $unary)
    (local i64 f32 f64 funcref i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
    {text}
    unreachable)
  (func $g (export "g") (type $unary) unreachable)
)"""

UNREACHABLE_END = b"\x00\x0b"


def body_of(text: str) -> bytes:
    """The body of a function, without being checked: operands need not be there."""
    return decode(assemble(MODULE.format(text=text), "--no-check")).code[0]


WITH_INDEX = [
    ("call $g", b"\x10\x01", b"\x10\xe9\x07"),
    ("return_call $g", b"\x12\x01", b"\x12\xe9\x07"),
    ("call_indirect (type $unary)", b"\x11\x00\x00", b"\x11\xa0\x9c\x01\x00"),
    ("return_call_indirect (type $unary)", b"\x13\x00\x00", b"\x13\xa0\x9c\x01\x00"),
    ("global.get $variable", b"\x23\x00", b"\x23\xac\x02"),
    ("global.set $variable", b"\x24\x00", b"\x24\xac\x02"),
    ("global.get $constant", b"\x23\x01", b"\x41\x79"),
    ("ref.func $g", b"\xd2\x01", b"\xd2\xe9\x07"),
    ("block (type $unary) end", b"\x02\x00\x0b", b"\x02\xa0\x9c\x01\x0b"),
    ("loop (type $unary) end", b"\x03\x00\x0b", b"\x03\xa0\x9c\x01\x0b"),
    ("if (type $unary) end", b"\x04\x00\x0b", b"\x04\xa0\x9c\x01\x0b"),
]

# Their operands are full of 0x10, 0x23 and 0x0e: call, global.get and br_table.
WITHOUT_INDEX = [
    "nop drop select return i32.eqz i64.popcnt f32.abs f64.max i32.extend8_s i64.extend32_s",
    "i32.const 0x10 i32.const 0x0823 i32.const -0x70 i32.const 0x7fffffff i32.const 0x80000000",
    "i64.const 0x10 i64.const 0x1023102310231023 i64.const -1 i64.const 0x8000000000000000",
    "f32.const 0x1.202020p-95 f64.const 0x1.0101010101010p-766",
    "local.get 15 local.set 14 local.tee 15",
    "i32.load offset=16 i64.store32 offset=2064 align=1 f64.load offset=4294967295 align=8",
    "memory.size memory.grow memory.copy memory.fill",
    "block end block (result i32) end loop (result f64) end if (result funcref) else end",
    "block br 0 br_if 0 end",
    "block block block br_table 0 1 2 0 1 end end end",
    "block br_table " + "0 " * 0x23 + "end",
    "select (result i32) select (result funcref)",
    "i32.trunc_sat_f32_s i64.trunc_sat_f64_u",
    "ref.null func ref.is_null table.get 0 table.set 0",
]


@pytest.mark.parametrize(("text", "before", "after"), WITH_INDEX)
def test_index_is_moved(text: str, before: bytes, after: bytes) -> None:
    body = body_of(text)
    assert body.endswith(before + UNREACHABLE_END)
    expected = body.removesuffix(before + UNREACHABLE_END) + after + UNREACHABLE_END
    assert rewrite(body, MOVED) == expected


@pytest.mark.parametrize("text", WITHOUT_INDEX)
def test_the_rest_is_stepped_over(text: str) -> None:
    _, before, after = WITH_INDEX[0]
    body = body_of(f"call $g {text} call $g")
    head, tail = len(body_of("")) - len(UNREACHABLE_END), len(before + UNREACHABLE_END)
    middle = body[head + len(before) : -tail]
    assert body[head:] == before + middle + before + UNREACHABLE_END
    assert rewrite(body, MOVED)[head:] == after + middle + after + UNREACHABLE_END


def test_padded_integers() -> None:
    """As wasm-ld leaves them where it does not compress relocations."""
    padded = (
        b"\0"
        b"\x10\x81\x80\x80\x80\x00"
        b"\x11\x80\x80\x80\x80\x00\x80\x80\x80\x80\x00"
        b"\x23\x81\x80\x80\x80\x00"
        b"\x28\x02\x90\x80\x80\x80\x00"
        b"\x41\x90\x80\x80\x80\x00"
        b"\x0e\x81\x80\x00\x80\x00\x80\x80\x00"
        b"\x0b"
    )
    assert rewrite(padded, MOVED) == (
        b"\0"
        b"\x10\xe9\x07"
        b"\x11\xa0\x9c\x01\x80\x80\x80\x80\x00"
        b"\x41\x79"
        b"\x28\x02\x90\x80\x80\x80\x00"
        b"\x41\x90\x80\x80\x80\x00"
        b"\x0e\x81\x80\x00\x80\x00\x80\x80\x00"
        b"\x0b"
    )


def test_index_that_stays_is_not_touched() -> None:
    body = b"\0\x10\x81\x80\x80\x80\x00\x0b"
    assert rewrite(body, IndexMap(range(9), range(9), range(9))) == body


def test_references() -> None:
    first = body_of("call $g global.set $variable global.get $constant")
    second = body_of("ref.func $f call_indirect (type $unary)")
    found = references([first, second])
    assert (found.functions, found.written_globals) == ({0, 1}, {0})


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, b"\0"),
        (63, b"\x3f"),
        (64, b"\xc0\0"),
        (2**32 - 1, b"\x7f"),
        (2**31, b"\x80\x80\x80\x80\x78"),
    ],
)
def test_constants_are_32_bits(value: int, encoded: bytes) -> None:
    assert i32_const(value) == b"\x41" + encoded


@pytest.mark.parametrize(
    ("instruction", "message"),
    [
        (b"\xfd\x0c" + bytes(16), "does not know, fd 0c"),  # v128.const
        (b"\xfe\x03\0", "does not know, fe 03"),  # atomic.fence
        (b"\xfc\x08\0\0", "does not know, fc 08"),  # memory.init
        (b"\x11\x00\x01", "does not know, 11 00"),  # call_indirect through table 1
        (b"\x10\x7f", "names what the module does not have"),
        (b"\x23\x02", "names what the module does not have"),
        (b"\x10\xff\xff", "does not know, 10 ff"),
        (b"\x0e\x05\x80", "no integer ends"),
    ],
)
def test_refused(instruction: bytes, message: str) -> None:
    with pytest.raises(MalformedModuleError, match=message):
        rewrite(b"\0\x01" + instruction, MOVED)


def test_constant_cannot_be_set() -> None:
    with pytest.raises(LinkError, match="the code writes global 1, which linking makes a constant"):
        rewrite(body_of("global.set $constant"), MOVED)

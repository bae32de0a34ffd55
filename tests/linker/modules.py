"""Small modules to link: a base like Emscripten's, and side modules as wasm-ld writes them."""

from __future__ import annotations

from pglite_native.linker import Linked, Policy, SideModule, link
from pglite_native.linker.decoder import decode
from pglite_native.linker.encoder import encode
from tests.linker.wabt import assemble, run, validate

HEAP_BASE = 4096
TABLE_SIZE = 3

# twice is at table index 2; the datum answer, 42, at 1024; the break at 1040; 16 zeros from 1056.
BASE = f"""(module
  (import "env" "host" (func $host (param i32) (result i32)))
  (import "env" "__assert_fail" (func (param i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (table (export "__indirect_function_table") {TABLE_SIZE} funcref)
  (elem (i32.const 2) $twice)
  (global $stack (export "__stack_pointer") (mut i32) (i32.const 2048))
  (global (export "__memory_base") i32 (i32.const 0))
  (global (export "__table_base") i32 (i32.const 1))
  (global (export "__heap_base") i32 (i32.const {HEAP_BASE}))
  (global (export "answer") i32 (i32.const 1024))
  (data (i32.const 1024) "\\2a\\00\\00\\00")
  (data (i32.const 1040) "\\00\\10\\00\\00")
  (start $clear)
  (func $clear (memory.fill (i32.const 1056) (i32.const 0) (i32.const 16)))
  (func $twice (export "twice") (param i32) (result i32)
    (i32.add (local.get 0) (local.get 0)))
  (func (export "emscripten_get_sbrk_ptr") (result i32) (i32.const 1040))
  (func (export "base_break") (result i32) (i32.load (i32.const 1040)))
  (func (export "base_twice_21") (result i32) (call $twice (i32.const 21)))
  (func (export "base_host") (result i32) (call $host (i32.const 5)))
  (func (export "_emscripten_tempret_get") (result i32) (i32.load (i32.const 1056)))
  (func (export "_emscripten_tempret_set") (param i32) (i32.store (i32.const 1056) (local.get 0)))
)"""

SIDE_IMPORTS = """
  (import "env" "memory" (memory 0))
  (import "env" "__indirect_function_table" (table 0 funcref))
  (import "env" "__stack_pointer" (global $stack (mut i32)))
  (import "env" "__memory_base" (global $memory_base i32))
  (import "env" "__table_base" (global $table_base i32))
"""


def custom_section(name: str, content: bytes) -> bytes:
    body = bytes((len(name),)) + name.encode() + content
    assert len(body) < 0x80
    return bytes((0, len(body))) + body


def with_dylink(
    binary: bytes, memory: int = 0, table: int = 0, align: int = 4, weak: tuple[str, ...] = ()
) -> bytes:
    """A module with a dylink.0 section; `align` is a power of two."""
    low = bytes(memory >> shift & 0x7F | 0x80 for shift in (0, 7, 14, 21))
    info = low + bytes((memory >> 28,)) + bytes((align, table, 0))  # the size as a padded LEB128
    content = bytes((1, len(info))) + info
    if weak:
        names = b"".join(b"\3env" + bytes((len(n),)) + n.encode() + b"\1" for n in weak)
        content += bytes((4, 1 + len(names), len(weak))) + names
    return binary[:8] + custom_section("dylink.0", content) + binary[8:]


def side(
    name: str,
    text: str,
    memory: int = 0,
    table: int = 0,
    align: int = 4,
    weak: tuple[str, ...] = (),
    export: bool = True,
) -> SideModule:
    """A side module of the given fields, with the usual imports before them."""
    binary = assemble(f"(module {SIDE_IMPORTS} {text})")
    return SideModule(name, with_dylink(binary, memory, table, align, weak), export)


def link_text(*sides: SideModule, policy: Policy | None = None, base: str = BASE) -> Linked:
    """Link onto the base, and have the result validated."""
    linked = link(assemble(base), sides, policy)
    validate(linked.binary)
    return linked


def results(binary: bytes) -> dict[str, str]:
    """What each exported function returns after the side modules' constructors have run."""
    module = decode(binary)
    module.exports.sort(key=lambda item: item.name != "__pglite_link_init")
    return run(encode(module)).results

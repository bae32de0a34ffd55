"""Running a module's start-up code while linking.

wasm-ld writes two functions that finish a side module once its bases are known: its start function
(sets the globals that hold own addresses, zeroes what is zero) and `__wasm_apply_data_relocs`
(stores addresses into data). Both are straight-line programs over constants. The linker knows the
bases, so it runs them, on the bytes that become the module's data segments, and nothing is left to
do when the guest starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from . import leb128
from .errors import LinkError
from .instructions import MEMORY_FILL, Op

STORE_SIZES: dict[int, int] = {
    Op.I32_STORE: 4,
    Op.I64_STORE: 8,
    Op.I32_STORE8: 1,
    Op.I32_STORE16: 2,
}

U32 = 0xFFFF_FFFF
U64 = 0xFFFF_FFFF_FFFF_FFFF


class Memory(Protocol):
    def fill(self, address: int, byte: int, size: int) -> None: ...
    def store(self, address: int, content: bytes) -> None: ...


class Image:
    """A module's static data, `size` bytes at `base`."""

    def __init__(self, base: int, size: int) -> None:
        self.base = base
        self.content = bytearray(size)

    def fill(self, address: int, byte: int, size: int) -> None:
        self._check(address, size)
        self.store(address, bytes((byte,)) * size)

    def store(self, address: int, content: bytes) -> None:
        self._check(address, len(content))
        start = address - self.base
        self.content[start : start + len(content)] = content

    def _check(self, address: int, size: int) -> None:
        if not 0 <= address - self.base <= len(self.content) - size:
            raise LinkError(f"start-up code writes {size} bytes at {address}, outside its data")


class Guard:
    """Memory whose writer must keep off some ranges. Nothing is written."""

    def __init__(self, forbidden: Sequence[range]) -> None:
        self.forbidden = forbidden

    def fill(self, address: int, byte: int, size: int) -> None:
        for taken in self.forbidden:
            if address < taken.stop and taken.start < address + size:
                raise LinkError(f"start-up code overwrites {taken.start} to {taken.stop}")

    def store(self, address: int, content: bytes) -> None:
        self.fill(address, 0, len(content))


NOWHERE = Image(0, 0)


def run(code: bytes, globals: list[int | None], memory: Memory) -> int:
    """Run a function body or a constant expression; what is on the operand stack at its end, or 0.

    `globals` are the values by index, None where unknown; `code` may set those it knows.
    """
    stack: list[int] = []
    # A body begins with its locals, of which it has none; no expression begins with that byte.
    position = 1 if code[:1] == b"\0" else 0
    try:
        while (opcode := code[position]) != Op.END:
            position = _step(opcode, code, position + 1, stack, globals, memory)
    except IndexError:
        raise LinkError("start-up code is malformed") from None
    if position != len(code) - 1:
        raise LinkError("start-up code has instructions behind its end")
    return stack[-1] if stack else 0


def _step(
    opcode: int,
    code: bytes,
    position: int,
    stack: list[int],
    globals: list[int | None],
    memory: Memory,
) -> int:
    if opcode in (Op.I32_CONST, Op.I64_CONST):
        value, position = leb128.read_signed(code, position)
        stack.append(value & (U32 if opcode == Op.I32_CONST else U64))
    elif opcode == Op.GLOBAL_GET:
        index, position = leb128.read_unsigned(code, position)
        known = globals[index]
        if known is None:
            raise LinkError(f"start-up code reads global {index}, which is not known")
        stack.append(known)
    elif opcode == Op.GLOBAL_SET:
        index, position = leb128.read_unsigned(code, position)
        if globals[index] is None:
            raise LinkError(f"start-up code sets global {index}, which is not the module's own")
        globals[index] = stack.pop()
    elif opcode in (Op.I32_ADD, Op.I32_SUB):
        right, left = stack.pop(), stack.pop()
        stack.append((left + right if opcode == Op.I32_ADD else left - right) & U32)
    elif opcode in STORE_SIZES:
        _, position = leb128.read_unsigned(code, position)  # alignment, a hint
        offset, position = leb128.read_unsigned(code, position)
        size = STORE_SIZES[opcode]
        value, address = stack.pop(), stack.pop()
        memory.store(address + offset, (value & U64).to_bytes(8, "little")[:size])
    elif opcode == Op.PREFIX_FC and code[position] == MEMORY_FILL:
        size, byte, address = stack.pop(), stack.pop(), stack.pop()
        memory.fill(address, byte & 0xFF, size)
        position += 2  # the second opcode byte, the memory
    else:
        raise LinkError(f"start-up code is not straight-line: it has instruction {opcode:#04x}")
    return position

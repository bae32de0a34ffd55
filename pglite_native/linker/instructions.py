"""Index operands inside function bodies: find them, and write them anew.

The binary instruction format is a regular prefix code but for `br_table`, whose operands are
counted. So one regular expression steps from one instruction that holds an index to the next, over
all those between that don't, and `re` walks PGlite's 6 MB of code in well under a second.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from . import leb128
from .errors import LinkError, MalformedModuleError


class Op(IntEnum):
    """The instructions this package reads or writes itself."""

    UNREACHABLE = 0x00
    BLOCK = 0x02
    LOOP = 0x03
    IF = 0x04
    END = 0x0B
    BR_TABLE = 0x0E
    CALL = 0x10
    CALL_INDIRECT = 0x11
    RETURN_CALL = 0x12
    RETURN_CALL_INDIRECT = 0x13
    LOCAL_GET = 0x20
    GLOBAL_GET = 0x23
    GLOBAL_SET = 0x24
    I32_STORE = 0x36
    I64_STORE = 0x37
    I32_STORE8 = 0x3A
    I32_STORE16 = 0x3B
    I32_CONST = 0x41
    I64_CONST = 0x42
    F32_CONST = 0x43
    F64_CONST = 0x44
    I32_ADD = 0x6A
    I32_SUB = 0x6B
    REF_FUNC = 0xD2
    PREFIX_FC = 0xFC


MEMORY_FILL = 11  # after PREFIX_FC

END = bytes((Op.END,))
NO_LOCALS = b"\0"
EMPTY_BODY = NO_LOCALS + END

_LEB = rb"[\x80-\xff]{0,9}[\x00-\x7f]"

# Everything without an index that linking changes. Memory 0 and table 0 stay memory 0 and table 0.
_PLAIN = (
    rb"[\x00\x01\x05\x0b\x0f\x1a\x1b\x45-\xc4\xd1]+"  # no operands
    rb"|[\x20-\x22\x41\x42\x0c\x0d\x25\x26\x3f\x40\xd0]"
    + _LEB  # one
    + rb"|[\x28-\x3e][\x00-\x3f]"
    + _LEB  # load, store: alignment, offset
    + rb"|[\x02-\x04][\x40-\x7f]"  # block, loop, if: one value type, or none
    rb"|\x43.{4}|\x44.{8}"  # f32.const, f64.const
    rb"|\x1c\x01."  # select with a type
    rb"|\xfc[\x00-\x07]"  # saturating truncation
    rb"|\xfc(?:\x0a\x00\x00|\x0b\x00)"  # memory.copy, memory.fill
)

_RUN = re.compile(rb"(?:" + _PLAIN + rb")*", re.DOTALL)

# Pairs of groups, opcode and operand, so that `lastindex` tells the alternatives apart.
_STEP = re.compile(
    _RUN.pattern + rb"(?:([\x10\x12\x23\x24\xd2])(" + _LEB + rb")"
    rb"|([\x11\x13])(" + _LEB + rb")\x80{0,4}\x00"  # a type; then table 0
    rb"|([\x02-\x04])([\x00-\x3f]|[\x80-\xff]" + _LEB + rb")"  # a type
    rb"|(\x0e)()|\Z)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Constant:
    """What a global has become: a number known when linking."""

    value: int


@dataclass(frozen=True)
class IndexMap:
    """Old index to new, for one module's code."""

    functions: Sequence[int]
    types: Sequence[int]
    globals: Sequence[int | Constant]


def rewrite(body: bytes, indices: IndexMap) -> bytes:
    """A function body with every index put through `indices`."""
    chunks: list[bytes] = []
    copied = 0
    try:
        for start, operand, end in _instructions(body):
            replacement = _rewrite_one(body[start], body[operand:end], indices)
            if replacement is not None:
                chunks += body[copied:start], replacement
                copied = end
    except IndexError:
        raise MalformedModuleError("an instruction names what the module does not have") from None
    chunks.append(body[copied:])
    return b"".join(chunks)


def _rewrite_one(opcode: int, operand: bytes, indices: IndexMap) -> bytes | None:
    """The whole instruction anew, or None to leave it."""
    if opcode in (Op.BLOCK, Op.LOOP, Op.IF):
        old, _ = leb128.read_signed(operand, 0)
        if old < 0:
            return None
        return bytes((opcode,)) + leb128.signed(indices.types[old])
    old, _ = leb128.read_unsigned(operand, 0)
    new: int | Constant
    if opcode in (Op.GLOBAL_GET, Op.GLOBAL_SET):
        new = indices.globals[old]
    elif opcode in (Op.CALL_INDIRECT, Op.RETURN_CALL_INDIRECT):
        new = indices.types[old]
    else:
        new = indices.functions[old]
    if isinstance(new, Constant):
        if opcode == Op.GLOBAL_SET:
            raise LinkError(f"the code writes global {old}, which linking makes a constant")
        return i32_const(new.value)
    return None if new == old else bytes((opcode,)) + leb128.unsigned(new)


@dataclass(frozen=True)
class References:
    """What function bodies refer to."""

    functions: set[int]
    read_globals: set[int]
    written_globals: set[int]


def references(bodies: Iterable[bytes]) -> References:
    found = References(set(), set(), set())
    for body in bodies:
        for start, operand, _ in _instructions(body):
            if body[start] in (Op.CALL, Op.RETURN_CALL, Op.REF_FUNC):
                found.functions.add(leb128.read_unsigned(body, operand)[0])
            elif body[start] == Op.GLOBAL_GET:
                found.read_globals.add(leb128.read_unsigned(body, operand)[0])
            elif body[start] == Op.GLOBAL_SET:
                found.written_globals.add(leb128.read_unsigned(body, operand)[0])
    return found


def i32_const(value: int) -> bytes:
    """The instruction; a value of 2**31 and more becomes the negative of the same bits."""
    signed = (value & 0xFFFF_FFFF ^ 0x8000_0000) - 0x8000_0000
    return bytes((Op.I32_CONST,)) + leb128.signed(signed)


def i32_const_expression(value: int) -> bytes:
    return i32_const(value) + END


def call(function: int) -> bytes:
    return bytes((Op.CALL,)) + leb128.unsigned(function)


def skip_locals(body: bytes) -> int:
    """Where the instructions begin, behind the declarations of locals."""
    groups, position = leb128.read_unsigned(body, 0)
    for _ in range(groups):
        _, position = leb128.read_unsigned(body, position)
        position += 1  # the value type
    return position


def _instructions(body: bytes) -> Iterator[tuple[int, int, int]]:
    """Those with an index: where opcode, operand and what follows the operand begin."""
    position = skip_locals(body)
    while position < len(body):
        step = _STEP.match(body, position)
        if step is None:
            raise _unknown_instruction(body, position)
        position = step.end()
        group = step.lastindex
        if group is None:
            return
        if body[step.start(group - 1)] == Op.BR_TABLE:
            position = _skip_labels(body, position)
        else:
            yield step.start(group - 1), step.start(group), step.end(group)


def _skip_labels(body: bytes, position: int) -> int:
    count, position = leb128.read_unsigned(body, position)
    end = position + count + 1  # the default label comes after the counted ones
    if body[position:end].isascii():  # one byte each, as nearly always
        return end
    for _ in range(count + 1):
        _, position = leb128.read_unsigned(body, position)
    return position


def _unknown_instruction(body: bytes, position: int) -> LinkError:
    run = _RUN.match(body, position)
    at = run.end() if run else position
    return MalformedModuleError(
        f"an instruction the linker does not know, {body[at : at + 2].hex(' ')}, in a function body"
    )

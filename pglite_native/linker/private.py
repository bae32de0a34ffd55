"""Names for what the base does not export: functions and data that its own code gives away.

A function is known by a text that no other function's code refers to, usually its own name in an
error it raises, or by a run of instructions that no other has. From a function so known, or an
exported one, others and data follow by what its code does at one place, in WebAssembly's text
form; a `?` stands for what is being looked for:

    Mentions("sinval slot for backend %d is already in use by process %d")
    Within("InitPostgres", "call ?; i32.const 0; call SharedInvalBackendInit")

Exactly one place must match, or the link stops: a new base is found out when it is built.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from . import leb128
from .base import Base
from .errors import LinkError
from .instructions import Op
from .policy import Contains, Mentions, Within
from .startup import NOWHERE, run

# Mnemonics without operands, and those with an alignment, of which any will do, and an offset.
_PLAIN = {
    "if": b"\x04\x40",
    "end": b"\x0b",
    "drop": b"\x1a",
    "i32.eqz": b"\x45",
    "i32.eq": b"\x46",
    "i32.ne": b"\x47",
    "i32.gt_u": b"\x4b",
    "i32.le_s": b"\x4c",
    "i32.ge_s": b"\x4e",
    "i32.add": b"\x6a",
    "i32.mul": b"\x6c",
    "i32.shl": b"\x74",
}
_MEMORY = {
    "i32.load": 0x28,
    "i64.load": 0x29,
    "i32.load8_u": 0x2D,
    "i32.load16_u": 0x2F,
    "i32.store": 0x36,
    "i64.store": 0x37,
}
_INDEXED = {
    "br_if": 0x0D,
    "call": Op.CALL,
    "i32.const": Op.I32_CONST,
    "local.get": 0x20,
    "local.set": 0x21,
    "local.tee": 0x22,
}
_ANY = rb"[\x80-\xff]{0,4}[\x00-\x7f]"


@dataclass(frozen=True)
class _Pattern:
    expression: re.Pattern[bytes]
    finds_function: bool


def name_private(base: Base, private: Mapping[str, Mentions | Contains | Within]) -> None:
    """Add the names to the base's functions and data, in their order: one may lead to the next."""
    for name, clue in private.items():
        if name in base.functions or name in base.data:
            raise LinkError(f"{name} need not be looked for: the base exports it")
        if isinstance(clue, Mentions):
            base.functions[name] = _mentioning(base, name, clue.text)
            continue
        if isinstance(clue, Contains):
            base.functions[name] = _containing(base, name, clue.code)
            continue
        pattern = _compile(base, name, clue.code, places=1)
        found = set(pattern.expression.findall(_body(base, name, clue.function)))
        if len(found) != 1:
            raise LinkError(
                f"cannot find {name}: {clue.function} has {len(found)} times {clue.code!r}"
            )
        (operand,) = found
        if pattern.finds_function:
            base.functions[name] = leb128.read_unsigned(operand, 0)[0]
        else:
            base.data[name] = leb128.read_signed(operand, 0)[0] & 0xFFFF_FFFF


def _mentioning(base: Base, name: str, text: str) -> int:
    imports = base.function_import_count
    operands = [bytes((Op.I32_CONST,)) + leb128.signed(address) for address in _texts(base, text)]
    found = [
        index
        for index, code in enumerate(base.module.code, imports)
        if any(operand in code for operand in operands)
    ]
    if len(found) != 1:
        raise LinkError(f"cannot find {name}: {len(found)} functions mention {text!r}")
    return found[0]


def compile_code(base: Base, name: str, code: str) -> re.Pattern[bytes]:
    """A regular expression for a run of instructions, looked for in the name of `name`."""
    return _compile(base, name, code, places=0).expression


def _containing(base: Base, name: str, run_of_code: str) -> int:
    expression = compile_code(base, name, run_of_code)
    code = enumerate(base.module.code, base.function_import_count)
    found = [index for index, body in code if expression.search(body)]
    if len(found) != 1:
        raise LinkError(f"cannot find {name}: {len(found)} functions have {run_of_code!r}")
    return found[0]


def _texts(base: Base, text: str) -> list[int]:
    """Where the base's data have the text, if only as the tail of another (wasm-ld shares them)."""
    wanted = text.encode() + b"\0"
    addresses = []
    for segment in base.module.data:
        if segment.offset is None:
            continue
        start = -1
        while (start := segment.content.find(wanted, start + 1)) >= 0:
            addresses.append(run(segment.offset, [], NOWHERE) + start)
    return addresses


def _body(base: Base, name: str, function: str) -> bytes:
    index = base.functions.get(function, -1) - base.function_import_count
    if index < 0:
        raise LinkError(f"cannot find {name}: the base has no function {function} to look into")
    return base.module.code[index]


def _compile(base: Base, name: str, code: str, places: int) -> _Pattern:
    """A regular expression over a function body, with a group for the place looked for."""
    expression, finds_function = b"", False
    for instruction in code.split(";"):
        mnemonic, _, operand = instruction.strip().partition(" ")
        if mnemonic in _PLAIN:
            expression += re.escape(_PLAIN[mnemonic])
        elif mnemonic in _MEMORY:
            offset = leb128.unsigned(int(operand or 0))
            expression += re.escape(bytes((_MEMORY[mnemonic],))) + rb"[\x00-\x03]"
            expression += re.escape(offset)
        elif mnemonic in _INDEXED:
            expression += re.escape(bytes((_INDEXED[mnemonic],)))
            expression += _operand(base, name, mnemonic, operand)
            finds_function |= mnemonic == "call" and operand == "?"
        else:
            raise LinkError(f"cannot find {name}: no instruction {mnemonic!r} is known here")
    if code.count("?") != places:
        raise LinkError(f"cannot find {name}: {code!r} needs {places} ?")
    return _Pattern(re.compile(expression, re.DOTALL), finds_function)


def _operand(base: Base, name: str, mnemonic: str, operand: str) -> bytes:
    if operand in {"?", "*"}:
        return b"(" + _ANY + b")" if operand == "?" else _ANY
    if operand.lstrip("-").isdigit():
        return re.escape(leb128.signed(int(operand)))
    known = base.functions if mnemonic == "call" else base.data
    if operand not in known:
        raise LinkError(f"cannot find {name}: the base has no {operand} to find it by")
    encode = leb128.unsigned if mnemonic == "call" else leb128.signed
    return re.escape(encode(known[operand]))

"""Wrapping functions of the base, as `ld --wrap=NAME` does.

Every call of NAME, the base's own included, goes to `__wrap_NAME` of a side module, which finds the
original as `__real_NAME`. The wrapped function keeps its index, its exports and its place in the
table: only its body changes, to a call; the original body becomes a function of its own.

Where an optimizer has compiled a function into its callers there is nothing to wrap. Then the
instructions that are left of it are replaced, by calls of a new function, which is wrapped in turn.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from . import leb128
from .base import Base
from .errors import LinkError
from .instructions import END, NO_LOCALS, Op, call
from .module import FUNCTION_TYPE, I32, describe_type
from .policy import Policy, Replace, Wrap
from .private import compile_code
from .side import Side

WRAP = "__wrap_"
REAL = "__real_"

ONE_I32 = bytes((FUNCTION_TYPE, 1, I32, 0))


@dataclass(frozen=True)
class Wrapping:
    """A wrapped function: its index in the base, its wrapper's in the side module `position`."""

    symbol: str
    module: str
    reason: str
    function: int
    position: int
    wrapper: int


def wrap(base: Base, sides: Sequence[Side], policy: Policy) -> list[Wrapping]:
    """Find all functions to wrap and their wrappers, and give the base the originals' names."""
    return [
        *(_replace(base, sides, symbol, how) for symbol, how in policy.replaces.items()),
        *(_wrap(base, sides, symbol, how) for symbol, how in policy.wraps.items()),
    ]


def forwarding_body(type: bytes, target: int) -> bytes:
    """A function body that passes all its arguments on, and the result back."""
    parameters = range(type[1])
    push = b"".join(bytes((Op.LOCAL_GET,)) + leb128.unsigned(number) for number in parameters)
    return NO_LOCALS + push + call(target) + END


def _wrap(base: Base, sides: Sequence[Side], symbol: str, how: Wrap) -> Wrapping:
    function = _find(base, symbol, how)
    wrapping = _wrapping(base, sides, symbol, WRAP + symbol, how.reason, function)
    base.functions[REAL + symbol] = base.duplicate(function)
    return wrapping


def _wrapping(
    base: Base, sides: Sequence[Side], symbol: str, name: str, reason: str, function: int
) -> Wrapping:
    type = base.signatures[function]
    for position, side in enumerate(sides):
        if name not in side.functions:
            continue
        wrapper = side.functions[name]
        if side.signatures[wrapper] != type:
            raise LinkError(
                f"{side.name}: {name} is {describe_type(side.signatures[wrapper])}, "
                f"but what it wraps is {describe_type(type)}"
            )
        return Wrapping(symbol, side.name, reason, function, position, wrapper)
    raise LinkError(f"{symbol} is to be wrapped, but no module defines {name}")


def _replace(base: Base, sides: Sequence[Side], symbol: str, how: Replace) -> Wrapping:
    if ONE_I32 not in base.signatures[base.function_import_count :]:
        raise LinkError(f"cannot call {symbol}: the base has no function of its type")
    like = base.signatures.index(ONE_I32, base.function_import_count)
    function = base.duplicate(like)  # its body will be a call of the wrapper
    wrapping = _wrapping(base, sides, symbol, symbol, how.reason, function)
    expression = compile_code(base, symbol, how.code)
    for name, places in how.places.items():
        index = base.functions.get(name, -1) - base.function_import_count
        if index < 0:
            raise LinkError(f"cannot replace code by {symbol}: the base has no function {name}")
        body, count = expression.subn(lambda _: call(function), base.module.code[index])
        if count != places:
            raise LinkError(f"cannot replace code by {symbol}: {name} has it {count} times")
        base.module.code[index] = body
    return wrapping


def _find(base: Base, symbol: str, how: Wrap) -> int:
    """The function's index: that of its export, or of the one function with the body described."""
    imports = base.function_import_count
    if how.body is None:
        found = [base.functions[symbol]] if symbol in base.functions else []
    else:
        body = re.compile(how.body, re.DOTALL)
        code = enumerate(base.module.code, imports)
        found = [index for index, candidate in code if body.fullmatch(candidate)]
    if len(found) != 1 or found[0] < imports:
        raise LinkError(f"cannot wrap {symbol}: the base defines {len(found)} such functions")
    (function,) = found
    # wasm-opt merges equal functions, and the other one is not meant.
    others = sorted(
        {name for name, index in base.functions.items() if index == function} - {symbol}
    )
    if others:
        raise LinkError(f"cannot wrap {symbol}: it is {', '.join(others)} as well")
    return function

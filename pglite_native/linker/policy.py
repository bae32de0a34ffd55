"""What linking needs to know that the modules do not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# Hosts answer an invoke_* of any shape, so a new shape may become an import of the result.
INVOKE = r"env\.invoke_[vijfd]+"

# What Emscripten's JavaScript calls otherwise than its main modules do.
EMSCRIPTEN_ALIASES = {
    "setTempRet0": "_emscripten_tempret_set",
    "getTempRet0": "_emscripten_tempret_get",
}


@dataclass(frozen=True)
class Wrap:
    """Why a function of the base is wrapped.

    One that the base does not export is found by `body`, a regular expression that its function
    body matches in full, and no other.
    """

    reason: str
    body: bytes | None = None


@dataclass(frozen=True)
class Mentions:
    """A function that the base does not export: the only one whose code refers to this text."""

    text: str


@dataclass(frozen=True)
class Contains:
    """Likewise the only one in whose code this run of instructions is."""

    code: str


@dataclass(frozen=True)
class Within:
    """What the base does not export, by what the code of one of its functions does with it.

    `code` is a run of instructions with `?` for the address, or the function, that is looked for.
    """

    function: str
    code: str


@dataclass(frozen=True)
class Replace:
    """Instructions in functions of the base in whose place a side module's function is called.

    `code` is a run of instructions; `places` says how often each function has it. The function that
    is called takes one i32 and returns nothing: what `code` does with the operand stack.
    """

    reason: str
    code: str
    places: Mapping[str, int]


@dataclass(frozen=True)
class Policy:
    """Decisions about a link that its modules do not make.

    `host_imports` matches "module.name" of the functions that a host provides though the base does
    not import them. `allowed` names, module by module, the symbols that may stay undefined, each
    with its reason; calling one ends the guest. `aliases` gives functions of the base other names.
    `renames` says, module by module, under what other name an imported function is looked for.
    `private` names functions and data of the base that it does not export. `wraps` names the
    functions of the base that side modules take the place of. `replaces` names functions of side
    modules that are called where the base has instructions of its own.

    `roots` matches the exported functions of side modules that are asked for by name when the guest
    runs, and what its groups match is as well; functions that neither these nor anything else leads
    to are left out. None: all are kept.
    """

    host_imports: str = INVOKE
    allowed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=lambda: EMSCRIPTEN_ALIASES)
    renames: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    private: Mapping[str, Mentions | Contains | Within] = field(default_factory=dict)
    wraps: Mapping[str, Wrap] = field(default_factory=dict)
    replaces: Mapping[str, Replace] = field(default_factory=dict)
    roots: str | None = None

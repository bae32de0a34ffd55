"""WebAssembly to the C files of a shared object for the AOT tier.

wasm2c translates the functions. Everything around them it writes for a runtime of its own, in
which an instance is a structure that points to its memory, its table and its imports. Ours is one
pointer (csrc/guest/aot/abi.h), so the functions are taken out of wasm2c's output, their accesses
rewritten to the macros of csrc/guest/aot/code.h, and the rest is written here.

A module that was cut out of a larger one (`linker.part`), as what extensions add is, becomes a
shared object that calls the other one's functions through pointers (docs/AOT.md).
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pglite_native.linker import leb128
from pglite_native.linker.decoder import decode
from pglite_native.linker.module import Kind, Module, describe_type
from pglite_native.linker.part import Part

PREFIX = "m"  # of wasm2c's names: w2c_m_...
GLOBALS_MAX = 8  # AOT_GLOBALS_MAX

LETTERS = {0x7F: "i", 0x7E: "j", 0x7D: "f", 0x7C: "d"}
C_TYPES = {"v": "void", "i": "u32", "j": "u64", "f": "f32", "d": "f64"}
TO_SLOT = {"i": "{}", "j": "{}", "f": "i32_reinterpret_f32({})", "d": "i64_reinterpret_f64({})"}
FROM_SLOT = {
    "i": "(u32) {}",
    "j": "{}",
    "f": "f32_reinterpret_i32((u32) {})",
    "d": "f64_reinterpret_i64({})",
}

DEFINITION = re.compile(
    rf"^(?:static )?(\w+) (w2c_{PREFIX}_\w+)\(w2c_{PREFIX}\* instance([^)]*)\) \{{$", re.M
)
IMPORT = re.compile(r"^/\* import: '(.*)' '(.*)' \*/\n\w+ (\w+)\(", re.M)
FIELD = re.compile(r"^  (?:u32|u64|f32|f64) (w2c_\w+);$", re.M)
INITIAL = re.compile(r"^  instance->(w2c_\w+) = (.*);$", re.M)

# In this order: what wasm2c writes, and what code.h calls it.
NOISE = re.compile(
    r"^(?:#if WASM_RT_USE_SEGUE_FOR_THIS_MODULE\n.*\n#endif"
    r"|  +wasm_rt_local_memory_size = .*;"
    r"|  uint8_t\* const wasm_rt_local_memory_base = .*;"
    r"|  uint64_t wasm_rt_local_memory_size = .*;"
    r"|  \(void\)wasm_rt_local_memory_(?:base|size);)\n",
    re.M,
)
ACCESS = re.compile(
    r"_default32\(wasm_rt_local_memory_base, wasm_rt_local_memory_size, &?instance->\w+, "
)
OFFSET = re.compile(r"_default32\(.*\(u64\)\(var_\w+\) \+ (\d+)u")
MEMORY_CALL = re.compile(
    r"\b(?:wasm_rt_)?(memory_fill|memory_copy|grow_memory)\((?:&?instance->\w+, )+"
)
MEMORY_PAGES = re.compile(r"(?:\(\*instance->\w+\)|instance->\w+)\.pages\b")
CLOSURE = re.compile(r"\binstance->w2c_\w+_instance\b")
GLOBAL = re.compile(r"\binstance->(w2c_\w+)\b(?!\.)")
CALL = re.compile(rf"\b(w2c_{PREFIX}_\w+)\(")


@dataclass(frozen=True)
class Function:
    """A function of wasm2c's: its name, its declaration, and all of its text."""

    name: str
    declaration: str
    text: str


class Sources(NamedTuple):
    """The C files of a module."""

    hot: list[Path]
    """What is around the functions, and those that are called."""

    cold: list[Path]
    """All others."""


def translate(
    wasm: Path,
    wasm2c: Path,
    folder: Path,
    files: int,
    called: frozenset[int] | None = None,
    part: Part | None = None,
) -> Sources:
    """Write the C files into `folder`: some `files` of them, all of about the same size.

    `called` are the functions, by index, that are known to be called, and go into files of their
    own; None: any may be. `part` says what the module is a part of.

    Raises:
        ValueError: the module has something that this tier does not know.
    """
    module = decode(wasm.read_bytes())
    folder.mkdir(parents=True, exist_ok=True)
    whole = folder / "wasm2c.c"
    subprocess.run([wasm2c, "--module-name", PREFIX, "--output", whole, wasm], check=True)
    text, header = whole.read_text(), whole.with_suffix(".h").read_text()
    whole.unlink()
    whole.with_suffix(".h").unlink()

    declared = {(module, name): c_name for module, name, c_name in IMPORT.findall(header)}
    imports = [declared[item.module, item.name] for item in module.imported(Kind.FUNCTION)]
    types = [spell(type) for type in module.types]
    functions = list(find_functions(text, len(module.functions)))
    rewrite = Rewriter(module, header, text)
    names = [*imports, *(function.name for function in functions)]
    size = sum(len(function.text) for function in functions) / files + 1
    sources = Sources([folder / "module.c"], [])
    for kind, paths in zip(("hot", "cold"), sources, strict=True):
        chosen = [
            function
            for index, function in enumerate(functions, len(imports))
            if (called is None or index in called) == (kind == "hot")
        ]
        for number, group in enumerate(divide(chosen, size)):
            path = folder / f"{kind}{number:02}.c"
            body = "\n".join(rewrite(function.text) for function in group)
            path.write_text(f'#include "module.h"\n\n{body}')
            paths.append(path)
    (folder / "module.h").write_text(declare(module, types, imports, functions, part))
    (folder / "module.c").write_text(describe(module, types, names, rewrite.reach, part))
    return sources


def spell(type: bytes) -> str:
    """A function type as the tiers spell it: result, then parameters."""
    count = type[1]
    parameters, results = type[2 : 2 + count], type[3 + count :]
    if len(results) > 1 or any(value not in LETTERS for value in (*parameters, *results)):
        raise ValueError(f"a function of type {describe_type(type)}")
    result = LETTERS[results[0]] if results else "v"
    return result + "".join(LETTERS[value] for value in parameters)


def find_functions(text: str, count: int) -> Iterator[Function]:
    """Take the module's own functions, which come last and in order, out of wasm2c's output."""
    found = list(DEFINITION.finditer(text))[-count:] if count else []
    for match in found:
        end = text.index("\n}\n", match.start()) + 3
        result, name, parameters = match.groups()
        yield Function(
            name, f"{result} {name}(instance_t *instance{parameters})", text[match.start() : end]
        )


class Rewriter:
    """From wasm2c's way of reaching memory, globals and imports to ours."""

    def __init__(self, module: Module, header: str, text: str) -> None:
        fields = FIELD.findall(header)
        values = dict(INITIAL.findall(text))
        if module.imported(Kind.GLOBAL) or module.imported(Kind.TABLE):
            raise ValueError("globals or tables that are imported")
        self.globals: dict[str, str] = {}
        place = 0
        for name, own in zip(fields, module.globals, strict=True):
            type = C_TYPES[LETTERS[own.type.value_type]]
            if own.type.mutable:
                self.globals[name] = f"(*({type} *) &AOT_HEADER(instance)->globals[{place}])"
                place += 1
            else:
                self.globals[name] = f"(({type}) {values[name]})"
        self.offset = 0  # the largest of any access
        if place > GLOBALS_MAX:
            raise ValueError(f"more than {GLOBALS_MAX} mutable globals")

    @property
    def reach(self) -> int:
        """Where the furthest access would end: address, offset, and width."""
        return (1 << 32) + self.offset + 8

    def __call__(self, text: str) -> str:
        text = NOISE.sub("", text)
        self.offset = max(self.offset, *map(int, OFFSET.findall(text)), 0)
        text = ACCESS.sub("(instance, ", text)
        text = MEMORY_CALL.sub(
            lambda match: f"{match[1].replace('grow_memory', 'memory_grow')}(instance, ", text
        )
        text = MEMORY_PAGES.sub("memory_pages(instance)", text)
        text = CLOSURE.sub("instance", text)
        text = GLOBAL.sub(lambda match: self.globals.get(match[1], match[0]), text)
        return text.replace(f"w2c_{PREFIX}* instance", "instance_t *instance")


def divide(functions: list[Function], size: float) -> Iterator[list[Function]]:
    """Cut into files of about that size; neighbours stay together, as they call each other."""
    part: list[Function] = []
    used = 0
    for function in functions:
        part.append(function)
        used += len(function.text)
        if used >= size:
            yield part
            part, used = [], 0
    if part:
        yield part


def prototype(type: str, name: str) -> str:
    parameters = "".join(f", {C_TYPES[letter]} a{n}" for n, letter in enumerate(type[1:]))
    return f"{C_TYPES[type[0]]} {name}(instance_t *instance{parameters})"


def signature(type: str) -> str:
    """The C type of a pointer to a function."""
    parameters = "".join(f", {C_TYPES[letter]}" for letter in type[1:])
    return f"{C_TYPES[type[0]]} (*)(instance_t *{parameters})"


def declare(
    module: Module,
    types: list[str],
    imports: list[str],
    functions: list[Function],
    part: Part | None,
) -> str:
    """module.h: what the generated files share."""
    # A type that occurs twice is one type.
    ids = [f"#define w2c_{PREFIX}_t{n} {types.index(type)}u" for n, type in enumerate(types)]
    function_types = [types[index] for index in module.function_types()]
    imported = list(zip(function_types, imports, strict=False))
    served = len(imports) - len(part.links if part else ())
    # A part uses the instance's whole table, whose size no module knows.
    size = "AOT_HEADER(instance)->table_size" if part else f"{table_size(module)}u"
    return "\n".join(
        [
            '#include "code.h"',
            "",
            f"#define TABLE_SIZE {size}",
            f"#define MODULE_TABLE {'AOT_HEADER(instance)->table' if part else 'module_table'}",
            "extern const struct aot_function module_table[];",
            *ids,
            *(f"{prototype(type, name)};" for type, name in imported[:served]),
            *(
                line
                for number, (type, name) in enumerate(imported[served:])
                for line in link(number, type, name)
            ),
            *(f"{function.declaration};" for function in functions),
            "",
        ]
    )


def link(number: int, type: str, name: str) -> list[str]:
    """A function of the base, called where it is."""
    arguments = "".join(f", a{n}" for n in range(len(type) - 1))
    call = f"(({signature(type)}) AOT_HEADER(instance)->links[{number}])(instance{arguments})"
    return [
        f"static inline {prototype(type, name)}",
        "{",
        f"    {'' if type[0] == 'v' else 'return '}{call};",
        "}",
    ]


def table_size(module: Module) -> int:
    return sum(table.limits.minimum for table in module.tables)


def describe(
    module: Module, types: list[str], names: list[str], reach: int, part: Part | None
) -> str:
    """module.c: imports as functions, the table, and the descriptor."""
    function_types = [types[index] for index in module.function_types()]
    links = part.links if part else []
    first = part.first_element if part else 0

    def type_of(index: int) -> int:
        return types.index(function_types[index])

    def entry(index: int) -> str:
        return f"{{(aot_code) {names[index]}, {type_of(index)}}}"

    lines = ['#include "module.h"', ""]
    functions_imported = len(module.imported(Kind.FUNCTION))
    imported = module.imported(Kind.FUNCTION)[: functions_imported - len(links)]
    for number in range(len(imported)):
        if names[number] in names[:number]:
            continue  # a module may import the same function twice
        call = f"AOT_HEADER(instance)->host->call(instance, {number}, slots)"
        lines += stub(
            prototype(function_types[number], names[number]), function_types[number], call
        )
    for number, type in enumerate(types):
        header = "AOT_HEADER(instance)"
        call = f"{header}->host->call_element(instance, (u32) {header}->called, slots)"
        lines += stub("static " + prototype(type, f"element_{number}"), type, call)
        lines += enter(number, type)
    lines += [
        "static const struct aot_type types[] = {",
        *(
            f'    {{"{type}", enter_{number}, (aot_code) element_{number}}},'
            for number, type in enumerate(types)
        ),
        "    {0}};",
        "static const struct aot_import imports[] = {",
        *(
            f'    {{"{item.module}", "{item.name}", "{function_types[number]}"}},'
            for number, item in enumerate(imported)
        ),
        "    {0}};",
    ]
    exported = sorted({item.index for item in module.exports if item.kind == Kind.FUNCTION})
    start = "{0}" if module.start is None else entry(module.start)
    elements = {
        position: entry(index)
        for segment in module.elements
        for position, index in enumerate(segment.functions, constant(segment.offset))
    }
    # The whole module's numbers: where it is a part, its functions come behind all of the base's.
    moved = part.first_function - functions_imported if part else 0
    lines += [
        "static const struct aot_export exports[] = {",
        *(f"    {{{index + moved}, {entry(index)}}}," for index in exported),
        "    {0}};",
        "const struct aot_function module_table[] = {",
        *(
            f"    {elements.get(position, '{0, AOT_NO_TYPE}')},"
            for position in range(first, table_size(module))
        ),
        "    {0, AOT_NO_TYPE}};",
        "static const struct aot_link links[] = {",
        *(
            f"    {{{place.number}, {int(place.is_element)}, {type_of(index)}}},"
            for index, place in enumerate(links, len(imported))
        ),
        "    {0}};",
    ]
    # As in a custom section by the tool conventions: a length, then the bytes.
    section = module.custom("build_id") or b"\0"
    size, position = leb128.read_unsigned(section, 0)
    build_id = section[position : position + size]
    lines += [
        f"static const u8 build_id[] = {{{', '.join(map(str, build_id)) or '0'}}};",
        '__attribute__((visibility("default")))',
        "const struct aot_module pglite_aot_module = {",
        f"    AOT_ABI, {size}, build_id, {reach}u,",
        f"    {len(types)}, {len(imported)}, {len(exported)},",
        f"    {table_size(module)}, {sum(item.type.mutable for item in module.globals)},",
        f"    types, imports, exports, module_table, {start},",
        f"    {first}, {len(links)}, links}};",
        "",
    ]
    return "\n".join(lines)


def stub(head: str, type: str, call: str) -> list[str]:
    """A function that passes its arguments on in slots."""
    slots = ", ".join(TO_SLOT[letter].format(f"a{n}") for n, letter in enumerate(type[1:]))
    result = "" if type[0] == "v" else "return " + FROM_SLOT[type[0]].format(call)
    return [
        head,
        "{",
        f"    const u64 slots[] = {{{slots or '0'}}};",
        f"    {result or call};",
        "}",
    ]


def enter(number: int, type: str) -> list[str]:
    """A function that calls one of this type with arguments from slots."""
    arguments = "".join(
        ", " + FROM_SLOT[letter].format(f"slots[{n}]") for n, letter in enumerate(type[1:])
    )
    call = f"(({signature(type)}) code)(instance{arguments})"
    if type[0] != "v":
        call = f"*result = {TO_SLOT[type[0]].format(call)}"
    return [
        f"static void enter_{number}(aot_code code, instance_t *instance, const u64 *slots,",
        "    u64 *result)",
        "{",
        "    (void) slots, (void) result;",
        f"    {call};",
        "}",
    ]


def constant(expression: bytes) -> int:
    """The value of an i32.const expression."""
    if expression[0] != 0x41:
        raise ValueError("an element segment whose offset is not a constant")
    value, _ = leb128.read_signed(expression, 1)
    return value & 0xFFFFFFFF

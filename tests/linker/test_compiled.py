"""Side modules as clang and wasm-ld make them of C, linked and run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pglite_native.linker import SideModule, link
from tests.linker.modules import BASE, link_text, results
from tests.linker.wabt import assemble, validate

SOURCE = Path(__file__).with_name("guest.c")

CFLAGS = [
    "--target=wasm32-emscripten",
    "-mcpu=mvp+sign_ext+bulk_memory",
    "-std=c11",
    "-ffreestanding",
    "-fPIC",
    "-fvisibility=hidden",
    "-fno-sanitize=undefined",  # which zig adds where nothing is optimized
    "-fno-stack-protector",
]
LDFLAGS = ["--experimental-pic", "-shared", "--import-memory", "--allow-undefined"]

NUMBERS = {"left": 7, "right": 100}


def zig(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "ziglang", *arguments], check=True)


def compile_side(folder: Path, side: str, other: str, optimize: str) -> SideModule:
    defines = [f"-DSIDE={side}", f"-DOTHER={other}", f"-DNUMBER={NUMBERS[side]}"]
    objects, module = folder / f"{side}.o", folder / f"{side}.wasm"
    zig("cc", *CFLAGS, *defines, optimize, "-c", str(SOURCE), "-o", str(objects))
    zig("wasm-ld", *LDFLAGS, str(objects), "-o", str(module))
    return SideModule(side, module.read_bytes(), export=True)


def squares_and_sums(mine: int, theirs: int) -> dict[str, int]:
    """What the functions of guest.c return."""
    total = 2 + 9
    total = ((total ^ 0x55) * 3 - ord("t") << 1) + 2000
    return {
        "constructed": 2 * mine,
        "sum_of_numbers": mine + theirs + 42,
        "sum_of_operations": (10 + mine) + (10 + theirs) + 20 + 100,
        "same_pointers": 1,
        "switched": total,
    }


# Without optimization every index is a padded LEB128 integer.
@pytest.mark.parametrize("optimize", ["-O0", "-O2"])
def test_modules_that_use_each_other(tmp_path: Path, optimize: str) -> None:
    left = compile_side(tmp_path, "left", "right", optimize)
    right = compile_side(tmp_path, "right", "left", optimize)
    found = results(link_text(left, right).binary)
    for side, other in (("left", "right"), ("right", "left")):
        for name, value in squares_and_sums(NUMBERS[side], NUMBERS[other]).items():
            assert found[f"{name}_{side}"] == f"i32:{value}", f"{name}_{side}"


def test_compiled_module_onto_an_earlier_link(tmp_path: Path) -> None:
    """The second gets what it needs from the first, which can do without it."""
    first = SideModule("first", compile_one(tmp_path, "first", FIRST), export=True)
    second = SideModule("second", compile_one(tmp_path, "second", SECOND), export=True)
    linked = link(link(assemble(BASE), [first]).binary, [second])
    validate(linked.binary)
    assert results(linked.binary)["second"] == f"i32:{(5 * 5 + 42) * 2}"


FIRST = """
__attribute__((visibility("default"))) int table[2] = {5, 42};
__attribute__((visibility("default"))) int square(int value) { return value * value; }
"""
SECOND = """
extern int table[2], square(int), twice(int);
static int (*const operations[])(int) = {square, twice};
__attribute__((visibility("default"))) int second(void)
{
    volatile int i = 0;
    return operations[i + 1](operations[i](table[0]) + table[1]);
}
"""


def compile_one(folder: Path, name: str, text: str) -> bytes:
    source, objects, module = (folder / f"{name}{suffix}" for suffix in (".c", ".o", ".wasm"))
    source.write_text(text)
    zig("cc", *CFLAGS, "-O2", "-c", str(source), "-o", str(objects))
    zig("wasm-ld", *LDFLAGS, str(objects), "-o", str(module))
    return module.read_bytes()

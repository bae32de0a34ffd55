"""Ring 1: the C below the guest, as small test programs, plain and under the sanitizers.

Each `test_*.c` here is one program of named tests; every test runs in a process of its own. Those
in which threads meet run under the thread sanitizer as well.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.building import compiled, compiler

HERE = Path(__file__).resolve().parent
CSRC = HERE.parent.parent / "csrc"
ZSTD = HERE.parent.parent / "build" / "vendor" / "zstd"  # which csrc/base includes
WARNINGS = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wno-format-truncation", "-g"]
VARIANTS = {
    "plain": ["-O2"],
    "portable": ["-O2", "-DPLATFORM_PORTABLE"],  # what there is for macOS
    "sanitized": [
        "-O1",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
        "-fno-omit-frame-pointer",
    ],
    "tsan": ["-O1", "-fsanitize=thread", "-fno-omit-frame-pointer"],
}
ON_PLATFORM = {"test_host", "test_platform", "test_threads"}
THREADED = {"test_baton", "test_courier", "test_threads"}
# What a program needs beyond the code under test and check.c and space.c.
WRAPPED = {
    "test_hostile": ["arena_allocate", "malloc", "calloc", "realloc", "strdup"],
    "test_host": ["fsync", "fdatasync"],
}
FLAGS = {program: [f"-Wl,--wrap={name}" for name in names] for program, names in WRAPPED.items()}
SOURCES = {
    "test_model": [HERE / "model.c", HERE / "model_system.c", HERE / "model_vfs.c"],
    "test_baton": [CSRC / "engine" / "cluster" / "baton.c"],
    "test_courier": [CSRC / "engine" / "session" / "courier.c"],
}
# qemu-user takes MADV_WIPEONFORK, and does nothing.
NOT_EMULATED = {("test_platform", "process_numbers")}
SKIPPED = 77
TIMEOUT_S = 300
NAMED_TEST = re.compile(r'^    \{"(\w+)", \w+\},$', re.MULTILINE)

PROGRAMS = sorted(HERE.glob("test_*.c"))
CASES = [
    (program.stem, name, variant)
    for program in PROGRAMS
    for name in NAMED_TEST.findall(program.read_text(encoding="utf-8"))
    for variant in VARIANTS
    if variant != "tsan" or program.stem in THREADED
    if variant != "portable" or program.stem in ON_PLATFORM
]
UNDER_TEST = [path for layer in ("base", "platform", "vfs") for path in (CSRC / layer).glob("*.c")]


class Builder:
    """Compiles the code under test once a variant, and a program the first time it is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._programs: set[Path] = set()
        self._objects: dict[str, list[Path]] = {}

    def build(self, name: str, variant: str) -> Path:
        program = self._folder / f"{name}-{variant}"
        if program not in self._programs:
            own = [HERE / f"{name}.c", *SOURCES.get(name, [])]
            objects = self._under_test(variant)
            _compile(variant, *own, *objects, *FLAGS.get(name, []), "-o", program, "-lpthread")
            self._programs.add(program)
        return program

    def _under_test(self, variant: str) -> list[Path]:
        if variant not in self._objects:
            objects = []
            for source in [*UNDER_TEST, HERE / "check.c", HERE / "space.c"]:
                # Two layers may have a file of one name.
                objects.append(self._folder / f"{source.parent.name}-{source.stem}-{variant}.o")
                _compile(variant, "-c", source, "-o", objects[-1])
            self._objects[variant] = objects
        return self._objects[variant]


def _compile(variant: str, *arguments: str | Path) -> None:
    include = [f"-I{CSRC}", f"-I{HERE}", "-isystem", str(ZSTD)]
    subprocess.run([*compiler(), *WARNINGS, *VARIANTS[variant], *include, *arguments], check=True)


@pytest.fixture(scope="session")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    return Builder(tmp_path_factory.mktemp("c"))


def test_every_program_names_its_tests() -> None:
    assert {program for program, _, _ in CASES} == {path.stem for path in PROGRAMS}


@pytest.mark.parametrize(("program", "name", "variant"), CASES)
def test_c(builder: Builder, tmp_path: Path, program: str, name: str, variant: str) -> None:
    if "qemu" in " ".join(compiled()) and (program, name) in NOT_EMULATED:
        pytest.skip("not as on a machine of its own")
    environment = {
        **os.environ,
        "TMPDIR": str(tmp_path),
        "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "TSAN_OPTIONS": "halt_on_error=1",
    }
    result = subprocess.run(
        compiled(str(builder.build(program, variant)), name),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        env=environment,
    )
    if result.returncode == SKIPPED:
        pytest.skip(result.stdout)
    assert (result.stdout, result.returncode) == (f"ok {name}\n", 0), result.stdout + result.stderr

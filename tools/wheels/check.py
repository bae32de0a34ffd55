"""Is a wheel what it says it is? By those who know: auditwheel, macholib, abi3audit, twine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from macholib.mach_o import LC_BUILD_VERSION, LC_ID_DYLIB, LC_LOAD_DYLIB
from macholib.MachO import MachO

from tools import ROOT
from tools.build import AOT, PACKAGE
from tools.wheels import modules
from tools.wheels.targets import MACOS, Abi, Target

BYTES_MAX = 20 * 1000 * 1000
METADATA = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "top_level.txt"}
LICENCES = {"licenses/LICENSE", "licenses/NOTICE"}
RESOURCES = {
    "pglite.wasm",
    "initdb.wasm",
    "pg_dump.wasm",
    "cxx.wasm",
    "libc.wasm",
    "deflate.wasm",
    "system.pack",
    "cluster.pack",
    "postgres.image",
    "identity",
    "abi.h",
    "code.h",
}
NOTED = re.compile(r"resources/(LICENSE\.\w+)")  # in NOTICE
MACHINES = {0x01000007: "x86_64", 0x0100000C: "aarch64"}  # macOS's cputype
SYSTEM_LIBRARIES = {"/usr/lib/libSystem.B.dylib"}


def check(target: Target, abi: Abi, wheel: Path) -> Iterator[str]:
    """Tell what is wrong with a wheel."""
    for one in (_contents, _size, _abi3, _metadata, _macos if target.is_macos else _linux):
        yield from (f"{wheel.name}: {problem}" for problem in one(target, abi, wheel))


def expected(target: Target, abi: Abi, info: str) -> set[str]:
    """What is to be in a wheel: the package, what was compiled, and what NOTICE speaks of."""
    sources = {
        path.relative_to(ROOT).as_posix()
        for pattern in ("*.py", "*.pyi", "py.typed")
        for path in PACKAGE.rglob(pattern)
    }
    licences = set(NOTED.findall((ROOT / "NOTICE").read_text(encoding="utf-8")))
    resources = {f"resources/{name}" for name in RESOURCES | licences}
    compiled = {*modules.files(target, abi), AOT.relative_to(PACKAGE).as_posix()}
    return (
        sources
        | {f"{PACKAGE.name}/{name}" for name in resources | compiled}
        | {f"{info}/{name}" for name in METADATA | LICENCES}
    )


def _contents(target: Target, abi: Abi, wheel: Path) -> Iterator[str]:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        info = next(name.partition("/")[0] for name in names if ".dist-info/" in name)
        tags = re.findall(r"^Tag: (.*)$", archive.read(f"{info}/WHEEL").decode(), re.M)
    wanted = expected(target, abi, info)
    yield from (f"holds {name}, which is not expected" for name in sorted(names - wanted))
    yield from (f"lacks {name}" for name in sorted(wanted - names))
    if tags != abi.tags(target):
        yield f"is tagged {', '.join(tags)}"


def _size(_target: Target, _abi: Abi, wheel: Path) -> Iterator[str]:
    if wheel.stat().st_size > BYTES_MAX:
        yield f"has {wheel.stat().st_size} bytes, more than {BYTES_MAX}"


def _abi3(_target: Target, abi: Abi, wheel: Path) -> Iterator[str]:
    if abi.is_stable:
        yield from _run("abi3audit", "--strict", str(wheel))


def _metadata(_target: Target, _abi: Abi, wheel: Path) -> Iterator[str]:
    yield from _run("twine", "check", "--strict", str(wheel))


def _linux(target: Target, _abi: Abi, wheel: Path) -> Iterator[str]:
    """The C library's version, and which other libraries are needed."""
    # None of this machine's own libraries, which may be of another processor or C library.
    result = _tool("auditwheel", "show", "--json", "--ldpaths", os.devnull, str(wheel))
    if result.returncode != 0:
        yield result.stdout + result.stderr
        return
    found = json.loads(result.stdout)["overall_tag"]
    if found not in target.tag.split("."):
        yield f"fits {found}, not {target.tag}"


def _macos(target: Target, _abi: Abi, wheel: Path) -> Iterator[str]:
    """The processor, the oldest system, and which libraries are needed."""
    with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.endswith(".so"):
                for problem in _dylib(target, archive.extract(name, scratch)):
                    yield f"{name}: {problem}"


def _dylib(target: Target, path: str) -> Iterator[str]:
    (header,) = MachO(path).headers
    if MACHINES.get(header.header.cputype) != target.processor:
        yield f"is for another processor, {header.header.cputype:#x}"
    for command, details, data in header.commands:
        if command.cmd == LC_BUILD_VERSION:
            oldest = f"{details.minos >> 16}.{details.minos >> 8 & 0xFF}"
            if oldest != MACOS:
                yield f"is for macOS {oldest}"
        elif command.cmd in (LC_LOAD_DYLIB, LC_ID_DYLIB):
            library = data.rstrip(b"\0").decode()
            own = f"@rpath/{Path(path).name}"
            if library not in (SYSTEM_LIBRARIES if command.cmd == LC_LOAD_DYLIB else {own}):
                yield f"needs, or is, {library}"


def _run(*command: str) -> Iterator[str]:
    result = _tool(*command)
    if result.returncode != 0:
        yield f"{' '.join(command)}:\n{result.stdout}{result.stderr}"


def _tool(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", name, *arguments]
    return subprocess.run(command, capture_output=True, text=True)

"""Each layer of csrc/ includes only what stands below it, and so does each stratum of the engine.

docs/ARCHITECTURE.md has the picture.
"""

from __future__ import annotations

import re
import subprocess
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tools import ROOT
from tools.ffi import LAYERS

CSRC = ROOT / "csrc"
ENGINE = "engine"  # whose folders are layers of their own
BELOW: dict[str, set[str]] = {
    "base": set(),
    "platform": {"base"},
    "vfs": {"base", "platform"},
    "guest": {"base", "platform"},
    "host": {"base", "platform", "vfs", "guest"},
    "engine/instance": {"base", "platform", "vfs", "guest", "host"},
    "engine/cluster": {"base", "platform", "vfs", "engine/instance"},
    "engine/session": {"platform", "engine/instance", "engine/cluster"},
    "engine/api": {"base", "platform", "engine/instance", "engine/cluster", "engine/session"},
    # Compiled for the guest: a world of its own.
    "polling": set(),
    "encoding": {"polling"},
    "replication": {"polling"},
    "cxx": {"polling"},
    "libc": {"polling"},
    "deflate": {"polling"},
    "client": {"polling"},
    # An extension module by itself.
    "python": set(),
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
WASM3 = re.compile(r"\b(m3_\w+|wasm3\w*\.h|d_m3\w+|IM3\w+)\b")
OS_CONDITION = re.compile(
    r"^\s*#\s*(?:el)?if.*\b(__linux__|__linux|__APPLE__|__MACH__|_WIN32|__unix__|__\w+BSD__|__ANDROID__)",
    re.MULTILINE,
)
SOURCES = sorted(path for path in CSRC.rglob("*") if path.suffix in (".c", ".h"))


def layer_of(path: Path) -> str:
    parts = path.relative_to(CSRC).parts
    return "/".join(parts[:2]) if parts[0] == ENGINE else parts[0]


def includes(layer: str) -> list[tuple[Path, Path]]:
    """Each file of a layer with each of ours that it includes."""
    found = []
    for path in SOURCES:
        if layer_of(path) != layer:
            continue
        for name in INCLUDE.findall(path.read_text(encoding="utf-8")):
            if layer == "guest" and name.startswith(("m3_", "wasm3")):
                continue
            # tools/guest.py has polling/ on the guest's include path, setup.py has csrc/.
            folders = (CSRC, path.parent, CSRC / "polling")
            targets = [folder / name for folder in folders if (folder / name).is_file()]
            assert targets, f"{path} includes {name}, which is not there"
            found.append((path, targets[0]))
    return found


def test_every_folder_is_a_known_layer() -> None:
    assert {layer_of(path) for path in SOURCES} == set(BELOW)


def test_no_layer_stands_below_itself() -> None:
    order = list(TopologicalSorter(BELOW).static_order())  # raises where there is a circle
    assert set(order) == set(BELOW)


@pytest.mark.parametrize("layer", BELOW)
def test_a_layer_includes_only_what_stands_below(layer: str) -> None:
    allowed = BELOW[layer] | {layer}
    violations = [
        f"{path.relative_to(ROOT)} includes {target.relative_to(ROOT)}"
        for path, target in includes(layer)
        if layer_of(target) not in allowed
    ]
    assert not violations


@pytest.mark.parametrize("layer", BELOW)
def test_a_layer_is_allowed_only_what_it_includes(layer: str) -> None:
    used = {layer_of(target) for _, target in includes(layer)}
    assert BELOW[layer] <= used


def test_only_the_guest_layer_names_wasm3() -> None:
    named = [p for p in SOURCES if layer_of(p) != "guest" and WASM3.search(p.read_text("utf-8"))]
    assert not named


def test_only_the_platform_layer_asks_for_the_operating_system() -> None:
    others = [path for path in SOURCES if layer_of(path) != "platform"]
    asking = [path for path in others if OS_CONDITION.search(path.read_text("utf-8"))]
    assert not asking


SYMBOL = re.compile(r"^[0-9a-f]+ .{7} (\S+)\t[0-9a-f]+ (?:\.hidden )?(\S+)$", re.MULTILINE)


def mutable_symbols(object_file: Path) -> list[str]:
    """List variables in writable memory; .data.rel.ro is constant once it is relocated."""
    table = subprocess.run(
        ["objdump", "--syms", object_file], check=True, capture_output=True, text=True
    ).stdout
    return [
        symbol
        for section, symbol in SYMBOL.findall(table)
        if symbol != section
        and (section == "*COM*" or section.startswith((".data", ".bss", ".tdata", ".tbss")))
        and not section.startswith(".data.rel.ro")
    ]


def test_there_are_no_mutable_globals_of_ours() -> None:
    temp = next((ROOT / "build" / "setuptools").glob("temp.*"), None)
    assert temp, "build first: `make build`"
    # wasm3 is included by interpreter.c; what it keeps is not ours. Signal handlers are the
    # process's, and so is what fault.c has to keep.
    sources = [
        path
        for path in SOURCES
        if path.suffix == ".c"
        and path.relative_to(CSRC).parts[0] in LAYERS
        and path.stem not in ("interpreter", "fault")
    ]
    objects = [temp / path.relative_to(ROOT).with_suffix(".o") for path in sources]
    assert {path: found for path in objects if (found := mutable_symbols(path))} == {}


def test_a_mutable_global_would_be_found(tmp_path: Path) -> None:
    source = tmp_path / "sinner.c"
    source.write_text(
        """
        int common;
        static int zero;
        static int set = 1;
        static _Thread_local int own;
        static const int constant = 1;
        const char *const names[] = {"a"};
        int *use(int n) { return n ? n > 1 ? &zero : &set : &own; }
        int peek(void) { static int count; return constant + count++; }
        """
    )
    compiled = tmp_path / "sinner.o"
    subprocess.run(["cc", "-fPIC", "-fvisibility=hidden", "-c", source, "-o", compiled], check=True)
    found = {name.split(".")[0] for name in mutable_symbols(compiled)}
    assert found == {"common", "zero", "set", "own", "count"}

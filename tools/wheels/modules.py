"""The extension modules, for other machines: of the sources and flags that setuptools gets."""

from __future__ import annotations

import os
from pathlib import Path

from setuptools import Extension

from tools import ROOT
from tools.ffi import LAYERS, THIRD_PARTIES, make_ffi
from tools.python_modules import NAMES, PYTHON_MODULES
from tools.stamp import Step
from tools.wheels import headers, zig
from tools.wheels.targets import Abi, Target

HERE = Path(__file__).resolve().parent
PYTHON_LAYER = Path("csrc/python")
# cffi has its own idea of the limited API, which it takes from the Python that it runs in.
LIMITED_API = ("-DPy_LIMITED_API=0x030A0000",)
FREE_THREADED = ("-DPy_GIL_DISABLED=1", "-D_CFFI_NO_LIMITED_API")


def files(target: Target, abi: Abi) -> tuple[str, ...]:
    """Return the names of the extension modules' files."""
    return tuple(f"{name}{abi.suffix(target)}" for name in ("_engine", *(f"_{n}" for n in NAMES)))


def folder(target: Target, abi: Abi, build: Path) -> Path:
    """Where they are made."""
    return build / target.name / abi.name


def step(target: Target, abi: Abi, build: Path) -> Step:
    """Return the step that makes them in their `folder`.

    Raises:
        RuntimeError: there are no headers for that Python here.
    """
    include = headers.copy(abi.version, build / f"python{abi.version}")
    return Step(
        name=f"modules-{target.name}-{abi.name}",
        action=lambda: _make(target, abi, include, build),
        inputs=(
            *(ROOT / "csrc" / layer for layer in (*LAYERS, "python")),
            *(ROOT / "build" / "vendor" / part for part in THIRD_PARTIES),
            *(ROOT / "tools" / f"{name}.py" for name in ("ffi", "python_modules")),
            *(HERE / f"{name}.py" for name in ("modules", "zig")),
            *(include / name for name in ("pyconfig.h", "patchlevel.h")),
        ),
        outputs=tuple(folder(target, abi, build) / name for name in files(target, abi)),
        settings=zig.identity(target.triple),
    )


def _make(target: Target, abi: Abi, include: Path, build: Path) -> None:
    generated = build / "generated"
    os.chdir(ROOT)  # which cffi's sources are relative to
    engine = make_ffi(ROOT).distutils_extension(str(generated))
    for module in (engine, *PYTHON_MODULES):
        output = (
            folder(target, abi, build) / f"{module.name.rpartition('.')[2]}{abi.suffix(target)}"
        )
        objects = build / target.name / "objects" / module.name
        _compile(target, abi, module, include, objects, output)


def _compile(
    target: Target, abi: Abi, module: Extension, include: Path, objects: Path, output: Path
) -> None:
    flags = [
        *module.extra_compile_args,
        *(f"-I{directory}" for directory in module.include_dirs),
    ]
    # Nothing else knows Python, and so is compiled once for all of them: by zig's cache.
    of_python = [
        *flags,
        f"-isystem{include.relative_to(ROOT)}",
        *(LIMITED_API if abi.is_stable else FREE_THREADED),
    ]
    jobs = []
    for name in module.sources:
        source = Path(name)
        inside = source.relative_to(ROOT) if source.is_absolute() else source
        own = of_python if source.is_absolute() or PYTHON_LAYER in source.parents else flags
        jobs.append(zig.Job(inside, (objects / inside).with_suffix(".o"), own))
    made = zig.compile_all(zig.compiler(target.triple), jobs)
    # Python's own functions are those of the program that loads it.
    undefined = ("-undefined", "dynamic_lookup") if target.is_macos else ()
    zig.link(target, made, output, *undefined, *(f"-l{name}" for name in module.libraries))

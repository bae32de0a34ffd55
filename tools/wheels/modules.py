"""The extension modules, for other machines: of the sources and flags that setuptools gets."""

from __future__ import annotations

import os
import shutil
import sysconfig
from pathlib import Path

from setuptools import Extension

from tools import ROOT
from tools.ffi import LAYERS, THIRD_PARTIES, make_ffi
from tools.python_modules import NAMES, PYTHON_MODULES
from tools.stamp import Step
from tools.wheels import zig
from tools.wheels.targets import Target

HERE = Path(__file__).resolve().parent
ABI = ".abi3.so"
LIMITED_API = "-DPy_LIMITED_API=0x030A0000"
MODULES = tuple(f"{name}{ABI}" for name in ("_engine", *(f"_{name}" for name in NAMES)))


def step(target: Target, build: Path) -> Step:
    """Return the step that makes `MODULES` in `build`/NAME."""
    return Step(
        name=f"modules-{target.name}",
        action=lambda: _make(target, build),
        inputs=(
            *(ROOT / "csrc" / layer for layer in (*LAYERS, "python")),
            *(ROOT / "build" / "vendor" / part for part in THIRD_PARTIES),
            *(ROOT / "tools" / f"{name}.py" for name in ("ffi", "python_modules")),
            *(HERE / f"{name}.py" for name in ("modules", "zig")),
            HERE / "pyconfig.h",
            python_headers() / "patchlevel.h",
        ),
        outputs=tuple(build / target.name / name for name in MODULES),
        settings=zig.identity(target.triple),
    )


def python_headers() -> Path:
    return Path(sysconfig.get_path("include"))


def _make(target: Target, build: Path) -> None:
    generated = build / "generated"
    os.chdir(ROOT)  # which cffi's sources are relative to
    engine = make_ffi(ROOT).distutils_extension(str(generated))
    include = _headers(build / "python")
    for module in (engine, *PYTHON_MODULES):
        output = build / target.name / f"{module.name.rpartition('.')[2]}{ABI}"
        objects = build / target.name / "objects" / module.name
        _compile(target, module, include, objects, output)


def _headers(folder: Path) -> Path:
    """Copy Python's headers, with a configuration that is not this machine's."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(python_headers(), folder)
    shutil.copy(HERE / "pyconfig.h", folder)
    return folder


def _compile(target: Target, module: Extension, include: Path, objects: Path, output: Path) -> None:
    flags = [
        *module.extra_compile_args,
        *(f"-I{folder}" for folder in module.include_dirs),
        f"-isystem{include.relative_to(ROOT)}",
    ]
    jobs = []
    for name in module.sources:
        source = Path(name)
        # cffi has its own idea of the limited API, which it takes from the Python that it runs in.
        own = [*flags, LIMITED_API] if source.is_absolute() else flags
        inside = source.relative_to(ROOT) if source.is_absolute() else source
        jobs.append(zig.Job(inside, (objects / inside).with_suffix(".o"), own))
    made = zig.compile_all(zig.compiler(target.triple), jobs)
    # Python's own functions are those of the program that loads it.
    undefined = ("-undefined", "dynamic_lookup") if target.is_macos else ()
    zig.link(target, made, output, *undefined, *(f"-l{name}" for name in module.libraries))

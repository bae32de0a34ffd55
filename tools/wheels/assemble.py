"""A wheel of what setuptools made for this machine, with what was compiled for another."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools import ROOT
from tools.build import AOT, PACKAGE
from tools.wheels.modules import MODULES
from tools.wheels.targets import PYTHON, Target

EXECUTABLE, DATA = 0o755, 0o644  # whatever the umask is


def build_host(folder: Path) -> Path:
    """Make the wheel for this machine, and on the way all that is in every wheel.

    Raises:
        CalledProcessError: setuptools fails; why has been said on standard error.
    """
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(folder)]
    environment = {**os.environ, "PGLITE_NATIVE_BUILD_AOT": "0"}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = folder.glob("*.whl")
    return wheel


def assemble(host: Path, target: Target, build: Path, output: Path) -> Path:
    """Return the wheel for a platform, made in `output` from what is in `build`/NAME."""
    made = build / target.name
    scratch = made / "wheel"
    shutil.rmtree(scratch, ignore_errors=True)
    _wheel("unpack", "--dest", str(scratch), str(host))
    (tree,) = scratch.iterdir()
    package = tree / PACKAGE.name
    for name in MODULES:
        shutil.copy(made / name, package / name)
    shutil.copy(made / AOT.name, package / AOT.relative_to(PACKAGE))
    (info,) = tree.glob("*.dist-info")
    _retag(info / "WHEEL", target)
    for path in tree.rglob("*"):
        if path.is_file():
            path.chmod(EXECUTABLE if path.suffix == ".so" else DATA)
    output.mkdir(parents=True, exist_ok=True)
    for old in output.glob(f"*-{target.tag}.whl"):
        old.unlink()
    _wheel("pack", "--dest-dir", str(output), str(tree))
    (wheel,) = output.glob(f"*-{target.tag}.whl")
    return wheel


def _retag(path: Path, target: Target) -> None:
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("Tag:")]
    lines += [f"Tag: {PYTHON}-abi3-{tag}" for tag in target.tag.split(".")]
    path.write_text("\n".join(lines) + "\n\n")


def _wheel(*arguments: str) -> None:
    command = [sys.executable, "-m", "wheel", *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

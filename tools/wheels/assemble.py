"""A wheel of what setuptools made for this machine, with what was compiled for another."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools import ROOT
from tools.build import AOT, PACKAGE
from tools.wheels import modules
from tools.wheels.targets import Abi, Target

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


def assemble(host: Path, target: Target, abi: Abi, build: Path, output: Path) -> Path:
    """Return the wheel for a platform and its Pythons, made in `output` of what is in `build`."""
    scratch = build / target.name / "wheel"
    shutil.rmtree(scratch, ignore_errors=True)
    _wheel("unpack", "--dest", str(scratch), str(host))
    (tree,) = scratch.iterdir()
    package = tree / PACKAGE.name
    for module in package.glob("*.so"):
        module.unlink()
    for name in modules.files(target, abi):
        shutil.copy(modules.folder(target, abi, build) / name, package)
    shutil.copy(build / target.name / AOT.name, package / AOT.relative_to(PACKAGE))
    (info,) = tree.glob("*.dist-info")
    tags = abi.tags(target)
    _retag(info / "WHEEL", tags)
    for path in tree.rglob("*"):
        if path.is_file():
            path.chmod(EXECUTABLE if path.suffix == ".so" else DATA)
    output.mkdir(parents=True, exist_ok=True)
    name = f"pglite_native-*-{abi.python}-{abi.name}-{target.tag}.whl"
    for old in output.glob(name):
        old.unlink()
    _wheel("pack", "--dest-dir", str(output), str(tree))
    (wheel,) = output.glob(name)
    return wheel


def _retag(path: Path, tags: list[str]) -> None:
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("Tag:")]
    lines += [f"Tag: {tag}" for tag in tags]
    path.write_text("\n".join(lines) + "\n\n")


def _wheel(*arguments: str) -> None:
    command = [sys.executable, "-m", "wheel", *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

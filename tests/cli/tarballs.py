"""Tarballs of extensions, made by the tests."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.guest import CFLAGS, LDFLAGS

HERE = Path(__file__).parent
EXTENSION = "share/postgresql/extension"


@cache
def compile_probe(*defines: str) -> bytes:
    """Compile probe.c to a side module."""
    with TemporaryDirectory() as folder:
        objects, module = Path(folder) / "probe.o", Path(folder) / "probe.so"
        source = str(HERE / "probe.c")
        zig("cc", *CFLAGS, *defines, "-c", source, "-o", str(objects))
        zig("wasm-ld", *LDFLAGS, str(objects), "-o", str(module))
        return module.read_bytes()


def zig(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "ziglang", *arguments], check=True)


def probe(*defines: str, version: str = "1.0") -> dict[str, bytes]:
    """The files of the probe extension."""
    return {
        "lib/postgresql/probe.so": compile_probe(*defines),
        f"{EXTENSION}/probe.control": f"default_version = '{version}'".encode(),
        f"{EXTENSION}/probe--{version}.sql": (HERE / "probe.sql").read_bytes(),
    }


def sql_only(name: str, answer: int = 42) -> dict[str, bytes]:
    """The files of an extension that is all SQL: one function of its name."""
    script = f"create function {name}() returns int return {answer};"
    return {
        f"{EXTENSION}/{name}.control": b"default_version = '1.0'",
        f"{EXTENSION}/{name}--1.0.sql": script.encode(),
    }


def write(path: Path, files: Mapping[str, bytes], *extra: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for member in extra:
            tar.addfile(member)
    return path

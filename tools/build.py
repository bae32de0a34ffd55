"""Everything the package needs but the extension module, step by step.

    vendor ─► guest ─► link ─► resources ─► (extension module) ─► cluster

setup.py calls `prepare` before it compiles the extension and `make_cluster` after. A step whose
inputs have not changed is skipped; `python -m tools.build` runs those before the extension alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools import IS_SDIST, ROOT
from tools.stamp import Step

TOOLS = ROOT / "tools"
BUILD = ROOT / "build"
STAMPS = BUILD / "stamps"
VENDOR = BUILD / "vendor"
GUEST = BUILD / "guest"
LINK = BUILD / "link"
RESOURCES = ROOT / "pglite_native" / "resources"


def prepare() -> None:
    """Make what is made before, and without, the extension module."""
    if IS_SDIST:
        return
    for step in (vendor_step(), guest_step(), link_step(), resources_step()):
        step.run(STAMPS)


def vendor_step() -> Step:
    # Imported when the step runs, here and below: a step's tools may not be there to plan it.
    def fetch() -> None:
        from vendor.fetch import fetch_all
        from vendor.pins import VendorError

        try:
            fetch_all(VENDOR)
        except VendorError as error:
            raise SystemExit(f"vendor: {error}") from None

    parts = ("wasm3", "pglite", "pglite-pgvector")
    return Step(
        name="vendor",
        action=fetch,
        inputs=(
            *(ROOT / "vendor").glob("*.py"),
            ROOT / "vendor" / "pins.toml",
            *(ROOT / "vendor").glob("*-edits"),
        ),
        outputs=tuple(VENDOR / part / "LICENSE" for part in parts),
    )


def guest_step() -> Step:
    def compile_guest() -> None:
        from tools.guest import compile, polling_switch

        compile(GUEST, polling=polling_switch(dict(os.environ)))

    return Step(
        name="guest",
        action=compile_guest,
        inputs=(
            ROOT / "csrc" / "polling",
            ROOT / "csrc" / "encoding",
            TOOLS / "guest.py",
            TOOLS / "requirements-build.txt",
        ),
        outputs=(GUEST / "polling.wasm", GUEST / "encoding.wasm"),
        settings=(os.environ.get("PGLITE_POLLING", "true"),),
    )


def link_step() -> Step:
    def link_guest() -> None:
        from tools.link import link, linker

        try:
            link(VENDOR, GUEST, LINK)
        except linker.LinkError as error:
            raise SystemExit(f"link: {error}") from None

    return Step(
        name="link",
        action=link_guest,
        inputs=(
            VENDOR / "pglite",
            VENDOR / "pglite-pgvector",
            GUEST / "polling.wasm",
            GUEST / "encoding.wasm",
            ROOT / "pglite_native" / "linker",
            TOOLS / "link.py",
            TOOLS / "upstream.py",
        ),
        outputs=(LINK / "pglite.wasm", LINK / "report.json"),
    )


def resources_step() -> Step:
    def gather() -> None:
        from tools.link import LEFT_OUT
        from tools.system import build_system
        from tools.upstream import read_data

        RESOURCES.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(LINK / "pglite.wasm", RESOURCES / "pglite.wasm")
        shutil.copyfile(VENDOR / "pglite" / "dist" / "initdb.wasm", RESOURCES / "initdb.wasm")
        build_system(VENDOR, RESOURCES / "system.pack", left_out=LEFT_OUT)
        for part in ("wasm3", "pglite"):
            shutil.copyfile(VENDOR / part / "LICENSE", RESOURCES / f"LICENSE.{part}")
        (RESOURCES / "LICENSE.icu").write_bytes(read_data(VENDOR)["pglite/icu/LICENSE"])

    return Step(
        name="resources",
        action=gather,
        inputs=(LINK / "pglite.wasm", VENDOR, *TOOLS.glob("*.py")),
        outputs=tuple(RESOURCES / name for name in ("pglite.wasm", "initdb.wasm", "system.pack")),
    )


def make_cluster(extension: Path) -> None:
    """Run initdb in the engine that was just built, and pack the data directory it makes."""
    if IS_SDIST:
        return
    output = RESOURCES / "cluster.pack"

    def run_initdb() -> None:
        output.unlink(missing_ok=True)
        # In a process of its own, so that the build outlives whatever happens in the guest.
        command = [sys.executable, "-m", "tools.cluster", str(extension), str(output)]
        if subprocess.run(command, cwd=ROOT).returncode != 0:
            raise SystemExit("cluster: initdb failed in the engine that was just built")

    Step(
        name="cluster",
        action=run_initdb,
        inputs=(
            extension,
            *(RESOURCES / name for name in ("pglite.wasm", "initdb.wasm", "system.pack")),
            TOOLS / "cluster.py",
            TOOLS / "pack.py",
        ),
        outputs=(output,),
    ).run(STAMPS)


if __name__ == "__main__":
    prepare()

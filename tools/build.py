"""Everything the package needs but the extension module, step by step.

    vendor ─► guest ─► link, client ─► resources ─► (extension module) ─► cluster ─► image
                                                └─► aot

setup.py calls `prepare` before it compiles the extension and `finish` after. Each step is a
command that can also be run by hand, and is skipped when its inputs have not changed. The last,
aot, takes minutes and is run where PGLITE_NATIVE_BUILD_AOT=1 asks for it.
`python -m tools.build` runs the steps before the extension.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tools import IS_SDIST, ROOT, aot, wants_aot
from tools.guest import CLIENT, CLIENT_SOURCES, GUEST_OBJECTS, LIBRARIES
from tools.stamp import Step, report

TOOLS = ROOT / "tools"
BUILD = ROOT / "build"
STAMPS = BUILD / "stamps"
VENDOR = BUILD / "vendor"
GUEST = BUILD / "guest"
GUEST_MODULES = tuple(GUEST / f"{name}.wasm" for name in GUEST_OBJECTS)
CLIENT_OBJECT = GUEST / f"{CLIENT}.wasm"
LIBRARY_MODULES = tuple(GUEST / f"{name}.wasm" for name in LIBRARIES)
LINK = BUILD / "link"
PACKAGE = ROOT / "pglite_native"
RESOURCES = PACKAGE / "resources"
MADE_AT = (os.environ.get("SOURCE_DATE_EPOCH", ""),)
PACK = (PACKAGE / "engine/pack.py", TOOLS / "pack.py")
COMPRESSION = (TOOLS / "compress.py", TOOLS / "requirements-build.txt")
PINS = ("wasm3", "xxhash", "zstd", "pglite", "pglite-pgvector", "pglite-tools")
AOT = RESOURCES / "pglite-aot.so"
GUEST_FILES = tuple(RESOURCES / name for name in ("pglite.wasm", "initdb.wasm", "system.pack"))


def prepare() -> None:
    """Make what is made before, and without, the extension module."""
    if IS_SDIST:
        return
    for step in (vendor_step(), guest_step(), link_step(), client_step(), resources_step()):
        step.run(STAMPS)
    # Engines refuse what was compiled from another module, and the next steps open some.
    if AOT.exists() and not aot.is_of(AOT, LINK / "pglite.wasm"):
        AOT.unlink()
        report(
            "aot",
            "removed, as it is of another module or version"
            + ("" if wants_aot() else ": make aot"),
        )


def finish(extension: Path) -> None:
    """Make what the engine that was just built makes: the cluster, by initdb, and the image."""
    if not IS_SDIST:
        cluster_step(extension).run(STAMPS)
        image_step(extension).run(STAMPS)
    if wants_aot():
        # No step: whether it is due depends on the compiler, too, which its own cache knows.
        command("tools.aot", RESOURCES / "pglite.wasm", AOT, extension)()


def command(module: str, *arguments: Path) -> Callable[[], None]:
    """Return a step's action: `python -m module arguments`, whose failure ends the build."""

    def run() -> None:
        line = [sys.executable, "-m", module, *map(str, arguments)]
        if subprocess.run(line, cwd=ROOT).returncode != 0:
            raise SystemExit(f"build: {module} failed")

    return run


def vendor_step() -> Step:
    vendor = ROOT / "vendor"
    return Step(
        name="vendor",
        action=command("vendor.fetch"),
        inputs=(*vendor.glob("*.py"), *vendor.glob("*.toml"), *vendor.glob("*-edits")),
        outputs=tuple(VENDOR / pin / "LICENSE" for pin in PINS),
    )


def guest_step() -> Step:
    return Step(
        name="guest",
        action=command("tools.guest"),
        inputs=(
            *GUEST_OBJECTS.values(),
            *LIBRARIES.values(),
            *CLIENT_SOURCES,
            TOOLS / "guest.py",
            TOOLS / "requirements-build.txt",  # the compiler's version
        ),
        outputs=(*GUEST_MODULES, *LIBRARY_MODULES, CLIENT_OBJECT),
        settings=(os.environ.get("PGLITE_POLLING", "true"),),
    )


def link_step() -> Step:
    return Step(
        name="link",
        action=command("tools.link"),
        inputs=(
            VENDOR / "pglite",
            VENDOR / "pglite-pgvector",
            *GUEST_MODULES,
            ROOT / "csrc" / "host" / "imports.h",
            PACKAGE / "linker",
            TOOLS / "link.py",
            TOOLS / "upstream.py",
        ),
        outputs=(LINK / "pglite.wasm", LINK / "report.json"),
    )


def client_step() -> Step:
    return Step(
        name="client",
        action=command("tools.client"),
        inputs=(
            VENDOR / "pglite-tools",
            CLIENT_OBJECT,
            ROOT / "csrc" / "host" / "imports.h",
            PACKAGE / "linker",
            *(TOOLS / f"{name}.py" for name in ("client", "link")),
        ),
        outputs=(LINK / "pg_dump.wasm",),
    )


def resources_step() -> Step:
    return Step(
        name="resources",
        action=command("tools.package_data", VENDOR, GUEST, LINK, RESOURCES),
        inputs=(
            VENDOR,
            *LIBRARY_MODULES,
            LINK / "pglite.wasm",
            LINK / "pg_dump.wasm",
            *(ROOT / "csrc" / "guest" / "aot" / name for name in ("abi.h", "code.h")),
            *(TOOLS / f"{name}.py" for name in ("package_data", "system", "upstream", "icu")),
            *PACK,
            *COMPRESSION,
        ),
        outputs=(
            *GUEST_FILES,
            *(RESOURCES / module.name for module in LIBRARY_MODULES),
            RESOURCES / "pg_dump.wasm",
            RESOURCES / "identity",
        ),
    )


def cluster_step(extension: Path) -> Step:
    output = RESOURCES / "cluster.pack"
    return Step(
        name="cluster",
        # In a process of its own, the build outlives whatever happens in the guest.
        action=command("tools.cluster", extension, output),
        inputs=(
            extension,
            *GUEST_FILES,
            TOOLS / "cluster.py",
            PACKAGE / "engine/image.py",
            *PACK,
            *COMPRESSION,
        ),
        settings=MADE_AT,
        outputs=(output,),
    )


def image_step(extension: Path) -> Step:
    output = RESOURCES / "postgres.image"
    return Step(
        name="image",
        action=command("tools.image", extension, output),
        inputs=(
            extension,
            *GUEST_FILES,
            RESOURCES / "cluster.pack",
            PACKAGE / "engine/image.py",
            TOOLS / "image.py",
        ),
        settings=MADE_AT,
        outputs=(output,),
    )


if __name__ == "__main__":
    prepare()

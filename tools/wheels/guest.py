"""The guest compiled ahead of time, for other machines: the AOT tier's shared object.

zig has no runtime for counters, so nothing is compiled twice, as it is by gcc (docs/AOT.md); but
what is called in training, which is the same each time, is kept together here, too.
"""

from __future__ import annotations

from pathlib import Path

from pglite_native.aot import compile as aot
from pglite_native.aot.compiler import CONTRACT, INCLUDE, wasm2c
from pglite_native.aot.translate import translate
from tools import ROOT
from tools.aot.training import Training
from tools.build import AOT, LINK
from tools.stamp import Step
from tools.wheels import zig
from tools.wheels.targets import Target

FILES = 24
WASM = LINK / "pglite.wasm"
TRANSLATION = (aot.HERE / "translate.py", *Training.sources)


def source_step(build: Path, extension: Path) -> Step:
    """Return the step that translates the guest to C, in `build`/guest."""
    folder = build / "guest"

    def make() -> None:
        for old in folder.glob("*.[ch]"):
            old.unlink()
        translate(WASM, wasm2c(), folder, FILES, Training(extension).called())

    return Step(
        name="guest-c",
        action=make,
        inputs=(WASM, wasm2c(), *TRANSLATION),
        outputs=(folder / "module.c", folder / "module.h"),
        settings=(str(FILES),),
    )


def code_step(target: Target, build: Path) -> Step:
    """Return the step that compiles it for a processor: the slow one."""
    compiler = zig.compiler(target.code)

    def make() -> None:
        zig.compile_all(
            compiler,
            [
                zig.Job(source.relative_to(ROOT), _object(target, source), flags(source))
                for source in sources(build)
            ],
        )

    return Step(
        name=f"guest-{target.code}",
        action=make,
        inputs=(*sources(build), build / "guest" / "module.h", *CONTRACT),
        outputs=tuple(_object(target, source) for source in sources(build)),
        settings=(repr((aot.CFLAGS, aot.HOT, aot.COLD)), *zig.identity(target.code)),
    )


def flags(source: Path) -> tuple[str, ...]:
    """Return how one of the C files is compiled."""
    optimisation = aot.COLD if source.name.startswith("cold") else aot.HOT
    return (*aot.CFLAGS, *optimisation, f"-I{INCLUDE.relative_to(ROOT)}")


def sources(build: Path) -> list[Path]:
    """The C files, once they have been made."""
    return sorted((build / "guest").glob("*.c"))


def link(target: Target, build: Path) -> Path:
    """Make the shared object of what has been compiled for the platform's processor."""
    output = build / target.name / AOT.name
    zig.link(target, [_object(target, source) for source in sources(build)], output)
    return output


def _object(target: Target, source: Path) -> Path:
    return source.parent / target.code / f"{source.stem}.o"

"""The platforms that wheels are made for, and what they are called."""

from __future__ import annotations

from dataclasses import dataclass

PYTHON = "cp310"  # the oldest whose stable ABI is enough
GLIBC = "2.17"
MUSL = "1.2"
MACOS = "11.0"


@dataclass(frozen=True)
class Target:
    """A platform."""

    name: str
    """As it is asked for."""

    triple: str
    """What zig calls it."""

    tag: str
    """What installers call it: PEP 600, PEP 656, and "macosx"."""

    code: str
    """The triple that the guest is compiled for. Both of Linux's C libraries share that code, as it
    calls only what either has."""

    @property
    def is_macos(self) -> bool:
        return "macos" in self.triple

    @property
    def is_musl(self) -> bool:
        return self.triple.endswith("musl")

    @property
    def processor(self) -> str:
        return self.triple.partition("-")[0]


def _linux(processor: str) -> tuple[Target, Target]:
    glibc = f"{processor}-linux-gnu.{GLIBC}"
    manylinux = f"manylinux2014_{processor}.manylinux_{GLIBC.replace('.', '_')}_{processor}"
    musllinux = f"musllinux_{MUSL.replace('.', '_')}_{processor}"
    return (
        Target(f"manylinux-{processor}", glibc, manylinux, code=glibc),
        Target(f"musllinux-{processor}", f"{processor}-linux-musl", musllinux, code=glibc),
    )


def _macos(processor: str, name: str) -> Target:
    triple = f"{processor}-macos.{MACOS}"
    return Target(f"macos-{name}", triple, f"macosx_{MACOS.replace('.', '_')}_{name}", code=triple)


TARGETS = (
    *_linux("x86_64"),
    *_linux("aarch64"),
    _macos("aarch64", "arm64"),
    _macos("x86_64", "x86_64"),
)

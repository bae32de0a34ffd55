"""The platforms and Pythons that wheels are made for, and what they are called."""

from __future__ import annotations

from dataclasses import dataclass

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

    @property
    def system(self) -> str:
        """What CPython calls the platform in the names of extension modules."""
        return "darwin" if self.is_macos else f"{self.processor}-linux-{self.libc}"

    @property
    def libc(self) -> str:
        return "musl" if self.is_musl else "gnu"


@dataclass(frozen=True)
class Abi:
    """An interface of CPython's, and so the Pythons that a wheel fits."""

    python: str
    """The oldest of them, as installers call it."""

    name: str
    """What installers call it: PEP 425, PEP 703."""

    version: str = ""
    """Of the headers that modules are compiled with; "": any."""

    @property
    def is_stable(self) -> bool:
        return not self.version

    def tags(self, target: Target) -> list[str]:
        """What a wheel for it on a platform is tagged."""
        return [f"{self.python}-{self.name}-{tag}" for tag in target.tag.split(".")]

    def suffix(self, target: Target) -> str:
        """What the names of extension modules end with."""
        if self.is_stable:
            return f".{self.name}.so"
        return f".cpython-{self.name.removeprefix('cp')}-{target.system}.so"


STABLE = Abi("cp310", "abi3")  # of the oldest that has what the modules call
# Free-threaded Pythons, which have no stable ABI before 3.15, and there another than the rest.
ABIS = (STABLE, Abi("cp314", "cp314t", "3.14"), Abi("cp315", "cp315t", "3.15"))


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

"""What a wheel takes, and what it takes installed: python -m bench.sizes WHEEL.whl.

By file, the large ones; the Python sources and all that is small as one each. Without the bytecode
that an installer makes of the sources. Results go to bench/results/.
"""

from __future__ import annotations

import argparse
import zipfile
from pathlib import Path

from bench.figures import Group
from bench.report import RESULTS, publish

INSTALLED_MAX, WHEEL_MAX = 50.0, 16.0  # MB
LARGE = 100_000  # bytes
PYTHON, OTHERS, ALL = "Python", "all others", "all"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.sizes", description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder for the results")
    arguments = parser.parse_args()
    publish(
        f"python -m bench.sizes {arguments.wheel.name}",
        lambda: measure(arguments.wheel),
        arguments.output,
        only="sizes",
    )


def measure(wheel: Path) -> list[Group]:
    """A group for what is installed, and one for the wheel; in each the large files, and all."""
    installed = Group("Installed", "Bytes of the files.")
    packed = Group("Wheel", "Bytes that the files take in it, compressed; all: the wheel itself.")
    with zipfile.ZipFile(wheel) as archive:
        files = {item.filename: (item.file_size, item.compress_size) for item in archive.infolist()}
    for place, (group, whole, limit) in enumerate(
        (
            (installed, sum(size for size, _ in files.values()), INSTALLED_MAX),
            (packed, wheel.stat().st_size, WHEEL_MAX),
        )
    ):
        sizes: dict[str, int] = {}
        for name, both in files.items():
            kind = name.rpartition("/")[2] if both[0] >= LARGE else OTHERS
            kind = PYTHON if name.endswith((".py", ".pyi")) else kind
            sizes[kind] = sizes.get(kind, 0) + both[place]
        for name in sorted(sizes, key=lambda name: -sizes[name]):
            group.figure(name, "MB").samples.append(sizes[name] / 1e6)
        group.figure(ALL, "MB", target=limit).samples.append(whole / 1e6)
    return [installed, packed]


if __name__ == "__main__":
    main()

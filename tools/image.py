"""Build postgres.image by the engine that was just built.

python -m tools.image EXTENSION OUTPUT
"""

from __future__ import annotations

import sys
from pathlib import Path

from tools.cluster import load_extensions


def main(extension: Path, output: Path) -> None:
    load_extensions(extension)
    from pglite_native.engine.image import write_image

    write_image(output)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

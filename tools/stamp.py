"""Skip a build step whose inputs have not changed, judged by their content."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Step:
    """Makes `outputs` from `inputs` (files, folders) and `settings` by calling `action`."""

    name: str
    action: Callable[[], object]
    inputs: tuple[Path, ...]
    outputs: tuple[Path, ...]
    settings: tuple[str, ...] = field(default=())

    def fingerprint(self) -> str:
        digest = hashlib.sha256("\0".join(self.settings).encode())
        for path in sorted(set(_files(self.inputs))):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"\n{path.name} {content}".encode())
        return digest.hexdigest()

    def is_done(self, stamps: Path) -> bool:
        """Whether the outputs are there, and made of the inputs as they are."""
        stamp = stamps / self.name
        made = all(output.exists() for output in self.outputs)
        return made and stamp.is_file() and stamp.read_text() == self.fingerprint()

    def run(self, stamps: Path) -> bool:
        """Run the action if it is due, and say so. Return whether it ran."""
        stamp = stamps / self.name
        if self.is_done(stamps):
            report(self.name, "up to date")
            return False
        fingerprint = self.fingerprint()
        report(self.name, "...")
        start = time.monotonic()
        # No stamp while outputs are half made: an interrupted step is run again.
        stamp.unlink(missing_ok=True)
        self.action()
        missing = [str(output) for output in self.outputs if not output.exists()]
        if missing:
            raise RuntimeError(f"step {self.name} did not make {', '.join(missing)}")
        stamps.mkdir(parents=True, exist_ok=True)
        stamp.write_text(fingerprint)
        report(self.name, f"done in {time.monotonic() - start:.1f} s")
        return True


def report(name: str, text: str) -> None:
    print(f"build: {name:10} {text}", file=sys.stderr, flush=True)


def _files(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for file in path.rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                yield file

"""Our edits to third-party sources: one small reasoned change a file, found by its anchor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vendor.pins import VendorError, read_toml

KEYS = {"file", "reason", "anchor", "replacement"}


@dataclass(frozen=True)
class Edit:
    """Replace `anchor`, which occurs exactly once in `file`, with `replacement`."""

    source: Path
    file: str
    reason: str
    anchor: str
    replacement: str

    def apply(self, folder: Path) -> None:
        path = folder / self.file
        if not path.is_file():
            raise VendorError(f"{self.source}: no file {self.file} to edit")
        text = path.read_text(encoding="utf-8")
        count = text.count(self.anchor)
        if count != 1:
            place = f"{count} times in {self.file}"
            raise VendorError(f"{self.source}: anchor occurs {place}, not once")
        path.write_text(text.replace(self.anchor, self.replacement), encoding="utf-8")


def load_edits(folder: Path) -> list[Edit]:
    """Read the edits of `folder` in the order they are applied: by file name."""
    edits = []
    for path in sorted(folder.glob("*.toml")):
        keys = read_toml(path)
        if set(keys) != KEYS or not all(isinstance(v, str) and v.strip() for v in keys.values()):
            raise VendorError(f"{path}: wants exactly {', '.join(sorted(KEYS))}, each some text")
        edits.append(Edit(source=path, **keys))
    return edits


def apply_edits(edits: list[Edit], folder: Path) -> None:
    for edit in edits:
        edit.apply(folder)

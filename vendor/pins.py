"""The pins: third-party archives by name, version and hash."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

VENDOR = Path(__file__).resolve().parent


class VendorError(Exception):
    """A third-party part is not what the pins say; the build must stop."""


@dataclass(frozen=True)
class Pin:
    """One archive of one registry, and which of its files the project uses."""

    name: str
    registry: str
    package: str
    version: str
    archive: str
    sha256: str
    licence: str
    strip: tuple[str, ...]
    files: tuple[str, ...]

    def verify(self, path: Path) -> None:
        """Stop unless `path` is, byte for byte, the archive that was pinned."""
        actual = hashlib.sha256(path.read_bytes()).hexdigest()
        if actual != self.sha256:
            raise VendorError(
                f"{path}: sha256 differs from the pin of {self.name} {self.version}\n"
                f"  expected {self.sha256}\n"
                f"  actual   {actual}"
            )


def read_toml(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        table: dict[str, Any] = tomllib.load(file)
    return table


def load_pins(path: Path = VENDOR / "pins.toml") -> list[Pin]:
    """Read the pins file; an unknown or missing key is an error, not a default."""
    try:
        return [Pin(**_frozen(entry)) for entry in read_toml(path)["pin"]]
    except (TypeError, KeyError) as error:
        raise VendorError(f"{path}: {error}") from None


def _frozen(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in entry.items()}

"""The licences of the extensions' wheels: one expression for each, a notice, and the texts."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

from vendor.fetch import find_archive
from vendor.pins import load_pins, read_toml
from vendor.unpack import unpack

FOLDER = Path(__file__).parent
PACKAGED = "Apache-2.0"  # of PGlite, and of what is around it here; its text is LICENSE
AND = " AND "


class Part(NamedTuple):
    """A project's code in a wheel; `copyright` has years and holders."""

    name: str
    licence: str
    copyright: tuple[str, ...]


def parts(extension: str) -> list[Part]:
    """Return whose code an extension's wheel has."""
    return [
        Part(entry["name"], entry["licence"], tuple(entry["copyright"]))
        for entry in read_toml(FOLDER / "licences.toml")[extension]
    ]


def expression(extension: str) -> str:
    """Return what holds for a wheel as a whole, as SPDX writes it."""
    return AND.join(_names(extension))


def files(extension: str) -> dict[str, bytes]:
    """Return the notice and the licences' texts, by file name.

    Raises:
        VendorError: the texts cannot be fetched, or are not what was pinned.
    """
    notice = [f"What pglite-native-{extension.replace('_', '-')} holds, beside what NOTICE has.\n"]
    for part in parts(extension):
        lines = [f"{part.name}: {part.licence}", *(f"Copyright (c) {c}" for c in part.copyright)]
        notice.append("\n    ".join(lines) + "\n")
    texts = {f"{name}.txt": _texts()[name].encode() for name in _names(extension)[1:]}
    return {f"NOTICE.{extension}": "\n".join(notice).encode(), **texts}


def _names(extension: str) -> list[str]:
    """Each licence once, that of all wheels first."""
    named = [name for part in parts(extension) for name in part.licence.split(AND)]
    return list(dict.fromkeys([PACKAGED, *named]))


@cache
def _texts() -> dict[str, str]:
    (pin,) = load_pins(FOLDER / "pin.toml")
    with tempfile.TemporaryDirectory() as folder:
        names = unpack(pin, find_archive(pin), Path(folder))
        read = {name: json.loads(Path(folder, name).read_text(encoding="utf-8")) for name in names}
    return {name.removesuffix(".json"): entry["licenseText"] for name, entry in read.items()}

"""The tests, out of source packages, which are pinned, and fetched once."""

from __future__ import annotations

import os
import shutil
from hashlib import sha256
from pathlib import Path

from bench.machine import ROOT
from vendor.fetch import LOCAL_VARIABLE, find_archive
from vendor.pins import Pin, load_pins
from vendor.unpack import unpack

PINS = Path(__file__).with_name("pin.toml")
BUILD = ROOT / "build" / "conformance"


def pinned(name: str = "postgresql") -> Pin:
    return {pin.name: pin for pin in load_pins(PINS)}[name]


def fetch(name: str = "postgresql") -> Path:
    """Return the folder with what is taken of a source.

    Raises VendorError where the source cannot be had.
    """
    pin = pinned(name)
    files = sha256(repr(pin.files).encode()).hexdigest()
    folder = BUILD / f"{pin.name}-{pin.version}-{pin.sha256[:12]}-{files[:12]}"
    given = os.environ.get(LOCAL_VARIABLE)
    if not folder.is_dir():
        archive = find_archive(pin, Path(given) if given else None, BUILD)
        unfinished = folder.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unpack(pin, archive, unfinished)
        unfinished.rename(folder)
    return folder

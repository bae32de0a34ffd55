"""libFuzzer: fetched by the hash in pins.toml, and unpacked into build/fuzz/libfuzzer."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tools import ROOT
from vendor.fetch import find_archive
from vendor.pins import VendorError, load_pins
from vendor.unpack import unpack

BUILD = ROOT / "build" / "fuzz"


class Unavailable(Exception):
    """This machine has no libFuzzer, and cannot have one."""


def library() -> Path:
    """Return the path of libFuzzer.a.

    Raises:
        Unavailable: it cannot be fetched, or is for another processor.
    """
    (pin,) = load_pins(Path(__file__).with_name("pins.toml"))
    folder = BUILD / pin.name
    made = folder / "libFuzzer.a"
    note = folder / pin.sha256
    if not note.exists():
        try:
            machine = subprocess.run(["uname", "-m"], capture_output=True, text=True, check=True)
            if machine.stdout.strip() != "x86_64":
                raise Unavailable(f"libFuzzer is pinned for x86_64, not {machine.stdout.strip()}")
            unpack(pin, find_archive(pin), folder)
        except VendorError as error:
            raise Unavailable(f"libFuzzer cannot be fetched: {error}") from error
        note.touch()
    return made

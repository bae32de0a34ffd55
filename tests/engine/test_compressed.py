"""Compressed files of the package: read as what they were, and unpacked as far as is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from pglite_native import EngineError
from pglite_native.engine import compressed, guest
from tests.engine import child
from tests.engine.conftest import packaged_without
from tools import compress
from tools.build import LINK, VENDOR

MODULES = {
    "pglite.wasm": LINK / "pglite.wasm",
    "initdb.wasm": VENDOR / "pglite" / "dist" / "initdb.wasm",
    "pg_dump.wasm": LINK / "pg_dump.wasm",
}

ANSWERS = """
import sys
from pathlib import Path
from pglite_native import Engine, EngineError
from pglite_native.engine import guest
from tests.engine.sql import value

guest.packaged = lambda: Path(sys.argv[1])
for options in ({}, {"image": False}):
    try:
        with Engine(**options) as engine:
            print(value(engine, "select 6 * 7"))
    except EngineError as error:
        print(error)
"""


@pytest.fixture
def package(ram_path: Path) -> Path:
    return packaged_without("pglite.wasm", ram_path / "resources")


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_read_as_what_was_linked(name: str) -> None:
    assert compressed.read(guest.packaged() / name) == MODULES[name].read_bytes()


def test_what_is_not_compressed_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\0asm")
    assert compressed.read(tmp_path / "file") == b"\0asm"


def test_content_of_any_size_comes_back() -> None:
    for content in (b"", b"x", bytes(1 << 20), bytes(range(256)) * 5000):
        assert compressed.unpack(compress.frame(content) + compress.frame(b"y")) == content + b"y"


@pytest.mark.parametrize("place", [0, 5, 20, -1])
def test_damage_is_an_error(place: int) -> None:
    frames = bytearray(compress.frame(b"first") + compress.frame(bytes(range(256)) * 9))
    frames[place] ^= 0x20
    with pytest.raises(EngineError, match="damaged"):
        compressed.unpack(bytes(frames))


def test_a_frame_that_is_cut_off_is_an_error() -> None:
    with pytest.raises(EngineError, match="damaged"):
        compressed.unpack(compress.frame(bytes(range(256)))[:-5])


@pytest.mark.tiers
def test_a_guest_whose_data_are_damaged_starts_from_its_image(package: Path) -> None:
    """Which has them: so they are not unpacked then."""
    content = bytearray((guest.packaged() / "pglite.wasm").read_bytes())
    content[-1] ^= 1  # of the checksum of the data, which come last
    (package / "pglite.wasm").write_bytes(content)
    by_image, by_boot = child.output(ANSWERS, package).splitlines()
    assert by_image == "42"
    assert "damaged: install it again" in by_boot


def test_a_guest_that_is_cut_off_does_not_start(package: Path) -> None:
    content = (guest.packaged() / "pglite.wasm").read_bytes()
    (package / "pglite.wasm").write_bytes(content[:-1])
    by_image, by_boot = child.output(ANSWERS, package).splitlines()
    assert by_image == by_boot
    assert "pglite.wasm is damaged or cut off: install the package again" in by_image


@pytest.mark.tiers
def test_a_guest_that_is_not_compressed_runs_alike(package: Path) -> None:
    (package / "pglite.wasm").write_bytes(MODULES["pglite.wasm"].read_bytes())
    assert child.output(ANSWERS, package).splitlines() == ["42", "42"]

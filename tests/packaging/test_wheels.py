"""The wheels of other platforms: what they are called, and what is found wrong with them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.platforms.places import PLACES
from tools.wheels import check, zig
from tools.wheels.targets import TARGETS, Target

MANYLINUX = next(target for target in TARGETS if target.name == "manylinux-x86_64")
MACOS = next(target for target in TARGETS if target.is_macos)
INFO = "pglite_native-1.dist-info"


def wheel(folder: Path, target: Target, *, without: str = "", extra: str = "") -> Path:
    """A wheel of empty files under the names that are expected, but for one."""
    path = folder / f"pglite_native-1-cp310-abi3-{target.tag}.whl"
    names = check.expected(INFO) - {without} | ({extra} if extra else set())
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            tags = "".join(f"Tag: cp310-abi3-{tag}\n" for tag in target.tag.split("."))
            archive.writestr(name, tags if name.endswith("/WHEEL") else "")
    return path


def test_platforms_differ_in_all_that_tells_them_apart() -> None:
    for names in zip(
        *((target.name, target.triple, target.tag) for target in TARGETS), strict=True
    ):
        assert len(set(names)) == len(TARGETS) == 6


def test_a_wheel_with_all_its_files_is_complete(tmp_path: Path) -> None:
    assert list(check._contents(MANYLINUX, wheel(tmp_path, MANYLINUX))) == []


def test_what_is_missing_or_too_much_is_told(tmp_path: Path) -> None:
    lacking = wheel(tmp_path, MANYLINUX, without="pglite_native/resources/pglite-aot.so")
    (problem,) = check._contents(MANYLINUX, lacking)
    assert "lacks pglite_native/resources/pglite-aot.so" in problem
    (problem,) = check._contents(MANYLINUX, wheel(tmp_path, MANYLINUX, extra="secrets.txt"))
    assert "secrets.txt" in problem


def test_a_wheel_of_another_platform_is_told(tmp_path: Path) -> None:
    (problem,) = check._contents(MACOS, wheel(tmp_path, MANYLINUX))
    assert "manylinux" in problem


def test_every_licence_that_notice_speaks_of_is_expected() -> None:
    expected = check.expected(INFO)
    for name in (
        "LICENSE.wasm3",
        "LICENSE.xxhash",
        "LICENSE.zstd",
        "LICENSE.pglite",
        "LICENSE.icu",
    ):
        assert f"pglite_native/resources/{name}" in expected


@pytest.mark.parametrize("triple", ["aarch64-macos.11.0", "x86_64-macos.11.0"])
def test_a_shared_object_for_macos_names_neither_this_machine_nor_another_processor(
    tmp_path: Path, triple: str
) -> None:
    target = next(target for target in TARGETS if target.triple == triple)
    other = next(each for each in TARGETS if each.is_macos and each != target)
    source, library = tmp_path / "empty.c", tmp_path / "empty.so"
    source.write_text("int answer(void) { return 42; }\n")
    objects = zig.compile_all(
        zig.compiler(triple), [zig.Job(source, source.with_suffix(".o"), ["-O1"])]
    )
    zig.link(target, objects, library)
    assert list(check._dylib(target, str(library))) == []
    assert any("another processor" in problem for problem in check._dylib(other, str(library)))
    assert str(tmp_path).encode() not in library.read_bytes()


def test_every_place_is_of_a_platform_that_there_are_wheels_for() -> None:
    tags = {tag for target in TARGETS for tag in target.tag.split(".")}
    assert {place.tag for place in PLACES} <= tags

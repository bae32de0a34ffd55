"""The wheels of other platforms: what they are called, and what is found wrong with them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.platforms.places import PLACES
from tools.wheels import check, zig
from tools.wheels.targets import ABIS, STABLE, TARGETS, Abi, Target

MANYLINUX = next(target for target in TARGETS if target.name == "manylinux-x86_64")
MACOS = next(target for target in TARGETS if target.is_macos)
INFO = "pglite_native-1.dist-info"


FREE_THREADED = next(abi for abi in ABIS if abi.name == "cp314t")


def wheel(
    folder: Path, target: Target, abi: Abi = STABLE, *, without: str = "", extra: str = ""
) -> Path:
    """A wheel of empty files under the names that are expected, but for one."""
    path = folder / f"pglite_native-1-{abi.python}-{abi.name}-{target.tag}.whl"
    names = check.expected(target, abi, INFO) - {without} | ({extra} if extra else set())
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            tags = "".join(f"Tag: {tag}\n" for tag in abi.tags(target))
            archive.writestr(name, tags if name.endswith("/WHEEL") else "")
    return path


def test_platforms_differ_in_all_that_tells_them_apart() -> None:
    for names in zip(
        *((target.name, target.triple, target.tag) for target in TARGETS), strict=True
    ):
        assert len(set(names)) == len(TARGETS) == 6


def test_every_python_and_platform_has_names_of_its_own_for_modules() -> None:
    assert STABLE.suffix(MANYLINUX) == STABLE.suffix(MACOS) == ".abi3.so"
    suffixes = {abi.suffix(target) for target in TARGETS for abi in ABIS if abi != STABLE}
    # Both processors of macOS have one: CPython's universal builds load either.
    assert len(suffixes) == (len(ABIS) - 1) * (len(TARGETS) - 1)
    assert FREE_THREADED.suffix(MANYLINUX) == ".cpython-314t-x86_64-linux-gnu.so"
    assert FREE_THREADED.suffix(MACOS) == ".cpython-314t-darwin.so"


@pytest.mark.parametrize("abi", ABIS, ids=lambda abi: abi.name)
def test_a_wheel_with_all_its_files_is_complete(tmp_path: Path, abi: Abi) -> None:
    assert list(check._contents(MANYLINUX, abi, wheel(tmp_path, MANYLINUX, abi))) == []


def test_a_wheel_for_other_pythons_is_told(tmp_path: Path) -> None:
    problems = list(check._contents(MANYLINUX, FREE_THREADED, wheel(tmp_path, MANYLINUX)))
    assert any("abi3.so, which is not expected" in problem for problem in problems)
    assert any("lacks pglite_native/_engine.cpython-314t" in problem for problem in problems)
    assert any("tagged cp310-abi3" in problem for problem in problems)


def test_what_is_missing_or_too_much_is_told(tmp_path: Path) -> None:
    lacking = wheel(tmp_path, MANYLINUX, without="pglite_native/resources/pglite-aot.so")
    (problem,) = check._contents(MANYLINUX, STABLE, lacking)
    assert "lacks pglite_native/resources/pglite-aot.so" in problem
    extra = wheel(tmp_path, MANYLINUX, extra="secrets.txt")
    (problem,) = check._contents(MANYLINUX, STABLE, extra)
    assert "secrets.txt" in problem


def test_a_wheel_of_another_platform_is_told(tmp_path: Path) -> None:
    (problem,) = check._contents(MACOS, STABLE, wheel(tmp_path, MANYLINUX))
    assert "manylinux" in problem


def test_every_licence_that_notice_speaks_of_is_expected() -> None:
    expected = check.expected(MANYLINUX, STABLE, INFO)
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
    assert {place.abi for place in PLACES} == {abi.name for abi in ABIS}

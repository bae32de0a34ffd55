"""Third parties arrive as pinned or not at all."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from vendor.edits import apply_edits, load_edits
from vendor.fetch import LOCAL_VARIABLE, fetch_all, find_archive
from vendor.pins import VENDOR, Pin, VendorError, load_pins
from vendor.unpack import unpack


def make_archive(path: Path, members: dict[str, bytes | tarfile.TarInfo]) -> Pin:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return Pin(
        name="part",
        registry="pypi",
        package="part",
        version="1",
        archive=path.name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        licence="MIT",
        strip=("part-1/",),
        files=("*.c", "sub/*.h"),
    )


MEMBERS: dict[str, bytes | tarfile.TarInfo] = {
    "part-1/a.c": b"int a;\n",
    "part-1/sub/b.h": b"int b;\n",
    "part-1/sub/c.c": b"int c;\n",
    "part-1/setup.py": b"",
}


def test_only_the_files_used_are_unpacked(tmp_path: Path) -> None:
    pin = make_archive(tmp_path / "part-1.tar.gz", MEMBERS)
    assert unpack(pin, tmp_path / pin.archive, tmp_path / "out") == ["a.c", "sub/b.h"]
    assert (tmp_path / "out/a.c").read_bytes() == b"int a;\n"
    assert not (tmp_path / "out/sub/c.c").exists()


def test_a_wrong_hash_names_file_expected_and_actual(tmp_path: Path) -> None:
    pin = make_archive(tmp_path / "part-1.tar.gz", MEMBERS)
    wrong = replace(pin, sha256="0" * 64)
    with pytest.raises(VendorError) as caught:
        find_archive(wrong, local=tmp_path)
    assert all(text in str(caught.value) for text in ("part-1.tar.gz", "0" * 64, pin.sha256))


def test_a_damaged_download_is_moved_out_of_the_way(tmp_path: Path) -> None:
    pin = make_archive(tmp_path / "part-1.tar.gz", MEMBERS)
    with pytest.raises(VendorError, match="sha256 differs"):
        find_archive(replace(pin, sha256="0" * 64), cache=tmp_path)
    assert not (tmp_path / pin.archive).exists()


def test_a_local_folder_is_the_only_source(tmp_path: Path) -> None:
    pin = make_archive(tmp_path / "part-1.tar.gz", MEMBERS)
    assert find_archive(pin, local=tmp_path) == tmp_path / pin.archive
    with pytest.raises(VendorError, match="not found"):
        find_archive(replace(pin, archive="absent.tar.gz"), local=tmp_path)


def test_the_environment_names_a_local_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LOCAL_VARIABLE, str(tmp_path))
    with pytest.raises(VendorError, match=f"{tmp_path}/pywasm3.*not found"):
        fetch_all(unpacked=tmp_path / "out")


@pytest.mark.parametrize("name", ["../escape.c", "part-1/../../escape.c", "/escape.c", "a\\b.c"])
def test_a_path_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    pin = make_archive(tmp_path / "part-1.tar.gz", {**MEMBERS, name: b"x"})
    with pytest.raises(VendorError, match="unsafe path"):
        unpack(pin, tmp_path / pin.archive, tmp_path / "out")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_only_regular_files_are_written(tmp_path: Path, kind: bytes) -> None:
    link = tarfile.TarInfo("part-1/evil.c")
    link.type, link.linkname = kind, "part-1/a.c"
    pin = make_archive(tmp_path / "part-1.tar.gz", {**MEMBERS, "link": link})
    with pytest.raises(VendorError, match="not a regular file"):
        unpack(pin, tmp_path / pin.archive, tmp_path / "out")


def test_a_pattern_that_matches_nothing_stops(tmp_path: Path) -> None:
    pin = make_archive(tmp_path / "part-1.tar.gz", MEMBERS)
    with pytest.raises(VendorError, match=r"nothing matches gone\.c"):
        unpack(replace(pin, files=("*.c", "gone.c")), tmp_path / pin.archive, tmp_path / "out")


EDIT = """\
file = "a.c"
reason = "a test"
anchor = '''
int a;
'''
replacement = '''
long a;
'''
"""


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        ("int a;\nint b;\n", "long a;\nint b;\n"),
        ("int b;\n", "occurs 0 times in a.c"),
        ("int a;\nint a;\n", "occurs 2 times in a.c"),
    ],
)
def test_an_edit_applies_to_exactly_one_place(tmp_path: Path, source: str, outcome: str) -> None:
    (tmp_path / "10-long.toml").write_text(EDIT)
    (tmp_path / "a.c").write_text(source)
    edits = load_edits(tmp_path)
    if outcome.startswith("long"):
        apply_edits(edits, tmp_path)
        assert (tmp_path / "a.c").read_text() == outcome
    else:
        with pytest.raises(VendorError, match=rf"10-long\.toml.*{outcome}"):
            apply_edits(edits, tmp_path)


def test_an_edit_of_a_missing_file_stops(tmp_path: Path) -> None:
    (tmp_path / "10-long.toml").write_text(EDIT)
    with pytest.raises(VendorError, match=r"no file a\.c to edit"):
        apply_edits(load_edits(tmp_path), tmp_path)


@pytest.mark.parametrize("line", ["reason", "anchor", "unknown"])
def test_an_edit_says_everything_and_nothing_else(tmp_path: Path, line: str) -> None:
    text = EDIT.replace(f"{line} =", "surprise =") if line in EDIT else EDIT + 'unknown = "x"\n'
    (tmp_path / "10-long.toml").write_text(text)
    with pytest.raises(VendorError, match="wants exactly"):
        load_edits(tmp_path)


def test_the_pins_are_whole() -> None:
    pins = load_pins()
    ours = ["wasm3", "xxhash", "zstd", "icu", "pglite", "pglite-pgvector", "pglite-tools"]
    assert [pin.name for pin in pins] == ours
    for pin in pins:
        assert pin.version in pin.archive
        assert len(bytes.fromhex(pin.sha256)) == hashlib.sha256().digest_size
        assert pin.licence
        for edit in load_edits(VENDOR / f"{pin.name}-edits"):
            assert len(edit.reason) > 20


def fake_client(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_npm_fetches_the_version_that_is_pinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin = make_archive(tmp_path / "part-1.tgz", MEMBERS)
    fake_client(tmp_path, "npm", f'[ "$1 $2" = "pack part@1" ] && cp {tmp_path}/part-1.tgz "$5"')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    found = find_archive(replace(pin, registry="npm"), cache=tmp_path / "cache")
    assert found.read_bytes() == (tmp_path / "part-1.tgz").read_bytes()


def test_a_client_that_fails_or_brings_nothing_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin = replace(make_archive(tmp_path / "part-1.tgz", MEMBERS), registry="npm")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    fake_client(tmp_path, "npm", "echo no such package; exit 1")
    with pytest.raises(VendorError, match="no such package"):
        find_archive(pin, cache=tmp_path / "cache")
    fake_client(tmp_path, "npm", "exit 0")
    with pytest.raises(VendorError, match=r"left no part-1\.tgz"):
        find_archive(pin, cache=tmp_path / "cache")
    with pytest.raises(VendorError, match="unknown registry"):
        find_archive(replace(pin, registry="floppy"), cache=tmp_path / "cache")


def test_apt_fetches_the_version_that_is_pinned_by_lists_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin = make_archive(tmp_path / "part-1.tgz", MEMBERS)
    script = f"""case "$*" in
*Dir::State::Lists={tmp_path}/cache/apt/lists*update) ;;
*"download part=1") cp {tmp_path}/part-1.tgz . ;;
*) exit 1 ;;
esac"""
    fake_client(tmp_path, "apt-get", script)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    found = find_archive(replace(pin, registry="debian"), cache=tmp_path / "cache")
    assert found.read_bytes() == (tmp_path / "part-1.tgz").read_bytes()
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(VendorError, match="only a Debian can fetch it, by apt-get"):
        find_archive(replace(pin, registry="debian"), cache=tmp_path / "other")


def test_pip_is_given_the_hash_before_it_runs_a_setup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin = make_archive(tmp_path / "part-1.tar.gz", MEMBERS)
    cache = tmp_path / "cache"

    def pip(command: Sequence[str]) -> None:
        assert {"download", "--require-hashes", "--no-deps"} <= set(command)
        requirements = Path(command[-1]).read_text()
        assert requirements == f"part==1 --hash=sha256:{pin.sha256}\n"
        (tmp_path / pin.archive).rename(cache / pin.archive)

    monkeypatch.setattr("vendor.fetch.run", pip)
    assert find_archive(pin, cache=cache) == cache / pin.archive


@pytest.mark.parametrize(
    ("archive", "python", "platforms"),
    [
        ("part-1-cp311-cp311-manylinux_2_28_x86_64.whl", ["311"], ["manylinux_2_28_x86_64"]),
        (
            "part-1-py3-none-manylinux_2_27_x86_64.manylinux2014_x86_64.whl",
            [],  # any
            ["manylinux_2_27_x86_64", "manylinux2014_x86_64"],
        ),
    ],
)
def test_pip_is_asked_for_the_very_wheel(
    archive: str,
    python: list[str],
    platforms: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pin = replace(make_archive(tmp_path / "part-1.tar.gz", MEMBERS), archive=archive)

    def pip(command: Sequence[str]) -> None:
        def values(option: str) -> list[str]:
            return [command[i + 1] for i, word in enumerate(command) if word == option]

        assert (values("--python-version"), values("--platform")) == (python, platforms)
        (tmp_path / "part-1.tar.gz").rename(tmp_path / "cache" / archive)

    monkeypatch.setattr("vendor.fetch.run", pip)
    find_archive(pin, cache=tmp_path / "cache")


def test_everything_is_fetched_unpacked_edited_and_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pin = make_archive(tmp_path / "part-1.tar.gz", MEMBERS)
    (tmp_path / "part-edits").mkdir()
    (tmp_path / "part-edits/10-long.toml").write_text(EDIT)
    monkeypatch.setattr("vendor.fetch.load_pins", lambda: [pin])
    monkeypatch.setattr("vendor.fetch.VENDOR", tmp_path)
    leftover = tmp_path / "out/part/leftover.c"
    leftover.parent.mkdir(parents=True)
    leftover.touch()
    fetch_all(unpacked=tmp_path / "out", local=tmp_path)
    assert (tmp_path / "out/part/a.c").read_text() == "long a;\n"
    assert not leftover.exists()
    assert capsys.readouterr().out.split() == [
        *("part", "1", "MIT", "2", "files", "15", "B", "1", "edits")
    ]

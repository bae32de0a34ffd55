"""The wheel and the sdist hold what they must, and work where there is nothing else."""

from __future__ import annotations

import email
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.distributions import build, install
from tools import ROOT

WHEEL_MAX_BYTES = 22 * 1000 * 1000  # with the AOT tier, and not stripped
RESOURCES = {
    "pglite.wasm",
    "initdb.wasm",
    "pg_dump.wasm",
    "cxx.wasm",
    "libc.wasm",
    "deflate.wasm",
    "system.pack",
    "cluster.pack",
    "postgres.image",
    "identity",
    "abi.h",
    "code.h",
}
HEADERS = ("abi.h", "code.h")  # what added extensions are compiled with
EXTENSIONS = tuple(
    f"_{name}.abi3.so" for name in ("arrow", "closing", "engine", "messages", "rows")
)
STUBS = ("py.typed", "_arrow.pyi", "_closing.pyi", "_messages.pyi", "_rows.pyi")
LICENCES = {"LICENSE.wasm3", "LICENSE.xxhash", "LICENSE.zstd", "LICENSE.pglite", "LICENSE.icu"}

# A query message; a data row with the text "42" must be in the answer.
QUESTION = """
import pglite_native
query = b"select 6 * 7\\0"
with pglite_native.Engine() as engine:
    reply = engine.exec_protocol_raw(b"Q" + (len(query) + 4).to_bytes(4, "big") + query)
assert b"\\0\\0\\0\\x0242" in reply, reply
print(pglite_native.__file__)
"""


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("--sdist", tmp_path_factory.mktemp("sdist"))


def ask(folder: Path, scratch: Path) -> None:
    """Answer a query with what is installed in `folder`, and no command on the PATH."""
    result = subprocess.run(
        [sys.executable, "-c", QUESTION],
        cwd=scratch,
        env={"PATH": "", "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(str(folder))


def test_the_wheel_serves_every_cpython_from_3_10(wheel: Path) -> None:
    assert re.fullmatch(r"pglite_native-[\d.]+-cp310-abi3-\w+\.whl", wheel.name)


def test_the_wheel_is_small_enough(wheel: Path) -> None:
    assert wheel.stat().st_size <= WHEEL_MAX_BYTES


def test_the_wheel_holds_the_package_and_its_notices(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        headers = email.message_from_bytes(archive.read(metadata))
    dist_info = metadata.removesuffix("METADATA")
    wanted = {f"pglite_native/resources/{name}" for name in RESOURCES | LICENCES}
    wanted |= {f"{dist_info}licenses/{name}" for name in ("LICENSE", "NOTICE")}
    wanted |= {f"pglite_native/{name}" for name in (*EXTENSIONS, *STUBS)}
    assert wanted <= names
    assert all(name.startswith(("pglite_native/", dist_info)) for name in names)
    sources = {name for name in names if name.endswith((".c", ".h", ".o"))}
    assert sources == {f"pglite_native/resources/{name}" for name in HEADERS}
    assert headers["License-Expression"] == "Apache-2.0"
    assert headers["Requires-Python"] == ">=3.10"
    required = [line for line in headers.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert required == ["cffi>=1.16", "scramp>=1.4.5"]


@pytest.mark.parametrize("name", EXTENSIONS)
def test_the_wheel_says_nothing_of_the_machine_that_built_it(
    wheel: Path, tmp_path: Path, name: str
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        extension = archive.extract(f"pglite_native/{name}", tmp_path)
    dynamic = subprocess.run(
        ["objdump", "--private-headers", extension], check=True, capture_output=True, text=True
    ).stdout
    assert "Dynamic Section" in dynamic
    assert not re.search("RPATH|RUNPATH", dynamic)


def test_the_wheel_runs_where_there_is_nothing_else(wheel: Path, tmp_path: Path) -> None:
    install(wheel, tmp_path / "site")
    ask(tmp_path / "site", tmp_path)


@pytest.mark.long
def test_the_sdist_carries_what_the_build_makes(sdist: Path) -> None:
    with tarfile.open(sdist) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
    assert {f"pglite_native/resources/{name}" for name in RESOURCES | LICENCES} <= names
    assert {f"build/vendor/wasm3/{name}" for name in ("LICENSE", "m3_env.c", "wasm3.h")} <= names
    assert "build/vendor/xxhash/xxhash.h" in names
    assert {
        "csrc/engine/api/pglite_native.h",
        "tools/ffi.py",
        "vendor/pins.toml",
        "NOTICE",
    } <= names
    assert not [name for name in names if name.endswith((".so", ".o", ".pyc"))]


@pytest.mark.long
def test_the_sdist_builds_offline(sdist: Path, tmp_path: Path) -> None:
    install(sdist, tmp_path / "site")
    ask(tmp_path / "site", tmp_path)


def test_every_pinned_part_is_in_the_notices() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    parts = "wasm3 0.5.0|xxHash 0.8.2|PGlite 0.5.17|PostgreSQL 18.7|pgvector|ICU|OpenSSL"
    for part in parts.split("|"):
        assert part in notice

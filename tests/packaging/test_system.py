"""The packs hold the guest's tree as PostgreSQL expects to find it, and a fresh cluster."""

from __future__ import annotations

import io
import re
import stat
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

from pglite_native import _engine
from pglite_native.engine.pack import COMPRESSED_MAGIC
from tools import ROOT
from tools.build import GUEST, LINK, VENDOR
from tools.cluster import cluster_entries
from tools.guest import LIBRARIES
from tools.pack import Entry
from tools.package_data import gather
from tools.system import system_entries
from tools.upstream import UpstreamError, extension_bundles, read_bundle, read_data, read_tree
from vendor.pins import VendorError


@pytest.fixture(scope="module")
def tree() -> dict[str, Entry]:
    return {entry.path: entry for entry in system_entries(read_tree(VENDOR))}


def test_every_file_of_the_data_table_is_found() -> None:
    files = read_data(VENDOR)
    assert len(files) == 699
    assert sum(map(len, files.values())) == (VENDOR / "pglite/dist/pglite.data").stat().st_size
    assert files["pglite/locale-a"].split() == [b"C", b"C.utf8", b"en_US.utf8", b"POSIX"]


def test_a_table_that_does_not_fit_its_data_is_refused(tmp_path: Path) -> None:
    dist = tmp_path / "pglite" / "dist"
    dist.mkdir(parents=True)
    (dist / "pglite.data").write_bytes(b"abc")
    for end, size in ((3, 4), (4, 3)):
        table = f'files:[{{filename:"/a",start:0,end:{end}}}],remote_package_size:{size}'
        (dist / "pglite.js").write_text(table)
        with pytest.raises(UpstreamError):
            read_data(tmp_path)


def test_a_bundle_cannot_reach_outside_the_tree(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("../../etc/passwd"), io.BytesIO())
    with pytest.raises(VendorError, match="unsafe path"):
        read_bundle(tmp_path / "evil.tar.gz")


def test_the_posix_folders_are_there(tree: dict[str, Entry]) -> None:
    modes = {path: stat.S_IMODE(tree[path].mode) for path in ("tmp", "dev/shm", "home/postgres")}
    assert modes == {"tmp": 0o1777, "dev/shm": 0o1777, "home/postgres": 0o755}


def test_side_modules_keep_their_names_and_lose_their_bytes(tree: dict[str, Entry]) -> None:
    modules = {path: entry for path, entry in tree.items() if path.endswith(".so")}
    assert {"plpgsql", "dict_snowball", "vector", "pgcrypto", "utf8_and_gbk"} <= {
        Path(path).stem for path in modules
    }
    assert len(modules) == 69
    assert all(entry == Entry(entry.path, stat.S_IFREG | 0o755) for entry in modules.values())


def test_every_extension_has_its_control_file_and_module(tree: dict[str, Entry]) -> None:
    bundles = extension_bundles(VENDOR)
    assert len(bundles) == 38
    for bundle in bundles:
        for path in read_bundle(bundle):
            if path.endswith((".control", ".sql", ".so", ".rules")):
                assert path in tree


def test_what_the_guest_does_not_need_is_left_out(tree: dict[str, Entry]) -> None:
    left_out = re.compile(r"/pgxs/|/include/|/doc/|/\.pgpass$|^pglite/password$")
    assert [path for path in tree if left_out.search(path)] == []
    assert any(left_out.search(path) for path in read_tree(VENDOR))
    assert tree["pglite/pgstdin"].content == tree["pglite/pgstdout"].content == b""


def test_the_cluster_is_a_fresh_pgdata_and_no_more(tmp_path: Path) -> None:
    segments = [f"0000000100000000000000{n:02X}" for n in (9, 10, 11)]
    files = ["PG_VERSION", "global/pg_control", ".pglite-native.lock"]
    for name in [*files, *(f"pg_wal/{segment}" for segment in segments)]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    entries = cluster_entries(tmp_path)
    assert [entry.path for entry in entries if stat.S_ISREG(entry.mode)] == [
        "PG_VERSION",
        "global/pg_control",
        f"pg_wal/{segments[0]}",
    ]


def test_the_old_cluster_stays_until_the_new_one_is_there(tmp_path: Path) -> None:
    output = tmp_path / "cluster.pack"
    output.write_bytes(b"old")
    seen = set()
    command = [sys.executable, "-m", "tools.cluster", _engine.__file__, output]
    with subprocess.Popen(command, cwd=ROOT) as builder:
        while builder.poll() is None:
            seen.add(output.read_bytes()[:8])
            time.sleep(0.01)
    assert builder.returncode == 0
    assert seen <= {b"old", COMPRESSED_MAGIC}
    assert output.read_bytes().startswith(COMPRESSED_MAGIC)
    assert list(tmp_path.iterdir()) == [output]


def test_what_is_installed_is_the_same_each_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        gather(VENDOR, GUEST, LINK, tmp_path / name)
    files = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()}
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()}
    licences = {"LICENSE.wasm3", "LICENSE.xxhash", "LICENSE.zstd", "LICENSE.pglite", "LICENSE.icu"}
    headers = {"abi.h", "code.h"}
    programs = {"pglite.wasm", "initdb.wasm", "pg_dump.wasm"}
    libraries = {f"{name}.wasm" for name in LIBRARIES}
    assert set(files) == programs | libraries | {"system.pack", "identity"} | headers | licences

"""The guest's files as upstream ships them: pglite.data, and one tarball for each extension."""

from __future__ import annotations

import json
import re
import tarfile
from pathlib import Path

from tools.icu import icu_files
from vendor.unpack import clean_path

# Where upstream unpacks an extension's tarball, and where the server looks for it.
PREFIX = "pglite"

_FILE_TABLE = re.compile(r"files:\[(\{filename:.*?\})\],remote_package_size:(\d+)")
_BARE_KEY = re.compile(r"([{,])(filename|start|end|audio):")


class UpstreamError(Exception):
    """Upstream's packages do not have the shape this build knows."""


def read_data(vendor_dir: Path) -> dict[str, bytes]:
    """Read the file tree of pglite.data, whose table Emscripten leaves inside pglite.js."""
    dist = vendor_dir / "pglite" / "dist"
    data = (dist / "pglite.data").read_bytes()
    table = _FILE_TABLE.search((dist / "pglite.js").read_text(encoding="utf-8"))
    if table is None or int(table[2]) != len(data):
        raise UpstreamError("pglite.js has no file table that fits pglite.data")
    files = {}
    for file in json.loads(_BARE_KEY.sub(r'\1"\2":', f"[{table[1]}]")):
        path = clean_path(file["filename"].removeprefix("/"))
        start, end = int(file["start"]), int(file["end"])
        if not 0 <= start <= end <= len(data):
            raise UpstreamError(f"{path}: bytes {start} to {end} are outside pglite.data")
        files[path] = data[start:end]
    return files


def extension_bundles(vendor_dir: Path) -> list[Path]:
    """Return the tarballs: PGlite's contrib modules, then pgvector."""
    contrib = sorted((vendor_dir / "pglite" / "dist").glob("*.tar.gz"))
    return [*contrib, vendor_dir / "pglite-pgvector" / "dist" / "vector.tar.gz"]


def read_bundle(path: Path) -> dict[str, bytes]:
    """Read an extension's tarball: one or more side modules and their share files."""
    files = {}
    with tarfile.open(path) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isreg() else None
            if content is not None:
                files[f"{PREFIX}/{clean_path(member.name)}"] = content.read()
    return files


def read_tree(vendor_dir: Path) -> dict[str, bytes]:
    """Read everything: path without leading '/' to content."""
    files = {**read_data(vendor_dir), **icu_files(vendor_dir)}
    for bundle in extension_bundles(vendor_dir):
        for path, content in read_bundle(bundle).items():
            if files.setdefault(path, content) != content:
                raise UpstreamError(f"{bundle.name}: {path} differs from one already there")
    return files

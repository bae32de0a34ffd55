"""Take the files a pin uses out of its archive, and nothing else."""

from __future__ import annotations

import io
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import IO

from vendor.pins import Pin, VendorError


def unpack(pin: Pin, archive: Path, folder: Path) -> list[str]:
    """Write the files `pin` uses into `folder` and return their names, sorted.

    Only regular files are ever written, and every name is checked, so no archive can reach
    outside `folder`. A pattern that matches nothing is an error: upstream has changed shape.
    """
    unmatched = set(pin.files)
    names = []
    for member, content in _members(archive):
        name = _relative_name(pin, member)
        patterns = [pattern for pattern in pin.files if _matches(name, pattern)]
        if not patterns:
            continue
        if content is None:
            raise VendorError(f"{archive}: {member} is not a regular file")
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.read())
        unmatched.difference_update(patterns)
        names.append(name)
    if unmatched:
        raise VendorError(f"{archive}: nothing matches {', '.join(sorted(unmatched))}")
    return sorted(names)


def _members(archive: Path) -> Iterator[tuple[str, IO[bytes] | None]]:
    """Yield what is no directory: its name, and its content where it is a regular file."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for info in wheel.infolist():
                if not info.is_dir():
                    yield info.filename, wheel.open(info)
        return
    with _opened(archive) as tar:
        for member in tar:
            if not member.isdir():
                yield member.name, tar.extractfile(member) if member.isreg() else None


@contextmanager
def _opened(archive: Path) -> Iterator[tarfile.TarFile]:
    """Open an archive, or what a Debian package has in its archive."""
    if archive.suffix != ".deb":
        with tarfile.open(archive) as tar:
            yield tar
        return
    command = ["dpkg-deb", "--fsys-tarfile", str(archive)]
    content = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        yield tar


def _matches(name: str, pattern: str) -> bool:
    # fnmatch's '*' crosses '/'; a pattern here speaks of one folder only.
    return name.count("/") == pattern.count("/") and fnmatchcase(name, pattern)


def _relative_name(pin: Pin, name: str) -> str:
    name = clean_path(name)
    for prefix in pin.strip:
        if name.startswith(prefix):
            return name[len(prefix) :]
    return name


def clean_path(path: str) -> str:
    """Return the relative path of an archive's member, or refuse one that could lead outside."""
    parts = PurePosixPath(path).parts
    if not parts or parts[0] == "/" or ".." in parts or "\\" in path:
        raise VendorError(f"unsafe path {path!r}")
    return "/".join(parts)

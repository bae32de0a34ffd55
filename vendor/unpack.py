"""Take the files a pin uses out of its archive, and nothing else."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from vendor.pins import Pin, VendorError


def unpack(pin: Pin, archive: Path, folder: Path) -> list[str]:
    """Write the files `pin` uses into `folder` and return their names, sorted.

    Only regular files are ever written, and every name is checked, so no archive can reach
    outside `folder`. A pattern that matches nothing is an error: upstream has changed shape.
    """
    unmatched = set(pin.files)
    names = []
    with _opened(archive) as tar:
        for member in tar:
            if member.isdir():
                continue
            name = _relative_name(pin, member.name)
            patterns = [pattern for pattern in pin.files if _matches(name, pattern)]
            if not patterns:
                continue
            content = tar.extractfile(member) if member.isreg() else None
            if content is None:
                raise VendorError(f"{archive}: {member.name} is not a regular file")
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read())
            unmatched.difference_update(patterns)
            names.append(name)
    if unmatched:
        raise VendorError(f"{archive}: nothing matches {', '.join(sorted(unmatched))}")
    return sorted(names)


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

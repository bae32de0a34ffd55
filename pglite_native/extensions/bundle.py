"""Read an extension's tarball, as PGlite's packages carry it in dist/.

    lib/postgresql/NAME.so                      a side module; none if the extension is all SQL
    share/postgresql/extension/NAME.control     and the SQL scripts beside it
    share/postgresql/...                        other files that it reads

Whatever is in it goes below /pglite in the guest. Nothing is unpacked on the host.
"""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from pglite_native.errors import ExtensionError

# PostGIS with its data, the largest there is, has a third of it.
MAX_BYTES = 512 << 20
MAX_FILES = 10_000

MODULE = re.compile(r"lib/postgresql/([\w.+-]+)\.so")
CONTROL = re.compile(r"share/postgresql/extension/([\w.+-]+)\.control")
# What nothing in the guest reads: documentation, scripts for a shell, what building others takes.
LEFT_OUT = ("bin/", "include/", "lib/postgresql/bitcode/", "lib/postgresql/pgxs/", "share/doc/")


@dataclass(frozen=True)
class Bundle:
    """An extension's tarball: its bytes, and the files in it by path."""

    tarball: bytes
    files: dict[str, bytes]

    @property
    def modules(self) -> dict[str, bytes]:
        """The side modules, by the names they have in the server."""
        return {m[1]: self.files[path] for path in self.files if (m := MODULE.fullmatch(path))}

    @property
    def extensions(self) -> tuple[str, ...]:
        """What can be created, sorted."""
        return tuple(sorted(m[1] for path in self.files if (m := CONTROL.fullmatch(path))))

    @property
    def names(self) -> tuple[str, ...]:
        """What it is known by: its extensions, or, where it is for LOAD only, its modules."""
        return self.extensions or tuple(sorted(self.modules))

    def __str__(self) -> str:
        return ", ".join(self.names)


def read_bundle(path: Path) -> Bundle:
    """Read a tarball. Raises ExtensionError, with its path, if it is not an extension's."""
    return parse_bundle(path.read_bytes(), str(path))


def parse_bundle(tarball: bytes, called: str) -> Bundle:
    """Read a tarball's content. Raises ExtensionError, as `read_bundle` does."""
    try:
        bundle = Bundle(tarball, _read_files(tarball))
    except ExtensionError as error:
        raise ExtensionError(f"{called}: {error}") from None
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise ExtensionError(f"{called}: not a tar.gz, or damaged: {error}") from None
    if not bundle.names:
        raise ExtensionError(
            f"{called}: has neither share/postgresql/extension/NAME.control"
            " nor lib/postgresql/NAME.so: not an extension of PGlite's"
        )
    return bundle


def _read_files(tarball: bytes) -> dict[str, bytes]:
    # Unpacked first, with a limit: a tar header's own size has none.
    with gzip.open(io.BytesIO(tarball)) as stream:
        content = stream.read(MAX_BYTES + 1)
    files: dict[str, bytes] = {}
    size = len(content)
    _check_limits(size, 0)
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as tar:
        for member in tar.getmembers():
            if member.isdir():
                continue
            path = _clean(member.name)
            if path in files:
                raise ExtensionError(f"{path} occurs twice in the tarball")
            if not path.startswith(LEFT_OUT):
                files[path] = _content(tar, member)
                # Again, as a link takes as much as what it leads to.
                size += len(files[path])
                _check_limits(size, len(files))
    return files


def _check_limits(size: int, count: int) -> None:
    if size > MAX_BYTES or count > MAX_FILES:
        raise ExtensionError(f"more than {MAX_BYTES} bytes or {MAX_FILES} files in it")


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    """Read a file, also by a link to it; tarfile looks for that in the tarball and nowhere else."""
    try:
        file = tar.extractfile(member)
    except (KeyError, RecursionError):
        raise ExtensionError(
            f"{member.name!r} is a link to a file that the tarball does not contain"
        ) from None
    if file is None:
        raise ExtensionError(f"{member.name!r} is neither a file nor a link to one")
    return file.read(MAX_BYTES + 1)


def _clean(name: str) -> str:
    """Return a member's path without "./"; refuse one that leads elsewhere."""
    path = name.removeprefix("./")
    if not path.isprintable() or "\\" in path or {"", ".", ".."} & set(path.split("/")):
        raise ExtensionError(f"{name!r} is not a path below lib/ or share/")
    if not path.startswith(("lib/postgresql/", "share/", *LEFT_OUT)):
        raise ExtensionError(f"{name!r} is not a path below lib/postgresql/ or share/")
    return path

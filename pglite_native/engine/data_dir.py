"""Data directories as tarballs, which PGlite on Node writes and reads too.

Format: ustar, whole or gzipped. Names are relative to the data directory; PGlite writes a slash
before them. Regular files and directories only: a tablespace's files stand in place of its link.
Owners, permissions and times say nothing. What a running server keeps for itself is left out.

A tarball may come from anybody: what it holds ends up in the engine's own name space, below its
data directory, or nowhere. What PostgreSQL then makes of the files happens within the guest.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, cast

from pglite_native.engine.atomic_files import replacing
from pglite_native.engine.binding import check, ffi, lib
from pglite_native.engine.files import Readable, Target, Writable
from pglite_native.errors import DataDirError

Source = str | os.PathLike[str] | bytes | bytearray | memoryview | Readable
Compression = Literal["auto", "gzip", "none"]

CHUNK = 256 * 1024
HEADERS_MAX = 32 * 1024  # bytes, of one member: tarfile keeps them, and calls itself for each
ZIP_LEVEL = 6  # gzip's own default
GZIP_MAGIC = b"\x1f\x8b"
PID_FILE = "postmaster.pid"
OWN_PREFIX = ".pglite-native."  # csrc/platform/directory_lock.h: LOCK_PREFIX

_DAMAGED = (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError)


# --- out ------------------------------------------------------------------------------------


def dump(engine: Any, file: Target, compression: Compression) -> None:
    """Write a tarball of the files of an engine, a pgn_engine, to a path or to an open file."""
    if compression not in ("auto", "gzip", "none"):
        raise ValueError(f"compression must be 'auto', 'gzip' or 'none': {compression!r}")
    if not isinstance(file, str | os.PathLike):
        _write(engine, file, compression != "none")
        return
    path = Path(file)
    if compression == "auto":
        compression = compression_of(path)
    with replacing(path, private=True) as scratch:
        _write(engine, scratch, compression != "none")


def compression_of(path: Path) -> Literal["gzip", "none"]:
    """What a name asks for, where nothing else is said."""
    return "none" if path.suffix == ".tar" else "gzip"


def _write(engine: Any, file: Writable, zips: bool) -> None:
    refused, error = ffi.new("pgn_error *"), ffi.new("pgn_error *")
    try:  # an interrupt may come as soon as it has begun
        check(lib.pgn_dump_begin(engine, refused), refused)
        with contextlib.ExitStack() as stack:
            output = cast(Any, file)  # that write is enough, no type says
            if zips:  # no time in its header: the same files give the same bytes
                output = stack.enter_context(gzip.GzipFile("", "wb", ZIP_LEVEL, output, mtime=0))
            tar = stack.enter_context(
                tarfile.open(fileobj=output, mode="w|", format=tarfile.USTAR_FORMAT)
            )
            entry = ffi.new("pgn_file *")
            while True:
                check(lib.pgn_dump_next(engine, entry, error), error)
                if entry.path[0] == b"\0":
                    break
                tar.addfile(_member(entry), _Content(engine))
    finally:
        if not refused.status:
            lib.pgn_dump_end(engine, ffi.NULL)  # refused only when closed meanwhile


def _member(entry: Any) -> tarfile.TarInfo:
    member = tarfile.TarInfo(os.fsdecode(ffi.string(entry.path)))
    member.type = tarfile.DIRTYPE if entry.is_directory else tarfile.REGTYPE
    member.mode = 0o700 if entry.is_directory else 0o600
    member.size = entry.size
    member.mtime = entry.mtime_ns // 1_000_000_000
    return member


class _Content(io.RawIOBase):
    """The content of the entry that came last."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        error, count = ffi.new("pgn_error *"), ffi.new("size_t *")
        data = ffi.from_buffer("uint8_t[]", buffer, require_writable=True)
        check(lib.pgn_dump_read(self._engine, data, len(data), count, error), error)
        return int(count[0])


# --- in -------------------------------------------------------------------------------------


def load(engine: Any, source: Source) -> None:
    """Give an engine that waits for its files, a pgn_engine, those of a tarball, and boot it.

    Raises:
        OSError: the tarball cannot be opened or read.
        DataDirError: it is damaged, or not one of a data directory.
    """
    error = ffi.new("pgn_error *")
    with _opened(source) as file:
        try:
            has_version = _load_members(engine, _unzipped(file), error)
        except _DAMAGED as damage:
            raise DataDirError(
                f"the tarball is damaged or cut off, or it is none: {damage} (SQL is run by"
                " exec_file(), or `pglite-native sql -f`)"
            ) from damage
    if not has_version:
        raise DataDirError(
            "the tarball has no PG_VERSION at its top: not a data directory's, or in a folder of it"
        )
    check(lib.pgn_load_end(engine, error), error)


def _load_members(engine: Any, file: io.BufferedIOBase, error: Any) -> bool:
    """Return whether there is a PG_VERSION among them."""
    has_version = False
    allowance = _Allowance(file)
    with tarfile.open(fileobj=cast(Any, allowance), mode="r|", tarinfo=_Member) as tar:
        for member in tar:
            allowance.left = HEADERS_MAX
            # Else they are all kept. What is said of all members at once is nothing of use here.
            cast(Any, tar).members.clear()
            cast(Any, tar).pax_headers.clear()
            path = _path(member.name)
            if not path or path == PID_FILE or path.startswith(OWN_PREFIX):
                continue
            has_version |= path == "PG_VERSION"
            name = ffi.new("char[]", os.fsencode(path))
            if member.isdir():
                check(lib.pgn_load_directory(engine, name, error), error, path)
                continue
            if not member.isreg() or member.issparse():
                raise DataDirError(f"{path}: it is neither a file nor a directory")
            check(lib.pgn_load_file(engine, name, error), error, path)
            content = tar.extractfile(member)
            assert content is not None  # it is a regular file
            allowance.left += CHUNK
            while chunk := content.read(CHUNK):
                allowance.left = HEADERS_MAX + CHUNK
                data = ffi.from_buffer("uint8_t[]", chunk)
                check(lib.pgn_load_bytes(engine, data, len(data), error), error, path)
            allowance.left = HEADERS_MAX
    while file.read(CHUNK):  # gzip's checksum stands at the end
        pass
    return has_version


def _path(name: str) -> str:
    """Return a member's path within the data directory; the engine refuses those that leave it."""
    if "\0" in name:
        raise DataDirError(f"not a path: {name!r}")
    return "/".join(word for word in name.split("/") if word not in ("", "."))


class _Allowance:
    """A file that is read by tarfile, which takes headers of any size: here so much at a time."""

    def __init__(self, file: io.BufferedIOBase) -> None:
        self._file = file
        self.left = HEADERS_MAX

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self.left -= len(data)
        if self.left < 0:
            raise DataDirError(
                f"the tarball is damaged: headers of a member that are longer than {HEADERS_MAX}"
                " bytes"
            )
        return data


class _Member(tarfile.TarInfo):
    """A member's header. tarfile takes a damaged one, or none, for the end of the archive."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> _Member:
        try:
            return super().fromtarfile(archive)
        except (ValueError, IndexError) as error:  # of a sparse file's map, say
            raise tarfile.ReadError(f"a header field is not a number: {error}") from error

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Member:
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if buf and not any(buf):  # a block of zeros is the end
                raise
            raise tarfile.ReadError(str(error)) from error


@contextlib.contextmanager
def _opened(source: Source) -> Iterator[Readable]:
    if isinstance(source, str | os.PathLike):
        with open(source, "rb") as file:
            yield file
    elif isinstance(source, bytes | bytearray | memoryview):
        yield io.BytesIO(source)
    else:
        yield source


def _unzipped(file: Readable) -> io.BufferedIOBase:
    """Return the tar of a file that may be gzipped; its name does not matter."""
    start = file.read(len(GZIP_MAGIC)) or b""
    whole = io.BufferedReader(_Chained(start, file), CHUNK)
    return gzip.GzipFile(fileobj=whole) if start == GZIP_MAGIC else whole


class _Chained(io.RawIOBase):
    """What has been read of a file, and then the rest; so that pipes will do."""

    def __init__(self, start: bytes, file: Readable) -> None:
        self._start = start
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._start or self._file.read(len(buffer)) or b""
        self._start = b""
        buffer[: len(chunk)] = chunk
        return len(chunk)

"""Guests that a user has linked extensions onto: where they are kept, and which one is in use.

    <home>/<identity of the packaged guest>/
        lock            held by the process that changes something
        current         the name of the generation in use; no file: none
        1/, 2/, ...     generations: some of the guest's files, in place of the packaged ones

A generation does not change. `current` is replaced in one step, so an engine that starts meanwhile
has the old generation or the new one. The generation before the current one stays for engines that
have read its name and not yet opened its files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pglite_native.engine.atomic_files import replacing, sync_directory
from pglite_native.engine.folders import make_private
from pglite_native.errors import EngineError

HOME_VARIABLE = "PGLITE_NATIVE_HOME"
SCRATCH = ".new-"
IDENTITY_LENGTH = 16  # of 64 hexadecimal digits: a file name


def home() -> Path:
    """Return the folder of everything that users add; it need not exist."""
    if chosen := os.environ.get(HOME_VARIABLE):
        return Path(chosen)
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return Path(data) / "pglite-native"


def cache() -> Path:
    """Return the folder of what is known of files, and could be found out again."""
    if chosen := os.environ.get(HOME_VARIABLE):
        return Path(chosen) / "checked"
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(caches) / "pglite-native" / "checked"


class Store:
    """The generations that belong to one packaged guest."""

    def __init__(self, packaged: Path, home: Path) -> None:
        self.folder = home / _identity(packaged)

    def current(self) -> Path | None:
        """Return the folder of the generation in use; None if it is the packaged guest itself."""
        pointer = self.folder / "current"
        try:
            return self.folder / pointer.read_text()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise EngineError(
                f"cannot tell whether extensions were added: {pointer}: {error.strerror}. "
                f"Make it readable, or set {HOME_VARIABLE} to another folder, or to one that does "
                "not exist"
            ) from error

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep others from changing anything. A process that ends, however it ends, lets go."""
        import fcntl  # not on every platform, and not needed for starting engines

        make_private(self.folder)
        with (self.folder / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @contextmanager
    def prepare(self) -> Iterator[Prepared]:
        """Give a folder for making the next generation in; it goes unless `use` takes it."""
        import shutil  # not needed for starting engines, neither of them
        import tempfile

        for left_over in self.folder.glob(f"{SCRATCH}*"):
            shutil.rmtree(left_over)  # of a process that was killed
        with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=self.folder) as scratch:
            yield Prepared(self, Path(scratch))

    def use(self, generation: Path | None) -> None:
        """Make a generation the one in use, or none; remove those that no engine can be opening."""
        import shutil

        previous = self.current()
        pointer = self.folder / "current"
        if generation is None:
            pointer.unlink(missing_ok=True)
            sync_directory(self.folder)
        else:
            _write_pointer(pointer, generation.name)
        kept = {path.name for path in (previous, generation) if path}
        for path in self.folder.iterdir():
            if path.is_dir() and path.name.isdecimal() and path.name not in kept:
                shutil.rmtree(path)


class Prepared:
    """A generation being made. `home` is a store of its own, in which it is the current one."""

    def __init__(self, store: Store, home: Path) -> None:
        self.home = home
        self._store = store
        folder = home / store.folder.name
        self.folder = folder / "1"
        self.folder.mkdir(parents=True)
        _write_pointer(folder / "current", self.folder.name)

    def write(self, name: str, content: bytes) -> None:
        """Write a file."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        with replacing(path) as file:
            file.write(content)

    def use(self) -> None:
        """Move it to where generations are, and make it the one in use."""
        numbers = [int(path.name) for path in self._store.folder.iterdir() if path.name.isdecimal()]
        target = self._store.folder / str(max(numbers, default=0) + 1)
        sync_directory(self.folder)
        self.folder.rename(target)
        sync_directory(self._store.folder)
        self._store.use(target)


def _write_pointer(pointer: Path, name: str) -> None:
    with replacing(pointer) as file:
        file.write(name.encode())


def _identity(packaged: Path) -> str:
    return (packaged / "identity").read_text()[:IDENTITY_LENGTH]

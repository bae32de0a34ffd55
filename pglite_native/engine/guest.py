"""The guest's code and files, loaded once in a process and shared by its engines."""

from __future__ import annotations

import os
import sys
import threading
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from pglite_native.engine import forking, known_checksums, store
from pglite_native.engine.binding import check, ffi, lib, new_variable
from pglite_native.errors import EngineError

Tier = Literal["auto", "wasm3", "aot", "native"]
"""What is to run the guest; "auto": the code compiled ahead of time where there is any.

"native" is an alias of "aot"."""

TIER_VARIABLE = "PGLITE_NATIVE_TIER"
"""In the environment, what "auto" means."""

LIBRARY = "pglite-aot.so"
"""The packaged guest compiled ahead of time, beside its module where it is there at all."""


class Files(NamedTuple):
    """A guest: the linked module, initdb, packs of its tree and of a fresh cluster, the image."""

    module: Path
    initdb: Path
    system: Path
    cluster: Path
    image: Path


NAMES = ("pglite.wasm", "initdb.wasm", "system.pack", "cluster.pack", "postgres.image")


class Libraries(NamedTuple):
    """The shared objects of a guest that was compiled; None: wasm3 runs it."""

    module: Path | None = None
    """The packaged guest's."""

    added: Path | None = None
    """That of the extensions that a user has added."""


class Runtime:
    """A guest in use. It is never closed: engines may live as long as the process."""

    def __init__(
        self, files: Files, library: Path | None = None, added: Path | None = None
    ) -> None:
        """Open a guest, run by the AOT tier from `library`, or else by wasm3.

        `added` is the shared object of extensions that were added; without it wasm3 runs those.

        Without cluster.pack only engines with a data directory of their own, or initdb_args, can
        open, and without an image they boot: so the build makes both.

        Raises:
            EngineError: another file is missing or not what it should be.
        """
        self.files = files
        self.library = library
        handle, error = ffi.new("pgn_runtime **"), ffi.new("pgn_error *")
        module, *paths, cluster = (bytes(path) for path in files[:-1])
        if not files.cluster.exists():
            cluster = ffi.NULL
        compiled = (bytes(path) if path else ffi.NULL for path in (library, added))
        status = lib.pgn_runtime_open(module, *compiled, *paths, cluster, handle, error)
        check(status, error)
        self.handle: Any = handle[0]
        self._image: Any = None
        self._lock = threading.Lock()
        forking.register(self)

    def _after_fork(self) -> None:
        """See forking."""
        self._lock = threading.Lock()

    @property
    def tier(self) -> Literal["wasm3", "aot"]:
        """What runs the guest."""
        name = ffi.string(lib.pgn_runtime_tier(self.handle))
        return "aot" if name == b"aot" else "wasm3"

    @property
    def added_tier(self) -> Literal["wasm3", "aot"] | None:
        """What runs the extensions that were added; None: none was that has code."""
        name = lib.pgn_runtime_added_tier(self.handle)
        if name == ffi.NULL:
            return None
        return "aot" if ffi.string(name) == b"aot" else "wasm3"

    def packaged_image(self) -> Any:
        """Return the guest's image, the owner of a pgn_image, checked once."""
        with self._lock:
            if self._image is None:
                try:
                    self._image = self.open_image(self.files.image, remembers=True)
                except (OSError, EngineError) as error:
                    raise EngineError(
                        f"{error}. Is the package complete? Engine(image=False) boots without it"
                    ) from error
            return self._image

    def open_image(self, path: Path, *, remembers: bool = False) -> Any:
        """Return the image in a file, the owner of a pgn_image.

        `remembers`: its checksum is computed once, and not by each process: see `checked`.

        Raises:
            OSError: the file cannot be opened.
            EngineError: it is not an image, damaged, or of another guest.
        """
        image, error = new_variable("pgn_image"), ffi.new("pgn_error *")
        with path.open("rb") as file:
            number = file.fileno()
            known = remembers and known_checksums.is_known(number)
            status = lib.pgn_image_open(self.handle, number, known, image.variable, error)
            check(status, error, where=str(path))
            if remembers and not known:
                known_checksums.note(number)
        return image


class _Runtimes:
    """The process's runtimes, each made once."""

    def __init__(self) -> None:
        self._made: dict[tuple[Files, Libraries], Runtime] = {}
        self._lock = threading.Lock()
        forking.register(self)

    def _after_fork(self) -> None:
        """See forking."""
        self._lock = threading.Lock()

    def get(self, files: Files, libraries: Libraries) -> Runtime:
        """Return the runtime of a guest, made the first time."""
        with self._lock:
            if (files, libraries) not in self._made:
                self._made[files, libraries] = Runtime(files, *libraries)
            return self._made[files, libraries]

    def before_fork(self) -> None:
        """Wait for threads that change a runtime: the child has not got them, and their locks."""
        for runtime in self._made.copy().values():
            lib.pgn_runtime_before_fork(runtime.handle)

    def after_fork(self) -> None:
        """In both processes."""
        for runtime in self._made.copy().values():
            lib.pgn_runtime_after_fork(runtime.handle)


_runtimes = _Runtimes()
os.register_at_fork(
    before=_runtimes.before_fork,
    after_in_parent=_runtimes.after_fork,
    after_in_child=_runtimes.after_fork,
)


@cache
def packaged() -> Path:
    """Return the folder of the packaged guest's files."""
    # Not importlib.resources, which imports modules when it is called: see forking.
    return Path(__file__).resolve().parents[1] / "resources"


def files() -> Files:
    """Return the guest's files: packaged ones, or the user's in their place (`extensions`)."""
    own = store.Store(packaged(), store.home()).current()
    found = (own / name if own and (own / name).exists() else packaged() / name for name in NAMES)
    return Files(*found)


def added_library() -> str:
    """Return the name that what a user adds has when compiled, for this version on this machine.

    The folder that it is in may be shared by others, which then interpret it.
    """
    return f"pglite-added-{lib.pgn_library_abi()}-{sys.platform}-{os.uname().machine}.so"


def libraries(files: Files, tier: Tier) -> Libraries:
    """Return what the AOT tier would run; nothing for wasm3.

    Raises:
        ValueError: there is no such tier.
        EngineError: the AOT tier is asked for, and the guest has not been compiled.
    """
    if tier == "auto":
        tier = os.environ.get(TIER_VARIABLE, "auto")  # type: ignore[assignment]
    if tier not in get_args(Tier):
        raise ValueError(f"tier must be one of {', '.join(get_args(Tier))}: {tier!r}")
    module = packaged() / LIBRARY
    if tier == "wasm3" or (tier == "auto" and not module.exists()):
        return Libraries()
    if not module.exists():
        raise EngineError(
            f"no AOT tier: {module} does not exist. `make aot` makes it where the package is"
            " built from its sources"
        )
    added = files.module.with_name(added_library())
    return Libraries(module, added if added.exists() else None)


def runtime(tier: Tier = "auto") -> Runtime:
    """Return the process's runtime of the guest that is in use.

    Raises:
        ValueError, EngineError: as `libraries` does.
    """
    guest = files()
    return _runtimes.get(guest, libraries(guest, tier))

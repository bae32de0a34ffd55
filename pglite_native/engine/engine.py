"""Engine: a PostgreSQL cluster in this process, and its first session."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from pglite_native.engine import forking, guest, location, sizes, times
from pglite_native.engine.background import Background
from pglite_native.engine.binding import check, ffi, lib, new_variable
from pglite_native.engine.folders import make_private
from pglite_native.engine.private_server import PrivateServer
from pglite_native.engine.session import Session
from pglite_native.engine.snapshot import Snapshot
from pglite_native.engine.starting import explained
from pglite_native.errors import EngineError

if TYPE_CHECKING:
    from pglite_native.engine.data_dir import Compression, Source
    from pglite_native.engine.files import Target

BUFFER_SIZE = 64 * 1024

_TRANSPORTS = {
    None: lib.PGN_TRANSPORT_ANY,
    "polling": lib.PGN_TRANSPORT_POLLING,
    "callback": lib.PGN_TRANSPORT_CALLBACK,
}

# What starts from the packaged image: every other value wants a boot of its own.
_IMAGE_ARGUMENTS = {
    "data_dir": None,
    "settings": None,
    "user": "postgres",
    "database": "postgres",
    "transport": None,
    "buffer_size": BUFFER_SIZE,
    "initdb_args": None,
    "load_data_dir": None,
}


class Engine(Session):
    """A PostgreSQL 18 cluster and its first session, in memory or on a durable directory.

    In memory, every engine starts from the packaged cluster and is gone when closed; it does not
    even boot, but is mapped from an image of one that has, unless an argument below asks for
    something else than its default.

    With `data_dir` the files are real, writes are synced, and a killed process loses nothing that
    was committed: the next engine recovers from the WAL. The directory is made when it does not
    exist or is empty, and locked while the engine lives.

    It is used as every Session is; `open_session` adds others.

    Args:
        data_dir: the durable directory, made with its parents if it is missing, also as a URL
            (file://); None, ":memory:" or "memory://" for a database in memory.
        settings: PostgreSQL parameters by name, as `-c name=value` on a server's command line.
        user: the session's user; must exist.
        database: the session's database; must exist.
        transport: "polling" (shared buffers), or "callback", which is there to be compared with;
            None for polling where the guest was built with it.
        buffer_size: of each of the two shared buffers, 4 KiB to 64 MiB, likewise.
        memory_limit: what tables, indexes and temporary files in memory may take before
            PostgreSQL's disk is full (SQLSTATE 53100), in bytes, or with a unit, as "64MB"; None
            for 16 GiB.
        initdb_args: arguments for initdb, which then makes a new database's cluster (some seconds);
            None to start it from the packaged one: UTF8, C.UTF-8, trust.
        load_data_dir: a tarball to make a new database from, as `dump_data_dir` or PGlite on Node
            has written it: a path, bytes, or a binary file.
        clock: the time at which PostgreSQL's clocks stand from the start on, as after `set_time`;
            None for the real ones.
        seed: 0 to 2**64 - 1, from which all random numbers of PostgreSQL follow, those of
            cryptographic functions too: for repeating a run, not for secrets. None for the system's
            entropy.
        extensions: what `create extension` is to find beside the bundled ones, by name, of those
            installed as wheels or added; the first engine that names one of a wheel adds it, which
            takes some seconds, and every engine of this user has it from then on.
        image: a Snapshot, or the path of a saved one, to start from; False to boot in any case.
            With a snapshot all other arguments but memory_limit, clock, seed and tier are its own.
        tier: what runs PostgreSQL: "aot", compiled ahead of time, or "wasm3", an interpreter,
            which is always there; "auto" for the first where it is there, or what
            PGLITE_NATIVE_TIER in the environment says. Answers are the same.

    Raises:
        ExtensionError: one of `extensions` is not there, or cannot be added.
        EngineLocked: the directory is in use.
        SnapshotError: the image cannot be used, and why.
        DataDirError: the tarball cannot be loaded, and why.
        EngineMemoryError: there is no memory, address space or memory map for one more engine.
        EngineError: PostgreSQL did not start; the message has its last log lines.
    """

    def __init__(
        self,
        data_dir: str | os.PathLike[str] | None = None,
        *,
        settings: Mapping[str, str] | None = None,
        user: str = "postgres",
        database: str = "postgres",
        transport: Literal["polling", "callback"] | None = None,
        buffer_size: int | str = BUFFER_SIZE,
        memory_limit: int | str | None = None,
        initdb_args: Sequence[str] | None = None,
        load_data_dir: Source | None = None,
        clock: datetime | None = None,
        seed: int | None = None,
        extensions: Sequence[str] = (),
        image: Snapshot | str | os.PathLike[str] | Literal[False] | None = None,
        tier: guest.Tier = "auto",
    ) -> None:
        if transport not in _TRANSPORTS:
            raise ValueError(f"transport must be 'polling', 'callback' or None: {transport!r}")
        if extensions:
            from pglite_native.extensions import provide  # most engines have no use for a linker

            provide(extensions)
        directory = location.directory(data_dir)
        options = ffi.new("pgn_options *")
        options.memory_limit = sizes.in_bytes(memory_limit or 0, "memory_limit")
        if clock is not None:
            options.clock_frozen, options.clock_ns = True, times.clock(clock)
        if seed is not None:
            if not isinstance(seed, int) or not 0 <= seed < 2**64:
                raise ValueError(f"seed must be an integer, 0 to 2**64 - 1: {seed!r}")
            options.seeded, options.seed = True, seed
        if load_data_dir is not None and initdb_args is not None:
            raise ValueError(
                "load_data_dir and initdb_args exclude each other: a tarball holds a database"
            )
        boot = {
            "data_dir": directory,
            "settings": settings or None,
            "user": user,
            "database": database,
            "transport": transport,
            "buffer_size": sizes.in_bytes(buffer_size, "buffer_size"),
            "initdb_args": initdb_args,
            "load_data_dir": load_data_dir,
        }
        self._open(boot, image, tier, options)

    def _open(
        self,
        boot: dict[str, Any],
        image: Snapshot | str | os.PathLike[str] | bool | None,
        tier: guest.Tier,
        options: Any,
    ) -> None:
        """Open the handle. `boot` is what a boot wants to know; `options` has the rest already."""
        self._boot, self._private_server = boot, PrivateServer()
        self._background = Background()
        self._runtime, mapped = _start(boot, image, tier)
        kept: list[Any] = [ffi.new("char[]", _text(boot[name])) for name in ("user", "database")]
        options.user, options.database = kept
        if mapped is not None:
            kept.append(mapped)  # which a field of `options` does not
            options.image = mapped.variable[0]
        settings = boot["settings"] or {}
        options.settings = _vector(kept, (f"{k}={v}" for k, v in settings.items()))
        if boot["initdb_args"] is not None:
            options.initdb_arguments = _vector(kept, boot["initdb_args"])
        if boot["data_dir"] is not None:
            data_dir = Path(boot["data_dir"]).absolute()
            with suppress(OSError):  # of which the next step says more
                make_private(data_dir.parent)
            kept.append(ffi.new("char[]", os.fsencode(data_dir)))
            options.data_dir = kept[-1]
        options.transport = _TRANSPORTS[boot["transport"]]
        options.buffer_size = boot["buffer_size"]
        source = boot.pop("load_data_dir", None)  # used up, as far as copies are concerned
        options.loads = source is not None
        owner, error = new_variable("pgn_session"), ffi.new("pgn_error *")
        self._owner = owner  # of which a child of fork may have need before it is open
        if boot["data_dir"] is not None:
            forking.register(self)
        try:
            check(lib.pgn_open(self._runtime.handle, options, owner.variable, error), error)
            self._own(owner)
            if source is not None:
                self._load(source)
        except BaseException as error:
            self._handle = ffi.NULL
            lib.pgn_drop(owner.variable)  # now, not when the exception is dropped
            if isinstance(error, EngineError):
                raise explained(error, boot["data_dir"]) from None
            raise

    def _load(self, source: Source) -> None:
        from pglite_native.engine import data_dir  # most engines have no use for tarfile

        data_dir.load(self._handle, source)

    def _after_fork(self) -> None:
        """See forking. The lock on the data directory stays the parent's alone."""
        lib.pgn_forget_lock(self._owner.variable[0])

    @property
    def engine(self) -> Engine:
        """Itself, as of every session of its cluster."""
        return self

    @property
    def data_dir(self) -> Path | None:
        """The directory whose database it is; None in memory."""
        place = self._boot["data_dir"]
        return None if place is None else Path(place)

    @property
    def tier(self) -> Literal["wasm3", "aot"]:
        """What runs this engine's PostgreSQL: "aot" or "wasm3"."""
        return self._runtime.tier

    def set_time(self, time: datetime | None) -> None:
        """Set PostgreSQL's clock, and stop it; None for the real one again.

        It stands while SQL runs, and moves by `advance` and by sleeping: who would have to wait,
        until a time or for a timeout, finds that time come at once. Setting the clock lets no time
        pass, `advance` does: docs/TIME.md.

        Args:
            time: 1970 to April 2262, with a time zone.

        Raises:
            ValueError: `time` has no time zone, or is out of range.
            EngineBusy: a call is running, or a stream is open.
            EngineClosed: the engine is closed or its session has ended.
        """
        error = ffi.new("pgn_error *")
        if time is None:
            check(lib.pgn_release_time(self._handle, error), error)
        else:
            check(lib.pgn_set_time(self._handle, times.clock(time), error), error)

    def advance(self, duration: timedelta) -> None:
        """Let time pass on a clock that stands; timeouts that it uses up expire in the next call.

        Raises:
            ValueError: `duration` is negative or too long.
            EngineError: the clock is the real one, or would leave its range.
            EngineBusy: a call is running, or a stream is open.
            EngineClosed: the engine is closed or its session has ended.
        """
        error = ffi.new("pgn_error *")
        check(lib.pgn_advance(self._handle, times.step(duration), error), error)

    def snapshot(self) -> Snapshot:
        """Write the engine down as it stands: rows, sequences, files, and the session with its
        prepared statements, settings, temporary tables, LISTENs and an open transaction.

        The engine itself does not change. Taking a snapshot costs some milliseconds; taking
        another one before the engine has run again costs nothing.

        Raises:
            SnapshotError: in the middle of a message or of COPY; or the files are in a data
                directory: see copy_to_memory.
            EngineBusy: another thread is using the engine, or a stream is open.
            EngineMemoryError: there is no memory for it.
        """
        image, error = new_variable("pgn_image"), ffi.new("pgn_error *")
        with self._background.quiet():
            check(lib.pgn_snapshot(self._handle, image.variable, error), error)
        return Snapshot(self._runtime, image)

    def restore(self, snapshot: Snapshot) -> None:
        """Make the engine what was written down, of this engine or of another.

        What it was is gone; an engine whose session has ended can be used again. Random numbers are
        not repeated, as generators are seeded anew, but for those of an engine with a seed.

        Raises:
            SnapshotError: as for snapshot(), or it was made with another guest.
            EngineBusy: another thread is using the engine, or a stream is open.
            EngineMemoryError: the process has no memory map left; the engine can only be closed.
        """
        error = ffi.new("pgn_error *")
        self._incarnation += 1
        try:
            check(lib.pgn_restore(self._handle, snapshot._image.variable[0], error), error)
        finally:  # and once more, for who has looked in between
            self._incarnation += 1

    def fork(self) -> Engine:
        """Return a fork: an engine that starts as this one stands, and shares nothing with it.

        Raises as snapshot() and Engine() do.
        """
        return Engine(image=self.snapshot())

    def copy_to_memory(self) -> Engine:
        """Return an engine in memory with a copy of this one's files: for a data directory, which
        cannot be forked.

        The directory is checkpointed, read, and left as it is. The copy boots from it, in a session
        of its own with this engine's settings, user and database.

        Raises:
            SnapshotError: a transaction is in progress; or in the middle of a message or of COPY.
            EngineBusy: another thread is using the engine, or a stream is open.
            EngineMemoryError: there is no memory for the files.
        """
        copy, options = Engine.__new__(Engine), ffi.new("pgn_options *")
        options.copy_of = self._handle
        with self._background.quiet():
            boot = {**self._boot, "data_dir": None, "initdb_args": None}
            copy._open(boot, False, self.tier, options)
        return copy

    @overload
    def dump_data_dir(self, *, compression: Compression = "auto") -> bytes: ...

    @overload
    def dump_data_dir(self, file: Target, compression: Compression = "auto") -> None: ...

    def dump_data_dir(
        self,
        file: Target | None = None,
        compression: Compression = "auto",
    ) -> bytes | None:
        """Write the database's files, all of its cluster, as a tarball: for `load_data_dir` here
        and in PGlite on Node.

        A checkpoint is made, and the files are read one after the other; no memory is taken for
        them. The session is not in the tarball: its settings, prepared statements and so on.

        Args:
            file: a path, where the tarball is there whole or not at all, or a binary file; without
                it, the tarball is returned.
            compression: "gzip" or "none"; "auto" for gzip, but for a path that ends in .tar.

        Raises:
            OSError: the file cannot be written.
            SnapshotError: a transaction is in progress; or in the middle of a message or of COPY.
            EngineBusy: another thread is using the engine, or a stream is open.
        """
        from pglite_native.engine import data_dir  # most engines have no use for tarfile

        buffer = io.BytesIO()
        with self._background.quiet():
            data_dir.dump(self._handle, buffer if file is None else file, compression)
        return buffer.getvalue() if file is None else None

    def keep_session(self) -> None:
        """Have sessions begin as this one is now, not as it was before its first use.

        For a session without temporary tables, LISTEN and advisory locks: those are not the new
        ones'.

        Raises:
            SnapshotError: in the middle of a message or of COPY.
        """
        error = ffi.new("pgn_error *")
        check(lib.pgn_session_keep(self._handle, error), error)

    def settle(self) -> None:
        """Go back to the real clock and entropy, for a snapshot that is the same each time.

        Raises:
            EngineBusy: during a call.
        """
        error = ffi.new("pgn_error *")
        check(lib.pgn_settle(self._handle, error), error)

    def close(self) -> None:
        """End the cluster with all its sessions; idempotent.

        A durable directory is checkpointed. Statements that run in other threads are cancelled
        and awaited; those threads get EngineClosed or the statement's last reply. Connections by
        `dsn` are ended as by a server that shuts down.
        """
        self._private_server.close()
        super().close()

    def statistics(self) -> dict[str, int]:
        """Return counters: nanoseconds of the opening's phases, bytes moved and held."""
        statistics, error = ffi.new("pgn_statistics *"), ffi.new("pgn_error *")
        check(lib.pgn_statistics_get(self._handle, statistics, error), error)
        fields = ffi.typeof("pgn_statistics").fields or []
        return {name: getattr(statistics, name) for name, _ in fields}


def _start(
    boot: dict[str, Any],
    image: Snapshot | str | os.PathLike[str] | bool | None,
    tier: guest.Tier,
) -> tuple[guest.Runtime, Any]:
    """Choose what an engine starts from: a runtime, and the owner of a pgn_image; None to boot."""
    changed = [name for name, value in boot.items() if value != _IMAGE_ARGUMENTS[name]]
    if image is None:
        runtime = guest.runtime(tier)
        return runtime, None if changed else runtime.packaged_image()
    if isinstance(image, bool):
        if image:
            raise ValueError("image must be a Snapshot, a path, False or None")
        return guest.runtime(tier), None
    if changed:
        raise ValueError(
            f"these options belong to the image and cannot be given with one: {', '.join(changed)}"
        )
    if not isinstance(image, Snapshot | str | os.PathLike):
        raise TypeError(
            "image is a Snapshot, as engine.snapshot() takes one, or the path of a saved one, and"
            f" not {type(image).__name__}"
        )
    snapshot = image if isinstance(image, Snapshot) else Snapshot.load(image)
    runtime = snapshot._runtime if tier == "auto" else guest.runtime(tier)
    return runtime, snapshot._image


def _vector(kept: list[Any], values: Iterable[str]) -> Any:
    """Make a NULL-terminated array of C strings; `kept` holds what it points to."""
    strings = [ffi.new("char[]", _text(value)) for value in values]
    kept += [*strings, ffi.new("char *[]", [*strings, ffi.NULL])]
    return kept[-1]


def _text(value: str) -> bytes:
    """Encode for C; a NUL would cut the string off unnoticed."""
    encoded = value.encode()
    if b"\0" in encoded:
        raise ValueError(f"must not contain a NUL character: {value!r}")
    return encoded

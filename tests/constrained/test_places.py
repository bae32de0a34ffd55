"""The engine in places that have less: what works there, and what the errors say."""

from __future__ import annotations

import signal
import subprocess

import pytest

from pglite_native.engine import guest
from tests.constrained import places
from tests.constrained.places import NOWHERE, PLACES, Place
from tests.engine import child
from tools import ROOT

PROGRAM = "tests/platforms/program.py"
BY_NAME = {place.name: place for place in PLACES}


def run(place: Place, *command: str) -> subprocess.CompletedProcess[str]:
    try:
        return places.run(place, *command)
    except places.Missing as reason:
        pytest.skip(str(reason))


@pytest.mark.long
@pytest.mark.parametrize("place", [pytest.param(place, id=place.name) for place in PLACES])
def test_the_engine_runs(place: Place) -> None:
    command = (
        (PROGRAM, guest.runtime().tier) if place.writable else ("tests/constrained/readonly.py",)
    )
    done = run(place, *command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("ok")


def test_the_page_names_every_place() -> None:
    page = (ROOT / "docs" / "PLATFORMS.md").read_text(encoding="utf-8")
    assert [place.name for place in (*PLACES, NOWHERE) if f"| {place.name} |" not in page] == []


LACKING = """
import os, errno
for call in (lambda: os.memfd_create("x"), lambda: os.posix_fallocate(1, 0, 1)):
    try:
        call()
    except OSError as error:
        print(errno.errorcode[error.errno])
"""


def test_calls_are_refused_by_the_kernel() -> None:
    done = run(BY_NAME["calls that WSL 1 does not have"], "-c", LACKING)
    assert done.stdout.split()[0] == "ENOSYS"


WRITING = """
import os, tempfile
try:
    tempfile.mkstemp()
except OSError:
    print(os.path.exists("/dev/shm"))
"""


def test_files_cannot_be_written() -> None:
    assert run(BY_NAME["files that can only be read"], "-c", WRITING).stdout == "False\n"


def test_memory_is_limited() -> None:
    done = run(BY_NAME["512 MB of memory"], "-c", "bytearray(1 << 30)")
    assert done.returncode == -signal.SIGKILL


SERVING = """
import errno, sys
from tests.constrained.refusing import Call, refuse
from pglite_native import Engine, EngineError
from pglite_native.server import Server

with Engine() as engine:
    refuse([Call(sys.argv[1])], errno.EPERM)
    try:
        Server(engine)
    except EngineError as error:
        print(type(error).__name__, error)
"""


@pytest.mark.parametrize("call", ["epoll_create1", "eventfd2"])
def test_an_error_says_what_a_sandbox_has_to_allow_for_a_server(call: str) -> None:
    assert child.output(SERVING, call).strip() == (
        "EngineError no client can be served here: clients are waited for by epoll and eventfd,"
        f" which a sandbox has to allow: {call}: operation not permitted"
    )


COPYING = """
from pglite_native import Engine, EngineMemoryError
from tests.engine.sql import run

with Engine() as engine:
    run(engine, "create table t ()")  # else a snapshot is what the engine came from
    for copy in (engine.snapshot, engine.open_session):
        try:
            copy()
        except EngineMemoryError as error:
            print(error)
"""


def test_an_error_says_where_a_file_in_memory_could_be() -> None:
    done = run(NOWHERE, "-c", COPYING)
    assert done.returncode == 0, done.stderr
    messages = done.stdout.splitlines()
    assert len(messages) == 2
    for message in messages:
        assert "read-only file system" in message
        assert "set TMPDIR" in message

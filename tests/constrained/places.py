"""Places that give a process less than a usual Linux does, made of this one.

    python -m tests.constrained.places NAME PROGRAM [ARGUMENT ...]

runs a program in one; `--inside` is how that calls itself once files are out of reach.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.constrained.refusing import Call, refuse
from tools import ROOT

MIB = 1 << 20

PAGEMAP_SCAN = Call("ioctl", argument=1, value=0xC0606610)  # linux/fs.h
MADV_WIPEONFORK = Call("madvise", argument=2, value=18)
NEWER_THAN_4_4 = tuple(
    map(Call, ("statx", "rseq", "clone3", "close_range", "openat2", "faccessat2"))
)
FORBIDDEN = tuple(
    map(Call, ("memfd_create", "userfaultfd", "syncfs", "fallocate", "statx", "openat2"))
)

NO_PROC = "mount -t tmpfs -o ro none /proc"
NO_DEV = "mount -t tmpfs -o ro none /dev"  # and so no /dev/shm
READ_ONLY = "mount -o remount,bind,ro /"
WRITABLE = "/mnt"
ONE_FOLDER = f"mount -t tmpfs -o mode=1777 none {WRITABLE}"


class Missing(Exception):
    """A place cannot be made here, and why."""


@dataclass(frozen=True)
class Place:
    """What there is not."""

    name: str
    """As docs/PLATFORMS.md has it."""

    mounts: tuple[str, ...] = ()
    """Commands that take files away, in a mount namespace of their own."""

    refused: tuple[tuple[int, tuple[Call, ...]], ...] = ()
    """System calls, by the error they fail with."""

    memory: int = 0
    """Bytes that the control group may use; 0: no limit."""

    user: int = 0
    """A user that no file knows of; 0: who runs the test."""

    writable: bool = True
    """Is there a folder that can be written to?"""


NOT_THERE = errno.ENOSYS
PLACES = (
    Place("512 MB of memory", memory=512 * MIB),
    Place("no `memfd_create`", refused=((NOT_THERE, (Call("memfd_create"),)),)),
    Place("no `userfaultfd`", refused=((NOT_THERE, (Call("userfaultfd"),)),)),
    Place("no `PAGEMAP_SCAN`", refused=((errno.ENOTTY, (PAGEMAP_SCAN,)),)),
    Place("no `/proc`", mounts=(NO_PROC,)),
    Place("no `/dev`, and no `memfd_create`", (NO_DEV,), ((NOT_THERE, (Call("memfd_create"),)),)),
    Place(
        "a sandbox that forbids what is not vital",
        refused=((errno.EPERM, FORBIDDEN), (errno.EPERM, (PAGEMAP_SCAN,))),
    ),
    Place(
        "calls that WSL 1 does not have",
        refused=(
            (NOT_THERE, (*NEWER_THAN_4_4, Call("memfd_create"), Call("userfaultfd"))),
            (errno.EINVAL, (MADV_WIPEONFORK,)),
            (errno.ENOTTY, (PAGEMAP_SCAN,)),
            (errno.EOPNOTSUPP, (Call("fallocate"),)),
        ),
    ),
    Place("files that can only be read", mounts=(READ_ONLY, NO_DEV), writable=False),
    Place(
        "AWS Lambda",
        mounts=(READ_ONLY, NO_DEV, ONE_FOLDER),
        memory=512 * MIB,
        user=993,
        refused=((errno.EPERM, (Call("userfaultfd"), Call("syncfs"))),),
    ),
)

NOWHERE = Place(
    "files that can only be read, and no `memfd_create`",
    (READ_ONLY, NO_DEV),
    ((NOT_THERE, (Call("memfd_create"),)),),
    writable=False,
)


def run(place: Place, *command: str) -> subprocess.CompletedProcess[str]:
    """Run `python COMMAND` there.

    Raises:
        Missing: the place cannot be made here.
    """
    inside = [sys.executable, "-m", "tests.constrained.places", "--inside", place.name, *command]
    if place.user:
        inside = [*_unshare("--user", f"--map-user={place.user}"), *inside]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT)}
    if place.user:
        environment["HOME"] = "/nonexistent"
    if ONE_FOLDER in place.mounts:
        environment["TMPDIR"] = WRITABLE
    with _group(place.memory) as join:
        script = "; ".join(("set -e", *join, *place.mounts, 'exec "$@"'))
        shell = _unshare("--mount") if place.mounts else []
        return subprocess.run(
            [*shell, "sh", "-c", script, "sh", *inside],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
        )


def _unshare(*namespaces: str) -> list[str]:
    """Return the command that runs another in namespaces of its own."""
    if not shutil.which("unshare"):
        raise Missing("no unshare here")
    command = ["unshare", *namespaces]
    if os.geteuid() != 0:
        command.append("--map-root-user")
    tried = subprocess.run([*command, "true"], capture_output=True, text=True)
    if tried.returncode != 0:
        raise Missing(f"no namespaces here: {tried.stderr.strip()}")
    return command


@contextmanager
def _group(memory: int) -> Iterator[tuple[str, ...]]:
    """A control group with so much memory, as the command that joins it."""
    if not memory:
        yield ()
        return
    old, new = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")
    root, limit = (old, "memory.limit_in_bytes") if old.is_dir() else (new, "memory.max")
    group = root / f"pglite-native-{os.getpid()}"
    try:
        group.mkdir()
        (group / limit).write_text(str(memory))
    except OSError as error:
        raise Missing(f"no control group of memory here: {error}") from error
    try:
        yield (f"echo $$ > {group}/cgroup.procs",)
    finally:
        group.rmdir()


def _inside(place: Place, command: list[str]) -> None:
    for error, calls in place.refused:
        refuse(calls, error)
    # Anew, so that the C library, too, starts without them.
    os.execv(sys.executable, [sys.executable, *command])


def main() -> int:
    inside = sys.argv[1] == "--inside"
    name, *command = sys.argv[2 if inside else 1 :]
    (place,) = (place for place in (*PLACES, NOWHERE) if place.name == name)
    if inside:
        _inside(place, command)
    done = run(place, *command)
    print(done.stdout, done.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())

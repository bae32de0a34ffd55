"""Compiling for tests, in a folder that test processes share.

CC is the compiler. Where that compiles for another machine, PGLITE_NATIVE_RUNNER is the command
that runs what comes out: `qemu-aarch64-static -L ROOT`, say.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager

from tools import ROOT


def compiler() -> list[str]:
    """Return the compiler's command."""
    return shlex.split(os.environ.get("CC", "cc"))


def compiled(*command: str) -> list[str]:
    """Return how to run a program that it has made."""
    return [*shlex.split(os.environ.get("PGLITE_NATIVE_RUNNER", "")), *command]


def variant() -> str:
    """Return a name for what the compiler makes: "" for the usual one's."""
    chosen = os.environ.get("CC", "")
    return f"-{hashlib.sha256(chosen.encode()).hexdigest()[:8]}" if chosen else ""


@contextmanager
def alone() -> Iterator[None]:
    """Until it ends, no other test process builds anything in build/."""
    with (ROOT / "build" / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

"""Python in a process of its own: for what would outlive, end or change the one that tests."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def start(script: str, *arguments: object, env: Mapping[str, str] | None = None) -> Child:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output(
    script: str,
    *arguments: object,
    env: Mapping[str, str] | None = None,
    seconds: float | None = None,
) -> str:
    """Run a script to its end and return what it printed; an exception in it fails the test.

    One that takes longer than `seconds` is killed, and fails it too.
    """
    with start(script, *arguments, env=env) as child:
        try:
            printed, complaints = child.communicate(timeout=seconds)
        except BaseException:
            child.kill()
            raise
    assert child.returncode == 0, f"exit {child.returncode}\n{complaints}"
    return printed


def is_killed(script: str, *arguments: object) -> None:
    """Run a script that kills itself by SIGKILL; any other end fails the test."""
    with start(script, *arguments) as child:
        _, complaints = child.communicate()
    assert child.returncode == -signal.SIGKILL, f"exit {child.returncode}\n{complaints}"


Child = subprocess.Popen[str]

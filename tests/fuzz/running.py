"""Running a target: first its corpus, then, for some seconds, inputs that derive from it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.building import build
from tests.fuzz.libfuzzer import BUILD
from tests.fuzz.targets import Target
from tools import ROOT

TIMEOUT_S = 25  # of one input, which takes microseconds: on a machine that others share
MEMORY_MB = 4096
ENVIRONMENT = {
    # A program with coroutines leaves frames that never return, and the AOT tier's guard pages
    # are for csrc/platform/fault.c.
    "ASAN_OPTIONS": "detect_stack_use_after_return=0:allow_user_segv_handler=1"
    ":handle_segv=1:detect_leaks=1:abort_on_error=0:allocator_may_return_null=1",
    "PYTHONMALLOC": "malloc",  # where the sanitizer sees it
    "UBSAN_OPTIONS": "print_stacktrace=1:abort_on_error=1",  # else libFuzzer keeps no input
    **({"TMPDIR": "/dev/shm"} if os.access("/dev/shm", os.W_OK) else {}),  # no disk is waited for
}
STATISTIC = re.compile(r"^stat::number_of_executed_units:\s*(\d+)", re.MULTILINE)
COVERED = re.compile(r"\bcov: (\d+) ft: (\d+)")
WRITTEN = re.compile(r"Test unit written to (\S+)")


@dataclass(frozen=True)
class Run:
    """What one run of a target has come to."""

    inputs: int
    edges: int
    """Places of the code that any input has reached."""
    failure: str
    """Empty, or what a person needs to repeat it."""


def run(target: Target, seconds: int, *, seed: int = 0, inputs: int = -1) -> Run:
    """Fuzz a target: the corpus and, for so many seconds or inputs, what derives from it.

    Inputs that reach new code are kept in build/fuzz/corpus, and a next run starts from them, too;
    with a seed, which makes a run repeatable, it does not.

    Raises:
        Unavailable: there is no libFuzzer.
    """
    environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(ROOT)}
    with TemporaryDirectory() as scratch:
        kept = Path(scratch) if seed else BUILD / "corpus" / target.name
        command = [*_program(target), *_arguments(target, seconds, seed, inputs, kept)]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, errors="replace", env=environment
        )
    report = done.stdout + done.stderr
    counted = STATISTIC.findall(report)
    covered = COVERED.findall(report)
    return Run(
        inputs=int(counted[-1]) if counted else 0,
        edges=int(covered[-1][0]) if covered else 0,
        failure=_failure(target, report) if done.returncode else "",
    )


def _program(target: Target) -> list[str]:
    if target.is_c:
        return [str(build(target))]
    return [sys.executable, "-m", f"tests.fuzz.fuzz_{target.name}"]


def _arguments(target: Target, seconds: int, seed: int, inputs: int, kept: Path) -> list[str]:
    crashes = BUILD / "crashes"
    for folder in (crashes, kept):
        folder.mkdir(parents=True, exist_ok=True)
    limits = [f"-max_total_time={seconds}", f"-runs={inputs}", f"-max_len={target.size}"]
    if seconds == 0:
        limits = ["-runs=0"]
    return [
        *limits,
        f"-seed={seed}",
        f"-artifact_prefix={crashes / target.name}-",
        f"-timeout={TIMEOUT_S}",
        f"-rss_limit_mb={MEMORY_MB}",
        "-print_final_stats=1",
        f"-detect_leaks={int(target.leaks)}",
        "-entropic=0",  # costs more than it brings where an input takes microseconds
        str(kept),  # what is new goes to the first
        str(target.corpus),
    ]


def _failure(target: Target, report: str) -> str:
    written = WRITTEN.findall(report)
    repeat = f"python -m tests.fuzz {target.name} --input {written[-1]}" if written else ""
    how = f"to repeat it: {repeat}" if repeat else "it left no input behind"
    return f"{target.name}: {how}\n{report[-6000:]}"


def repeat(target: Target, path: Path) -> int:
    """Give a target one input, showing what happens; the exit code."""
    environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(ROOT)}
    return subprocess.run([*_program(target), str(path)], cwd=ROOT, env=environment).returncode

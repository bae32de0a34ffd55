"""A contestant's process, from this side."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from bench.machine import ROOT

PROC = Path("/proc")
STOP_S = 60
ANSWER_S = 120  # a contestant that takes longer is ended, with its servers


class CannotDo(Exception):
    """A contestant has no way to do it, and why."""


class Failed(CannotDo):
    """It has tried, and may not be able to go on."""


class Child:
    """Started and ready; `start_s` is what that took.

    Raises:
        CannotDo: it ended instead, with its last words.
    """

    def __init__(self, command: Sequence[str | Path], environment: Mapping[str, str]) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115, closed in close()
        started = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        try:
            self.description: str = self._answer()["ready"]
        except BaseException:
            self.close()
            raise
        self.start_s = time.perf_counter() - started

    def seconds(self, operation: str, arguments: Mapping[str, Any]) -> float:
        """Have it done.

        Raises:
            CannotDo: it was not.
        """
        assert self._process.stdin is not None
        request = json.dumps({"work": operation, "arguments": arguments})
        try:
            print(request, file=self._process.stdin, flush=True)
        except BrokenPipeError:
            raise Failed(f"ended: {self._last_words()}") from None
        answer = self._answer()
        if "seconds" not in answer:
            if "missing" in answer:
                raise CannotDo(answer["missing"])
            raise Failed(answer["error"])
        return float(answer["seconds"])

    def execute(self, statements: Sequence[str]) -> None:
        """The same of what is not measured."""
        if statements:
            self.seconds("run", {"statements": list(statements), "times": 1})

    def memory_mib(self, below: bool) -> float:
        """RSS of the process, or of what is `below` it; of several, the sum of their Pss, which
        counts what they share once.
        """
        own = self._process.pid
        pids = list(_descendants(own)) if below else [own]
        if len(pids) == 1:
            return _kib(pids[0], "status", "VmRSS") / 1024
        return sum(_kib(pid, "smaps_rollup", "Pss") for pid in pids) / 1024

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        limit = threading.Timer(ANSWER_S, self._kill)
        started = time.monotonic()
        limit.start()
        try:
            line = self._process.stdout.readline()
        finally:
            limit.cancel()
        if not line:
            self._process.wait(STOP_S)
            if time.monotonic() - started >= ANSWER_S:
                raise Failed(f"no answer in {ANSWER_S} s")
            raise Failed(f"ended: {self._last_words()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _kill(self) -> None:
        """And what is below it, which may be busy and have no other reason to end."""
        for pid in [*_descendants(self._process.pid), self._process.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _last_words(self) -> str:
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "without a word"

    def close(self) -> None:
        try:
            self._process.communicate(timeout=STOP_S)  # closes its input
        except (BrokenPipeError, ValueError):
            pass
        except subprocess.TimeoutExpired:
            self._kill()
            self._process.wait()
        self._log.close()

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _descendants(pid: int) -> Iterator[int]:
    parents = {}
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            try:
                after_name = (folder / "stat").read_text().rpartition(")")[2]
            except OSError:  # it has ended meanwhile
                continue
            parents[int(folder.name)] = int(after_name.split()[1])

    def below(parent: int) -> Iterator[int]:
        for child in [each for each, its_parent in parents.items() if its_parent == parent]:
            yield child
            yield from below(child)

    return below(pid)


def _kib(pid: int, file: str, name: str) -> int:
    try:
        text = (PROC / str(pid) / file).read_text()
    except OSError as error:
        raise CannotDo(str(error)) from error
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    if found is None:
        raise CannotDo(f"there is no {name} in /proc/{pid}/{file}")
    return int(found[1])

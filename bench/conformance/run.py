"""Running tests, one after the other, each with a time limit."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import progress
from bench.conformance.compare import normalised
from bench.conformance.side import Side
from bench.conformance.store import Ran, Store
from bench.conformance.suite import Suite

RESULTS = "results"  # where a client is run, the folder for what a test has it write


@dataclass(frozen=True)
class Runner:
    """Runs tests of a suite on a side, and stores what came of them."""

    suite: Suite
    source: Path
    limit_s: float

    def run(self, tests: Sequence[str], side: Side, store: Store) -> None:
        group = self.suite.group(tests[0]) if tests else ""
        self.suite.prepare(self.source)
        with side:
            for number, test in enumerate(tests, 1):
                if self.suite.group(test) != group:
                    group = self.suite.group(test)
                    side.renew()
                title = f"{self.suite.name} on {side.name}"
                progress.show(f"{title}: {number} of {len(tests)}, {test}")
                ran = self._run_one(test, side)
                store.write(test, ran)
                if ran.exit_status != 0:
                    side.recover(keep_database=not self.suite.is_independent)
        progress.show("")

    def _run_one(self, test: str, side: Side) -> Ran:
        folder = self.suite.folder(self.source, test)
        (folder / RESULTS).mkdir(exist_ok=True)
        ran = execute(
            self.suite.command(self.source, test, side.dsn, side.files),
            self.suite.input(self.source, test),
            self.suite.environment(test, side.files, self.limit_s),
            self.limit_s,
            folder,
        )
        output = self.suite.printed(normalised(ran.output, [side.files]))
        return Ran(output, ran.seconds, ran.exit_status)


def execute(
    command: Sequence[str],
    input: Path,
    environment: Mapping[str, str],
    limit_s: float,
    folder: Path,
) -> Ran:
    """Run a program on an input, and end it and what it has started when its time is over."""
    with input.open("rb") as stdin, tempfile.TemporaryFile() as output:
        started = time.monotonic()
        process = subprocess.Popen(
            command,
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=folder,
            start_new_session=True,
            umask=0,  # a native server may have to write to files that psql has made as root
        )
        exit_status: int | None = None
        try:
            exit_status = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            pass
        finally:
            with contextlib.suppress(ProcessLookupError):  # nothing of it is left
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        seconds = time.monotonic() - started
        output.seek(0)
        return Ran(output.read(), seconds, exit_status)

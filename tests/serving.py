"""A server in a process of its own."""

from __future__ import annotations

import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

from tests.threads import count_threads

STOP_S = 20


class Serving:
    """`python -m pglite_native serve`; what it printed first is its URL. Usable in a `with`."""

    def __init__(self, *arguments: str | Path, descriptors: int | None = None) -> None:
        command = [sys.executable, "-m", "pglite_native", "serve", *map(str, arguments)]
        self._own_threads = 2 if "--isolated" in arguments else 3
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        if descriptors is not None:
            limits = descriptors, descriptors
            resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, limits)
        self.url = self.process.stdout.readline().strip()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        """The exit status and what else it printed."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        output, errors = self.process.communicate(timeout=STOP_S)
        return self.process.returncode, output, errors

    def private_bytes(self) -> int:
        """The memory that it has to itself: without what it maps and has not written to."""
        text = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text(encoding="ascii")
        return sum(int(size) << 10 for size in re.findall(r"Private_Dirty: +(\d+) kB", text))

    def is_at_rest(self) -> bool:
        """Has it no threads but the main one, the listener's and a shared cluster's postmaster?"""
        return count_threads(self.process.pid) <= self._own_threads

    def __enter__(self) -> Serving:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.stop() == (0, "", "")

"""Output that is longer than the terminal goes through a pager, as psql's does."""

from __future__ import annotations

import io
import os
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from types import TracebackType

DEFAULTS = ("less", "more")
LESS = "FRSX"  # no paging of what fits, colours, no wrapping, and it stays on the screen


def command() -> list[str]:
    """Return the pager that the environment wants; empty if there is none."""
    for name in ("PSQL_PAGER", "PAGER"):
        if name in os.environ:
            return shlex.split(os.environ[name])
    return next(([name] for name in DEFAULTS if shutil.which(name)), [])


class Paged(io.TextIOBase):
    """Takes one statement's output: up to a screenful is kept, and more goes to the pager."""

    def __init__(self) -> None:
        self._lines = shutil.get_terminal_size().lines - 1
        self._kept: list[str] = []
        self._count = 0
        self._pager: subprocess.Popen[str] | None = None
        self._command = command()
        self._handler: object = None

    def write(self, text: str) -> int:
        if self._pager is not None:
            self._send(text)
        elif not self._command:
            sys.stdout.write(text)
        else:
            self._kept.append(text)
            self._count += text.count("\n")
            if self._count >= self._lines:
                self._start()
        return len(text)

    def flush(self) -> None:
        """What is printed next by other ways comes after what has been written; not in a pager."""
        if self._pager is None:
            sys.stdout.write("".join(self._kept))
            sys.stdout.flush()
            self._kept.clear()

    def _start(self) -> None:
        try:
            self._pager = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                text=True,
                errors="backslashreplace",
                env={"LESS": LESS, **os.environ},
            )
        except OSError:  # it is not there
            self._command = []
            self.flush()
            return
        self._handler = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the pager's
        kept, self._kept = self._kept, []
        self._send("".join(kept))

    def _send(self, text: str) -> None:
        assert self._pager is not None and self._pager.stdin is not None
        with suppress(BrokenPipeError):  # it has been left: the rest is not wanted
            self._pager.stdin.write(text)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pager is None:
            self.flush()
            return
        with suppress(BrokenPipeError):
            self._pager.communicate()
        signal.signal(signal.SIGINT, self._handler)  # type: ignore[arg-type]

"""Our server as a side: in a process of its own, which may be ended and started anew."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from bench.conformance.own import FILES, Own
from bench.conformance.source import BUILD
from bench.conformance.suite import Suite
from bench.machine import ROOT
from pglite_native.engine.store import HOME_VARIABLE

GUEST_DATA = "/pglite/data"  # where the guest sees its data directory
STOP_S = 20.0


class Ours(Own):
    """`python -m bench.conformance.our_server`, on a data directory that survives its end."""

    name = "our server"

    def __init__(self, source: Path, suite: Suite, tier: str) -> None:
        super().__init__(source, suite)
        self.tier = tier
        self.files = f"{GUEST_DATA}/{FILES}"

    def _start(self) -> None:
        self._data = Path(self._stack.enter_context(tempfile.TemporaryDirectory())) / "data"
        self._serve()
        self._stack.callback(lambda: self._stop())  # the process that there is then
        self._lay_files(self._data / FILES)

    def _revive(self) -> None:
        self._stop()
        self._serve()

    def _serve(self) -> None:
        command = [sys.executable, "-m", "bench.conformance.our_server"]
        self._process = subprocess.Popen(
            [*command, str(self._data), self._suite.name, self.tier],
            cwd=ROOT,
            env=self._environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # an interrupt is for this process, which then stops it
        )
        output = _stream(self._process.stdout)
        tier, dsn = (output.readline().strip() for _ in range(2))
        if not dsn:
            self._stop()
            raise RuntimeError("our server has not started")
        self.tier, self.dsn = tier, dsn

    def _environment(self) -> dict[str, str]:
        """Where an extension is added that the suite wants."""
        home = {HOME_VARIABLE: str(BUILD / "added" / self._suite.name)}
        return {**os.environ, **(home if self._suite.extensions else {})}

    def _stop(self) -> None:
        _stream(self._process.stdin).close()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _stream(self._process.stdout).close()


def _stream(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe

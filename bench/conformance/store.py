"""What came of tests, in files: those of the native server are used again by later runs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ran:
    """One test on one server."""

    output: bytes
    seconds: float
    exit_status: int | None
    """None if its time was over."""


@dataclass(frozen=True)
class Store:
    """One suite on one server."""

    folder: Path

    def write(self, test: str, ran: Ran) -> None:
        self.path(test, "out").parent.mkdir(parents=True, exist_ok=True)
        self.path(test, "out").write_bytes(ran.output)
        facts = {"seconds": round(ran.seconds, 2), "exit_status": ran.exit_status}
        # Last, as it tells that the test is there.
        self.path(test, "json").write_text(json.dumps(facts) + "\n", encoding="utf-8")

    def read(self, test: str) -> Ran | None:
        try:
            facts = json.loads(self.path(test, "json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        output = self.path(test, "out").read_bytes()
        return Ran(output, facts["seconds"], facts["exit_status"])

    def path(self, test: str, ending: str) -> Path:
        return self.folder / f"{test}.{ending}"

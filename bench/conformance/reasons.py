"""Why tests may differ: reasons.toml, read and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.conformance.suites import SUITES
from vendor.pins import read_toml

PATH = Path(__file__).with_name("reasons.toml")


@dataclass(frozen=True)
class Reason:
    text: str
    tests: Mapping[str, Sequence[str]]
    """By suite."""


@dataclass(frozen=True)
class Reasons:
    all: Sequence[Reason]

    def of(self, suite: str, test: str) -> str | None:
        return next((r.text for r in self.all if test in r.tests.get(suite, ())), None)


def load(path: Path = PATH) -> Reasons:
    return parse(read_toml(path))


def parse(table: Mapping[str, Any]) -> Reasons:
    """A test that has two reasons, or a suite that there is not, is an error."""
    found: set[tuple[str, str]] = set()
    reasons = []
    for entry in table.get("reason", []):
        tests = {name: list(value) for name, value in entry.items() if name != "because"}
        if unknown := set(tests) - set(SUITES):
            raise ValueError(f"no suite is called {', '.join(sorted(unknown))}")
        for suite, names in tests.items():
            for name in names:
                if (suite, name) in found:
                    raise ValueError(f"{suite} {name} has two reasons")
                found.add((suite, name))
        reasons.append(Reason(" ".join(entry["because"].split()), tests))
    return Reasons(reasons)

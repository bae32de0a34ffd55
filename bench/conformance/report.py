"""The results, as JSON for machines and Markdown for everybody else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.conformance.compare import Difference
from bench.conformance.suites import SUITES
from bench.conformance.verdicts import Verdict

NAME = "conformance"


@dataclass(frozen=True)
class SuiteResult:
    name: str
    verdicts: Sequence[Verdict]

    def summary(self) -> str:
        equal = sum(verdict.is_equal for verdict in self.verdicts)
        return f"{self.name}: {equal} of {len(self.verdicts)} equal"


@dataclass(frozen=True)
class Result:
    date: str  # ISO, UTC
    commit: str
    command: str
    machine: Mapping[str, object]
    suites: Sequence[SuiteResult]
    only: str | None = None
    """The suite that was run, where it was one."""

    def write(self, folder: Path) -> list[Path]:
        folder.mkdir(parents=True, exist_ok=True)
        part = f"-{self.only}" if self.only else ""
        part += "-wasm3" if self.machine["tier"] == "wasm3" else ""
        stem = f"{self.date[:10]}-{self.commit}-{NAME}{part}"
        paths = [folder / f"{stem}.{ending}" for ending in ("json", "md")]
        for path, text in zip(paths, (self.json(), self.markdown()), strict=True):
            path.write_text(text, encoding="utf-8")
        return paths

    def json(self) -> str:
        """A test a line, so that two results can be compared by line."""
        head = {
            "date": self.date,
            "commit": self.commit,
            "command": self.command,
            "machine": self.machine,
        }
        fields = [f" {json.dumps(k)}: {json.dumps(v)}" for k, v in head.items()]
        for suite in self.suites:
            tests = ",\n".join(f"  {json.dumps(_facts(v))}" for v in suite.verdicts)
            fields.append(f' "{suite.name}": [\n{tests}\n ]')
        return "{\n" + ",\n".join(fields) + "\n}\n"

    def markdown(self) -> str:
        lines = [f"# PostgreSQL's own tests, {self.date[:10]}", ""]
        lines += [f"- {name}: {getattr(self, name)}" for name in ("commit", "date", "command")]
        lines += [
            f"- {name.replace('_', ' ')}: {value}"
            for name, value in self.machine.items()
            if name in ("processor", "cores", "memory_gib", "system", "postgresql", "tier")
        ]
        for suite in self.suites:
            lines += ["", f"## {SUITES[suite.name].title}", "", *_overview(suite.verdicts), ""]
            lines += ["| test | | native, s | ours, s |", "|---|---|---:|---:|"]
            lines += [_row(verdict) for verdict in suite.verdicts]
        return "\n".join(lines) + "\n"


def line(suite: str, verdict: Verdict, reason: str | None) -> str:
    """A verdict for a terminal."""
    explained = f" ({reason})" if reason else ""
    return f"{suite} {verdict.test}: {_outcome(verdict)}, {verdict.ran.seconds:.1f} s{explained}"


def _outcome(verdict: Verdict) -> str:
    if verdict.difference is None:
        return "equal"
    count = verdict.difference.lines
    cut = ", time limit" if verdict.is_cut_short else ""
    return f"different, {count} line{'' if count == 1 else 's'}{cut}"


def _overview(verdicts: Sequence[Verdict]) -> list[str]:
    total = len(verdicts)
    counts = {
        "equal": sum(v.is_equal for v in verdicts),
        "as the native server": sum(v.native is not None and not v.from_native for v in verdicts),
        "as an expected file": sum(not v.from_expected for v in verdicts),
        "the native server as an expected file": sum(
            v.native is not None and not v.native_from_expected for v in verdicts
        ),
    }
    return [f"- {name}: {count} of {total}" for name, count in counts.items()]


def _row(verdict: Verdict) -> str:
    native = f"{verdict.native.seconds:.1f}" if verdict.native else ""
    return f"| {verdict.test} | {_outcome(verdict)} | {native} | {verdict.ran.seconds:.1f} |"


def _facts(verdict: Verdict) -> dict[str, object]:
    return {
        "test": verdict.test,
        "equal": verdict.is_equal,
        "different_lines": verdict.difference.lines if verdict.difference else 0,
        "seconds": verdict.ran.seconds,
        "native_seconds": verdict.native.seconds if verdict.native else None,
        "exit_status": verdict.ran.exit_status,
        "from_native": _lines(verdict.from_native),
        "from_expected": _lines(verdict.from_expected),
        "native_from_expected": _lines(verdict.native_from_expected),
    }


def _lines(difference: Difference | None) -> int:
    return difference.lines if difference else 0

"""The results, as JSON for machines and Markdown for everybody else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.sqlalchemy_suite.outcomes import KINDS, Outcome
from bench.sqlalchemy_suite.targets import Target


@dataclass
class Run:
    target: Target
    outcomes: Sequence[Outcome]
    seconds: float

    def counts(self) -> Counter[str]:
        return Counter(outcome.kind for outcome in self.outcomes)

    def of_kinds(self, *kinds: str) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.kind in kinds]


@dataclass
class Result:
    date: str  # ISO, UTC
    commit: str
    command: str
    versions: Mapping[str, str]
    machine: Mapping[str, object]
    runs: Sequence[Run]

    def write(self, folder: Path) -> list[Path]:
        folder.mkdir(parents=True, exist_ok=True)
        stem = f"sqlalchemy-{self.date[:10]}-{self.commit}"
        paths = [folder / f"{stem}.{ending}" for ending in ("json", "md")]
        for path, text in zip(paths, (self.json(), self.markdown()), strict=True):
            path.write_text(text, encoding="utf-8")
        return paths

    def json(self) -> str:
        head = {
            "date": self.date,
            "commit": self.commit,
            "command": self.command,
            "versions": self.versions,
            "machine": self.machine,
        }
        runs = [
            {
                "target": run.target.name,
                "seconds": round(run.seconds),
                **{kind: run.counts()[kind] for kind in KINDS},
                "not_passed": [
                    {
                        "test": outcome.test,
                        "outcome": outcome.kind,
                        "message": outcome.message,
                    }
                    for outcome in run.of_kinds("failed", "error", "skipped")
                ],
            }
            for run in self.runs
        ]
        return json.dumps({**head, "runs": runs}, indent=1, ensure_ascii=False) + "\n"

    def markdown(self) -> str:
        lines = [f"# SQLAlchemy's dialect test suite, {self.date[:10]}", ""]
        lines += [f"- {name}: {getattr(self, name)}" for name in ("commit", "date", "command")]
        lines += [f"- {name}: {version}" for name, version in self.versions.items()]
        lines += [
            f"- {name.replace('_', ' ')}: {value}"
            for name, value in self.machine.items()
            if name in ("processor", "cores", "system", "python")
        ]
        lines += ["", f"| on | {' | '.join(KINDS)} | time |", "|---|---:|---:|---:|---:|---:|"]
        lines += [
            f"| {run.target.title} | {' | '.join(str(run.counts()[kind]) for kind in KINDS)} "
            f"| {run.seconds:.0f} s |"
            for run in self.runs
        ]
        for run in self.runs:
            lines += ["", f"## On {run.target.title}", ""]
            lines += [*_failures(run), *_compared(run, self.runs), *_skips(run)]
        return "\n".join(lines) + "\n"


def _failures(run: Run) -> list[str]:
    failures = run.of_kinds("failed", "error")
    if not failures:
        return ["Nothing failed."]
    lines = ["| test | outcome | message |", "|---|---|---|"]
    lines += [f"| `{o.test}` | {o.kind} | {_cell(o.message)} |" for o in failures]
    return lines


def _compared(run: Run, runs: Sequence[Run]) -> list[str]:
    """What the native server was not asked, or passes where this one is not asked."""
    native = next((other for other in runs if other.target.name == run.target.native), None)
    if native is None:
        return []
    ours, theirs = ({o.test: o.kind for o in each.outcomes} for each in (run, native))
    lines = [
        f"- `{test}`: {ours.get(test, 'not run')}, there {theirs.get(test, 'not run')}"
        for test in sorted({*ours, *theirs})
        if ours.get(test) != theirs.get(test)
    ]
    title = f"Otherwise than on {native.target.title}:"
    return ["", title, "", *lines] if lines else ["", title.replace(":", ": nothing.")]


def _skips(run: Run) -> list[str]:
    counts = Counter(outcome.message for outcome in run.of_kinds("skipped"))
    lines = [f"- {count}: {_cell(message)}" for message, count in sorted(counts.items())]
    return ["", "Skipped, by the reason that the suite gives:", "", *lines] if lines else []


def _cell(text: str) -> str:
    return f"`{text.replace('|', chr(92) + '|').replace('`', chr(39))}`"

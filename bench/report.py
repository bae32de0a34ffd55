"""Results as JSON, for machines, and as Markdown tables, for everybody else."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import machine
from bench.figures import Figure, Group

RESULTS = Path(__file__).resolve().parent / "results"


@dataclass
class Result:
    date: str  # ISO, UTC
    commit: str
    command: str
    quick: bool
    machine: dict[str, object]
    groups: Sequence[Group]
    only: str | None = None  # the part that was run

    @property
    def name(self) -> str:
        part = f"-{self.only}" if self.only else ""
        return f"{self.date[:10]}-{self.commit}{part}{'-quick' if self.quick else ''}"

    def write(self, folder: Path) -> list[Path]:
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / f"{self.name}.{ending}" for ending in ("json", "md")]
        for path, text in zip(paths, (self.json(), self.markdown()), strict=True):
            path.write_text(text, encoding="utf-8")
        return paths

    def json(self) -> str:
        figures = [
            {
                "group": group.title,
                "name": figure.name,
                "unit": figure.unit,
                "median": _rounded(figure.median),
                "samples": [_rounded(sample) for sample in figure.samples],
                "target": figure.target,
                "met": figure.is_met,
            }
            for group in self.groups
            for figure in group.figures
        ]
        head = {
            "date": self.date,
            "commit": self.commit,
            "command": self.command,
            "machine": self.machine,
        }
        return json.dumps({**head, "figures": figures}, indent=1, ensure_ascii=False) + "\n"

    def markdown(self) -> str:
        lines = [f"# Benchmark of {self.date[:10]}", ""]
        lines += [f"- {name}: {getattr(self, name)}" for name in ("commit", "date", "command")]
        lines += [f"- {name.replace('_', ' ')}: {_plain(v)}" for name, v in self.machine.items()]
        targets = [f for group in self.groups for f in group.figures if f.target is not None]
        if targets:
            lines += ["", "## Targets", "", "| | median | target | |", "|---|---:|---:|---|"]
        lines += [
            f"| {self._group_of(f).title}: {f.name} | {_amount(f.median, f.unit)} "
            f"| {'≥' if f.at_least else '≤'} {_amount(f.target or 0, f.unit)} "
            f"| {'met' if f.is_met else '**not met**'} |"
            for f in targets
        ]
        for group in self.groups:
            lines += ["", f"## {group.title}", "", group.method, ""]
            lines += ["| | median | least | most | n | |", "|---|---:|---:|---:|---:|---|"]
            lines += [_row(figure) for figure in group.figures]
        return "\n".join(lines) + "\n"

    def _group_of(self, figure: Figure) -> Group:
        return next(group for group in self.groups if any(f is figure for f in group.figures))


def publish(
    command: str,
    measure: Callable[[], Iterable[Group]],
    output: Path,
    *,
    only: str | None,
    quick: bool = False,
) -> None:
    """Measure, write what came of it into a folder, and print it."""
    result = Result(
        date=datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        commit=machine.commit(),
        command=command,
        quick=quick,
        only=only,
        machine=machine.describe(),
        groups=list(measure()),
    )
    for path in result.write(output):
        print(os.path.relpath(path))
    print()
    print(result.markdown(), end="")


def _row(figure: Figure) -> str:
    values = (figure.median, min(figure.samples), max(figure.samples))
    cells = " | ".join(_amount(value, figure.unit) for value in values)
    return f"| {figure.name} | {cells} | {len(figure.samples)} | {figure.note} |"


def _amount(value: float, unit: str) -> str:
    return f"{_rounded(value):,} {unit}".rstrip()


def _rounded(value: float) -> float:
    """Three or four significant digits."""
    if abs(value) >= 1000:
        return round(value)
    return round(value, 3 if abs(value) < 10 else 1)


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

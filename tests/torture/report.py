"""What came of a run: printed, and as a result like those of bench."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import machine
from pglite_native import Engine

Cell = str | int | float


@dataclass(frozen=True)
class Table:
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def markdown(self) -> str:
        lines = [f"## {self.title}", ""]
        lines.append("| " + " | ".join(self.columns) + " |")
        lines.append("|---|" + "---:|" * (len(self.columns) - 1))
        lines += ["| " + " | ".join(map(_text, row)) + " |" for row in self.rows]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Result:
    name: str
    title: str
    seed: int
    seconds: float
    summary: str
    tables: Sequence[Table]

    def write(self, folder: Path) -> None:
        now = datetime.datetime.now(datetime.timezone.utc)
        head = {
            "commit": machine.commit(),
            "date": now.isoformat(timespec="seconds"),
            "command": f"python -m tests.torture {self.name} --seed {self.seed}",
            "tier": _tier(),
            "seconds": round(self.seconds),
            **machine.describe(),
        }
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{now.date()}-{head['commit']}-torture-{self.name}"
        lines = [f"# {self.title}, {now.date()}", ""]
        lines += [f"- {name.replace('_', ' ')}: {_plain(text)}" for name, text in head.items()]
        lines += ["", self.summary, "", "\n".join(table.markdown() for table in self.tables)]
        path.with_suffix(".md").write_text("\n".join(lines), encoding="utf-8")
        content = {**head, "summary": self.summary, "tables": [asdict(t) for t in self.tables]}
        path.with_suffix(".json").write_text(
            json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )

    def print(self) -> None:
        print(self.summary)
        for table in self.tables:
            print("\n" + table.markdown(), end="")


def _tier() -> str:
    with Engine() as engine:
        return engine.tier


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else f"{cell:,}"


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

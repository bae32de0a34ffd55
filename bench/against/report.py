"""The results as tables with a row for each contestant; and who could not do what, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.against.works import Kind
from bench.figures import Figure, Group
from bench.report import Result

KINDS: Mapping[Kind, str] = {
    "start": "Starting",
    "calls": "Calls",
    "rows": "Rows in and out",
    "computing": "Computing",
    "memory": "Memory",
    "size": "Size",
}


@dataclass
class Comparison:
    """`groups` has one for each work, in order; their figures are named as the contestants."""

    result: Result  # the head, and the targets
    contestants: Sequence[str]
    descriptions: Mapping[str, str]  # what they said of themselves
    groups: Sequence[tuple[Kind, Group]]
    missing: Mapping[str, str]  # contestants that are not there, and why
    unable: Mapping[tuple[str, str], str]  # by work and contestant
    unmeasured: Sequence[str]  # targets
    method: str

    def write(self, folder: Path, plots: Sequence[str]) -> list[Path]:
        """`plots` are the names of files beside it."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / f"{self.result.name}.{ending}" for ending in ("json", "md")]
        for path, text in zip(paths, (self.json(), self.markdown(plots)), strict=True):
            path.write_text(text, encoding="utf-8")
        return paths

    def json(self) -> str:
        groups = [*self.result.groups, *(group for _, group in self.groups)]
        whole = json.loads(replace(self.result, groups=groups).json())
        whole["contestants"] = dict(self.descriptions)
        whole["missing"] = dict(self.missing)
        whole["unable"] = [
            {"group": work, "name": name, "reason": reason}
            for (work, name), reason in self.unable.items()
        ]
        return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"

    def markdown(self, plots: Sequence[str] = ()) -> str:
        lines = [self.result.markdown().rstrip("\n")]
        if self.unmeasured:
            lines += ["", "Not measured, as somebody is missing: " + "; ".join(self.unmeasured)]
        lines += ["", "## Side by side", "", self.method, ""]
        lines += [f"![{plot.rpartition('-')[2]}]({plot})" for plot in plots]
        for kind, title in KINDS.items():
            groups = [group for its_kind, group in self.groups if its_kind == kind]
            if groups:
                lines += ["", f"### {title}", "", *self._table(groups)]
        lines += ["", "## Who they are", "", "| | |", "|---|---|"]
        lines += [f"| {name} | {what} |" for name, what in self.descriptions.items()]
        lines += [f"| {name} | **missing**: {reason} |" for name, reason in self.missing.items()]
        if self.unable:
            lines += ["", "## What they could not do", "", "| | | |", "|---|---|---|"]
            lines += [
                f"| {name} | {work} | {' '.join(reason.split())} |"
                for (work, name), reason in self.unable.items()
            ]
        return "\n".join(lines) + "\n"

    def _table(self, groups: Sequence[Group]) -> list[str]:
        """Contestants down, as there are more of them than there is room across."""
        lines = ["| | " + " | ".join(group.title for group in groups) + " |"]
        lines.append("|---|" + "---:|" * len(groups))
        for name in self.contestants:
            cells = [self._cell(name, group) for group in groups]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
        return lines

    def _cell(self, name: str, group: Group) -> str:
        if name in self.missing:
            return "missing"
        found = [figure for figure in group.figures if figure.name == name]
        return _amount(found[0]) if found else "cannot"


def _amount(figure: Figure) -> str:
    """Three significant digits."""
    value = figure.median
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:,.{digits}f} {figure.unit}"

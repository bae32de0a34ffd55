"""The results as pictures: a dot for each contestant, by the time of PGlite on Node; and bars of
what is not a time. SVG, which is the same for the same figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.against import contestants as who
from bench.figures import Group

WIDTH_INCHES = 9.0
ROW_INCHES = 0.32
BASE = who.NODE_RAW, who.NODE_CLASS  # where raw there is none: fetching values

STYLES: Mapping[str, tuple[str, str]] = {
    who.AOT_RAW: ("#c2410c", "o"),
    who.AOT_PGLITE: ("#c2410c", "s"),
    who.AOT_SERVER: ("#c2410c", "^"),
    who.WASM3_RAW: ("#eab308", "o"),
    who.WASM3_PGLITE: ("#eab308", "s"),
    who.WASM3_SERVER: ("#eab308", "^"),
    who.NODE_RAW: ("#16a34a", "o"),
    who.NODE_CLASS: ("#16a34a", "s"),
    who.PY_PGLITE: ("#65a30d", "^"),
    who.PYTEST_PGLITE_SERVER: ("#7c3aed", "^"),
    who.POSTGRESQL: ("#1d4ed8", "D"),
}
"""Colours are engines, shapes the ways to them: o messages, s a class, ^ and D a socket."""


def draw(timed: Sequence[Group], held: Sequence[Group], folder: Path, name: str) -> list[Path]:
    """Write the pictures; an empty list where matplotlib is missing."""
    try:
        import matplotlib
    except ImportError:
        return []
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": name, "svg.fonttype": "none", "font.size": 9})
    paths = []
    for ending, groups, drawing in (("times", timed, _dots), ("held", held, _bars)):
        figure = drawing(groups)
        if figure is None:
            continue
        paths.append(folder / f"{name}-{ending}.svg")
        figure.savefig(paths[-1], metadata={"Date": None}, bbox_inches="tight")
    return paths


def _dots(groups: Sequence[Group]) -> Any:
    from matplotlib import pyplot

    rows = [(group.title, _relative(group)) for group in groups]
    rows = [(title, values) for title, values in rows if values]
    if not rows:
        return None
    figure, axes = pyplot.subplots(figsize=(WIDTH_INCHES, 1.5 + ROW_INCHES * len(rows)))
    for name, (colour, marker) in STYLES.items():
        points = [(values[name], row) for row, (_, values) in enumerate(rows) if name in values]
        if points:
            x, y = zip(*points, strict=True)
            axes.scatter(x, y, c=colour, marker=marker, s=34, label=name)
    axes.set_xscale("log")
    axes.axvline(1, color="#16a34a", linewidth=0.8)
    axes.set_yticks(range(len(rows)), [title for title, _ in rows])
    axes.invert_yaxis()
    axes.grid(axis="x", which="both", alpha=0.25)
    axes.set_xlabel("time, in times of PGlite on Node's; left is faster")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return figure


def _relative(group: Group) -> dict[str, float]:
    medians = {figure.name: figure.median for figure in group.figures}
    base = next((medians[name] for name in BASE if name in medians), None)
    return {name: median / base for name, median in medians.items()} if base else {}


def _bars(groups: Sequence[Group]) -> Any:
    from matplotlib import pyplot

    groups = [group for group in groups if group.figures]
    if not groups:
        return None
    figure, panels = pyplot.subplots(
        1, len(groups), figsize=(WIDTH_INCHES, 4), sharey=True, squeeze=False
    )
    names = [name for name in STYLES if any(f.name == name for g in groups for f in g.figures)]
    for axes, group in zip(panels[0], groups, strict=True):
        medians = {figure.name: figure.median for figure in group.figures}
        values = [medians.get(name, 0.0) for name in names]
        bars = axes.barh(names, values, color=[STYLES[name][0] for name in names])
        axes.bar_label(bars, [f"{value:,.0f}" if value else "" for value in values], padding=2)
        axes.set_title(f"{group.title}, {group.figures[0].unit}")
        axes.margins(x=0.2)
    panels[0][0].invert_yaxis()
    return figure

"""What was measured: names, units, samples, and what is to be reached."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Figure:
    """One quantity."""

    name: str
    unit: str
    samples: list[float] = field(default_factory=list)
    target: float | None = None  # the median is to be at most this
    at_least: bool = False  # at least this
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    @property
    def is_met(self) -> bool | None:
        if self.target is None:
            return None
        return self.median >= self.target if self.at_least else self.median <= self.target


@dataclass
class Group:
    """Figures that belong together, in the order of their report."""

    title: str
    method: str
    figures: list[Figure] = field(default_factory=list)

    def figure(
        self,
        name: str,
        unit: str,
        *,
        target: float | None = None,
        at_least: bool = False,
        note: str = "",
    ) -> Figure:
        self.figures.append(Figure(name, unit, target=target, at_least=at_least, note=note))
        return self.figures[-1]

    def add_samples(self, samples: Mapping[str, float]) -> None:
        """Add one sample to each of the figures named."""
        for figure in self.figures:
            if figure.name in samples:
                figure.samples.append(samples[figure.name])

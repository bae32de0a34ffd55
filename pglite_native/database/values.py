"""Values of PostgreSQL for which Python's standard library has no type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Range:
    """A range of any type; a bound that is None is infinite.

    `bounds` says whether the two are included: "[)", "[]", "(]" or "()".
    """

    lower: Any = None
    upper: Any = None
    bounds: str = "[)"
    empty: bool = False

    def __post_init__(self) -> None:
        if self.bounds not in ("[)", "[]", "(]", "()"):
            raise ValueError(f"bounds must be '[)', '[]', '(]' or '()': {self.bounds!r}")

    def __contains__(self, value: Any) -> bool:
        """Whether a value lies in it, as PostgreSQL's @> has it."""
        if self.empty or value is None:
            return False
        above = self.lower in (None, "-infinity") or self.lower < value
        below = self.upper in (None, "infinity") or value < self.upper
        return (above or (self.bounds[0] == "[" and value == self.lower)) and (
            below or (self.bounds[1] == "]" and value == self.upper)
        )


@dataclass(frozen=True)
class Interval:
    """An interval with months in it, whose length depends on where in the calendar it lies.

    Others are `datetime.timedelta`.
    """

    months: int = 0
    days: int = 0
    microseconds: int = 0

    def __str__(self) -> str:
        # A sign at each: with IntervalStyle sql_standard a leading minus counts for all without.
        return f"{self.months:+} months {self.days:+} days {self.microseconds:+} microseconds"

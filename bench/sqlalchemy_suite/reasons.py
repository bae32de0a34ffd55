"""Why tests do not pass: each failure is to be explained here, or it counts as unexplained."""

from __future__ import annotations

import re

from bench.sqlalchemy_suite.outcomes import Outcome

UNEXPLAINED = "not explained"

# (target, test, message), by regular expressions; the first that fits counts.
_REASONS: list[tuple[str, str, str, str]] = []


def reason(target: str, outcome: Outcome) -> str:
    for where, test, message, why in _REASONS:
        if (
            re.search(where, target)
            and re.search(test, outcome.test)
            and re.search(message, outcome.message)
        ):
            return why
    return UNEXPLAINED

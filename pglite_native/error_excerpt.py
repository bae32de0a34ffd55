"""The line of a statement that an error is about, and a caret below it, as psql shows them.

Reference: libpq, fe-protocol3.c: reportErrorPosition.
"""

from __future__ import annotations

from collections.abc import Iterator

from pglite_native.display_width import width

DISPLAY_COLUMNS = 60
RIGHT_COLUMNS = 10  # to be seen behind the position


def excerpt(sql: str, position: int) -> Iterator[str]:
    """Yield the line that has a position (characters, from 1), and a caret below it."""
    before, after = sql[: position - 1], sql[position - 1 :]
    line = before.count("\n") + 1
    before, after = before.rpartition("\n")[2], after.partition("\n")[0]
    before, after = before.replace("\t", " "), after.replace("\t", " ")
    end = start = ""
    # Only as much is cut off as must be: first behind the position, then at the line's beginning.
    while width(before + after) > DISPLAY_COLUMNS and width(after) > RIGHT_COLUMNS:
        after, end = after[:-1], "..."
    while width(before + after) > DISPLAY_COLUMNS:
        before, start = before[1:], "..."
    margin = f"LINE {line}: {start}"
    yield f"{margin}{before}{after}{end}"
    yield " " * width(margin + before) + "^"

"""What two outputs of a test have in common. Pure: no file is looked at."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SOURCE = b"SOURCE"


def normalised(output: bytes, folders: Iterable[str]) -> bytes:
    """The output with one word for what each server calls the folder with the tests' files."""
    for folder in sorted(folders, key=len, reverse=True):  # a longer one may begin with a shorter
        output = output.replace(folder.encode(), SOURCE)
    return output


@dataclass(frozen=True)
class Difference:
    """How an output differs from the one wanted."""

    lines: int
    """Added and removed ones."""
    text: str
    """As `diff -u` has it."""


def difference(wanted: bytes, output: bytes) -> Difference | None:
    """None if they are the same."""
    if wanted == output:
        return None
    text = list(
        difflib.unified_diff(_lines(wanted), _lines(output), "wanted", "output", lineterm="", n=2)
    )
    changed = sum(1 for line in text[2:] if line.startswith(("+", "-")))
    # Two outputs can also differ in how their last line ends, or in bytes that are no text.
    return Difference(max(changed, 1), "\n".join(text) + "\n")


def least(wanted: Sequence[bytes], output: bytes) -> Difference | None:
    """The smallest difference from one of several outputs that are as good as each other."""
    if output in wanted:
        return None
    return min(
        (found for each in wanted if (found := difference(each, output)) is not None),
        key=lambda found: found.lines,
        default=Difference(1, "nothing is expected\n"),
    )


def _lines(output: bytes) -> list[str]:
    return output.decode(errors="replace").split("\n")

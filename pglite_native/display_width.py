"""How many columns of a terminal a text takes."""

from __future__ import annotations

import unicodedata

INVISIBLE = ("Mn", "Me", "Cf")  # marks on other characters, and what steers their layout


def width(line: str) -> int:
    """Return the columns that a terminal takes for a line."""
    if line.isascii():
        return len(line)
    return sum(map(_character_width, line))


def _character_width(character: str) -> int:
    if unicodedata.category(character) in INVISIBLE:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1

"""Amounts of memory, as bytes or in the units of PostgreSQL's settings.

Reference: PostgreSQL documentation, "Setting Parameters": memory units are powers of 1024.
"""

from __future__ import annotations

import re

_UNITS = {"B": 1, "kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
_AMOUNT = r"\s*(\d+)\s*([A-Za-z]+)\s*"


def in_bytes(amount: int | str, argument: str) -> int:
    """Return an argument's amount in bytes.

    Raises:
        TypeError, ValueError: it is none; the message names the argument.
    """
    found = re.fullmatch(_AMOUNT, amount) if isinstance(amount, str) else None
    if found is not None and found[2] in _UNITS:
        return int(found[1]) * _UNITS[found[2]]
    wanted = f'{argument} is a number of bytes, or text with a unit of {", ".join(_UNITS)}: "64MB"'
    if isinstance(amount, str):
        raise ValueError(f"{wanted}, and not {amount!r}")
    if not isinstance(amount, int):
        raise TypeError(f"{wanted}, and not {type(amount).__name__}: {amount!r}")
    if amount < 0:
        raise ValueError(f"{wanted}, and not negative: {amount}")
    return amount

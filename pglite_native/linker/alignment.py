"""Rounding addresses up."""

from __future__ import annotations


def align(value: int, alignment: int) -> int:
    """The first multiple of `alignment` that is not below `value`."""
    return -(-value // alignment) * alignment

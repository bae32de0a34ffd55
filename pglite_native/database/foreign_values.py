"""Values of numpy, pandas, polars, Arrow, PyTorch and pgvector as Python's own.

They are known by their names: none of it is imported.
"""

from __future__ import annotations

from typing import Any

_PACKAGES = ("numpy", "pandas", "pgvector", "polars", "pyarrow", "torch")
_CONVERSIONS = ("tolist", "to_list", "to_pylist", "as_py")
_MISSING = ("NaTType", "NAType")
_TIMES = "mM"  # numpy's kinds of time spans and of points in time
_MICROSECONDS = "8[us]"  # what datetime has, and tolist() has it of no finer unit


def is_foreign(value: object) -> bool:
    """Whether a value is of a class of theirs."""
    return type(value).__module__.partition(".")[0] in _PACKAGES


def plain(value: Any) -> Any:
    """Return it as Python has it: a scalar, a list, a vector's text, None for NaT and NA, or else
    itself.

    In a column of pandas' that is not of floats, NaN is a missing value, too.
    """
    if type(value).__name__ in _MISSING:
        return None
    if hasattr(value, "to_text"):  # pgvector's
        return value.to_text()
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if type(value).__module__ == "numpy" and kind and kind in _TIMES:
        value = value.astype(kind + _MICROSECONDS)
    for name in _CONVERSIONS:
        if hasattr(value, name):
            found = getattr(value, name)()
            if hasattr(value, "isna") and kind != "f":
                return [
                    None if missing else item
                    for item, missing in zip(found, value.isna(), strict=True)
                ]
            return found
    return value

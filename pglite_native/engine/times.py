"""Python's times as the engine counts them: nanoseconds, since 1970 where they are a date's."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
LAST = datetime(2262, 4, 11, 23, 47, 16, 854775, timezone.utc)
"""The last microsecond whose nanoseconds are a signed number of 64 bits."""


def nanoseconds(duration: timedelta) -> int:
    """Count exactly; floating point would lose microseconds."""
    return (duration // timedelta(microseconds=1)) * 1000


def clock(time: datetime) -> int:
    """Return a point in time in nanoseconds since 1970."""
    if not isinstance(time, datetime):
        raise TypeError(
            f"a clock is set to a datetime with a time zone, and not to"
            f" {type(time).__name__}: {time!r}"
        )
    if time.utcoffset() is None:
        raise ValueError(
            f"{time!r} has no time zone: give it a tzinfo, as in "
            "datetime(2024, 1, 1, tzinfo=timezone.utc)"
        )
    if not EPOCH <= time <= LAST:
        raise ValueError(f"{time} is out of the clock's range, {EPOCH} to {LAST}")
    return nanoseconds(time - EPOCH)


def step(duration: timedelta) -> int:
    """Return a duration in nanoseconds."""
    if not isinstance(duration, timedelta):
        raise TypeError(
            f"a clock advances by a timedelta, and not by {type(duration).__name__}: {duration!r}"
        )
    if duration < timedelta(0):
        raise ValueError(f"a clock cannot advance by {duration!r}: set_time sets it back")
    if duration > LAST - EPOCH:
        raise ValueError(f"{duration!r} leads outside the clock's range, {EPOCH} to {LAST}")
    return nanoseconds(duration)

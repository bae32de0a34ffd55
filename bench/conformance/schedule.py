"""PostgreSQL's schedules: which tests a suite has, in the order in which they are to run."""

from __future__ import annotations


def tests(schedule: str) -> list[str]:
    """Tests that stand on one line could run at the same time; here they run one by one."""
    return [
        name
        for line in schedule.splitlines()
        if line.startswith("test:")
        for name in line.partition(":")[2].split()
    ]

"""Which call fails, how, and what came of it."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from tests.faults.injection import SHORT, Faults, Kind, name_of

ERRORS = {
    Kind.OPEN: (errno.EMFILE, errno.EIO, errno.ENFILE, errno.ENOSPC),
    Kind.READ: (errno.EIO, SHORT, errno.EINTR),
    Kind.WRITE: (errno.ENOSPC, errno.EIO, errno.EDQUOT, SHORT, errno.EINTR),
    Kind.SYNC: (errno.EIO, errno.ENOSPC, errno.EINTR),
    Kind.TRUNCATE: (errno.EIO, errno.ENOSPC, errno.EINTR),
    Kind.ALLOCATE: (errno.ENOSPC, errno.EINTR),
    Kind.RENAME: (errno.EIO, errno.ENOSPC),
    Kind.UNLINK: (errno.EIO,),
    Kind.MKDIR: (errno.ENOSPC, errno.EIO),
    Kind.STAT: (errno.EIO, errno.ENOMEM),
    Kind.MALLOC: (errno.ENOMEM,),
    Kind.MMAP: (errno.ENOMEM,),
    Kind.MPROTECT: (errno.ENOMEM,),
    Kind.MEMFD: (errno.EMFILE,),
    Kind.THREAD: (errno.EAGAIN,),
}
HARMLESS = (SHORT, errno.EINTR)  # the call is made once more, for the rest

# What PostgreSQL says of each; XX000 where it does not look at the cause, as of temporary files.
SQLSTATES = {
    errno.EIO: "58030",
    errno.ENOSPC: "53100",
    errno.EMFILE: "53000",
    errno.ENFILE: "53000",
    errno.ENOMEM: "53200",
}
ANY_CAUSE = "XX000"
SETTINGS_FILE = "F0000"  # of one that cannot be read


class Point(NamedTuple):
    kind: Kind
    error: int
    first: int  # the number of the call, from 1; 0: none fails
    lasts: bool


@dataclass
class Outcome:
    seen: int
    failed: int
    where: str
    errors: Sequence[str] = field(default_factory=list)
    lost: str = ""
    wrong: str = ""

    @classmethod
    def of(cls, faults: Faults, folder: Path, errors: Sequence[str], lost: str) -> Outcome:
        where = re.sub(r"[0-9A-F]{8,}|\d+", "N", faults.where.removeprefix(str(folder)))
        return cls(faults.seen, faults.failed, where, errors, lost)

    def judge(self, point: Point) -> None:
        """Say what is wrong with what statements were told."""
        if self.wrong:
            return
        if point.error in HARMLESS and (self.errors or self.lost):
            self.wrong = "a call that is to be repeated is an error"
        if self.lost and "PANIC" not in self.lost:
            self.wrong = "the engine has failed, and PostgreSQL has not panicked"
        allowed = [SQLSTATES.get(point.error, ANY_CAUSE), ANY_CAUSE]
        if self.where.endswith(".conf"):
            allowed.append(SETTINGS_FILE)
        for error in self.errors:
            if not any(f" {sqlstate}: " in error for sqlstate in allowed):
                self.wrong = f"not the SQLSTATE of {name_of(point.error)}"

    @property
    def label(self) -> str:
        if self.wrong:
            return "wrong"
        if self.lost:
            return "PANIC, recovered"
        if self.errors:
            return self.errors[0].split(":")[0].removeprefix("ERROR ").split()[-1]
        return "no error"


class Scenario(Protocol):
    """What is done again and again, while another call fails each time."""

    name: str

    def count(self, point: Point) -> int: ...

    def run(self, point: Point) -> Outcome: ...

    def close(self) -> None: ...


def every(kind: Kind) -> Iterator[Point]:
    """Every call, once and for good by turns; the caller stops when there are no more."""
    number = 0
    while True:
        number += 1
        error = ERRORS[kind][number % len(ERRORS[kind])]
        lasts = number // len(ERRORS[kind]) % 2 == 1 and error not in HARMLESS
        yield Point(kind, error, number, lasts)


def spread(scenario: Scenario, kind: Kind, wanted: int) -> Iterator[Point]:
    """Some calls, as far apart as there are, with each error."""
    count = scenario.count(Point(kind, errno.EIO, 0, False))
    wanted = min(wanted, count)
    for number in range(wanted):
        error = ERRORS[kind][number % len(ERRORS[kind])]
        first = 1 + count * (2 * number + 1) // (2 * wanted) if wanted < count else number + 1
        lasts = number % 2 == 1 and error not in HARMLESS
        yield Point(kind, error, min(first, count), lasts)

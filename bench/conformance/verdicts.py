"""A test on our server, judged by the native server's output and by PostgreSQL's expected files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.conformance.compare import Difference, difference, least
from bench.conformance.store import Ran


@dataclass(frozen=True)
class Verdict:
    test: str
    ran: Ran
    native: Ran | None
    from_native: Difference | None
    from_expected: Difference | None
    native_from_expected: Difference | None

    @property
    def is_equal(self) -> bool:
        """As native, or as PostgreSQL's own run of the test would accept it."""
        return self.from_expected is None or (self.native is not None and self.from_native is None)

    @property
    def difference(self) -> Difference | None:
        """The one to look at: from native, where it has run."""
        if self.is_equal:
            return None
        return self.from_native if self.native is not None else self.from_expected

    @property
    def is_cut_short(self) -> bool:
        """The time limit has ended it."""
        return self.ran.exit_status is None


def judge(test: str, ran: Ran, native: Ran | None, expected: Sequence[bytes]) -> Verdict:
    return Verdict(
        test,
        ran,
        native,
        from_native=difference(native.output, ran.output) if native else None,
        from_expected=least(expected, ran.output),
        native_from_expected=least(expected, native.output) if native else None,
    )

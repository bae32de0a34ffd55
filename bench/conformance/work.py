"""Which tests are run where, and what they are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.conformance.arguments import Arguments
from bench.conformance.native import Native
from bench.conformance.ours import Ours
from bench.conformance.run import Runner
from bench.conformance.side import Given, Side
from bench.conformance.source import BUILD
from bench.conformance.store import Store
from bench.conformance.suite import Suite
from bench.conformance.verdicts import Verdict, judge


@dataclass(frozen=True)
class Work:
    """One suite, as the command line has it."""

    arguments: Arguments
    suite: Suite
    source: Path

    @property
    def tests(self) -> list[str]:
        """Those asked for, in the suite's order, behind those that others do not do without."""
        there = self.suite.tests(self.source)
        if not self.arguments.is_part:
            return there
        wanted = set(self.arguments.tests) & set(there)
        if wanted and not self.suite.is_independent and self.arguments.dsn is None:
            # The first makes what the others ask.
            firsts = {self.suite.group(test): test for test in reversed(there)}
            wanted |= {firsts[self.suite.group(test)] for test in wanted}
        return [test for test in there if test in wanted]

    def run(self) -> tuple[list[Verdict], str]:
        """Run them where it is asked for, on the native server where need be.

        Returns what came of them, and the tier they have run on, if it was on one.
        """
        if self.arguments.dsn is not None:
            files = self.arguments.files or str(self.source / "regress")
            store = Store(BUILD / "given" / self.suite.name)
            self._run(Given(self.arguments.dsn, files), store)
            return self._judged(store), ""
        if self.arguments.side == "native" or not self._has_native():
            self._run(Native(self.source, self.suite), self._store("native"))
        if self.arguments.side == "native":
            return self._judged(self._store("native")), ""
        ours = Ours(self.source, self.suite, self.arguments.tier)
        self._run(ours, self._store("ours"))
        return self._judged(self._store("ours")), ours.tier

    def _run(self, side: Side, store: Store) -> None:
        limit_s = self.arguments.limit_s or self.suite.limit_s
        Runner(self.suite, self.source, limit_s).run(self.tests, side, store)

    def _has_native(self) -> bool:
        """Whether the native server's outputs are there, from a run such as this one."""
        if self.arguments.is_part and not self.suite.is_independent:
            return False
        store = self._store("native")
        return all(store.read(test) is not None for test in self.tests)

    def _store(self, side: str) -> Store:
        """A test that needs others may say something else where not all of them have run."""
        is_apart = (
            self.arguments.is_part and not self.suite.is_independent and self.arguments.dsn is None
        )
        return Store(BUILD / side / (f"{self.suite.name}-part" if is_apart else self.suite.name))

    def _judged(self, store: Store) -> list[Verdict]:
        """Verdicts; the differences are written beside the outputs."""
        native = self._store("native")
        verdicts = [self._judge(test, store, native) for test in self.tests]
        for verdict in verdicts:
            path = store.path(verdict.test, "diff")
            path.unlink(missing_ok=True)
            if verdict.difference is not None:
                path.write_text(verdict.difference.text, encoding="utf-8")
        return verdicts

    def _judge(self, test: str, store: Store, native: Store) -> Verdict:
        ran = store.read(test)
        assert ran is not None, test
        beside = None if store == native else native.read(test)
        return judge(test, ran, beside, self.suite.expected(self.source, test))


def unknown(tests: Sequence[str], all: Sequence[Work]) -> list[str]:
    """Those that no suite has."""
    known = {test for work in all for test in work.suite.tests(work.source)}
    return [test for test in tests if test not in known]

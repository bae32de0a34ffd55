"""Statements on a durable directory, of one session or two, while calls for its files fail."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from pglite_native import Engine, EngineError
from tests.faults import workload
from tests.faults.injection import Faults, Kind, name_of
from tests.faults.workload import Lost, Ours, Progress, SqlError


class Statements:
    """An engine on a directory of its own, opened again when it has failed, made anew when asked."""

    def __init__(self, folder: Path, faults: Faults, count: int) -> None:
        self._folder = folder
        self._faults = faults
        self._count = count
        self.engine: Engine | None = None
        self.reopened = 0
        with Engine(folder, settings=workload.SETTINGS) as engine:
            workload.run(Ours(engine), workload.SETUP)
        self.open()

    def open(self) -> None:
        self.engine = Engine(self._folder, settings=workload.SETTINGS)
        others = [self.engine.open_session() for _ in range(self._count - 1)]
        self.sessions = [Ours(session) for session in (self.engine, *others)]

    def close(self) -> None:
        if self.engine is not None:
            self.engine.close()
            self.engine = None

    def point(self, kind: Kind, error: int, first: int, lasts: bool) -> dict[str, object]:
        """Let one point fail; return what happened; raise AssertionError for what must not."""
        faults, progress = self._faults, Progress()

        def after_error() -> bool:
            faults.end()
            return False

        assert self.engine is not None
        faults.begin(kind, error, first, lasts=lasts)
        workload.play(self.sessions, progress, after_error)
        faults.end()
        outcome = {
            "kind": kind.name.lower(),
            "errno": name_of(error),
            "lasts": lasts,
            "first": first,
            "seen": faults.seen,
            "failed": faults.failed,
            "where": faults.where.removeprefix(str(self._folder)),
            "errors": progress.errors,
            "lost": progress.lost,
        }
        try:
            self.verify(progress)
        except (AssertionError, SqlError, Lost, EngineError) as wrong:
            outcome["wrong"] = f"{type(wrong).__name__}: {wrong}"
            self.renew()
        return outcome

    def verify(self, progress: Progress) -> None:
        if not progress.lost:
            workload.settle(self.sessions)
            workload.check(self.sessions, progress)
            if not progress.errors:
                workload.clean(self.sessions)
                return
        if progress.lost:
            self.close()
            self.open()
            self.reopened += 1
            workload.settle(self.sessions)
            workload.check(self.sessions, progress)
        workload.clean(self.sessions)

    def renew(self) -> None:
        with suppress(EngineError):
            self.close()
        shutil.rmtree(self._folder)
        with Engine(self._folder, settings=workload.SETTINGS) as engine:
            workload.run(Ours(engine), workload.SETUP)
        self.open()

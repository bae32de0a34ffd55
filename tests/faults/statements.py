"""Statements on a durable directory, of one session or two, while a call for its files fails."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from pglite_native import Engine, EngineError
from tests.faults import workload
from tests.faults.injection import MEMORY, Faults
from tests.faults.points import Outcome, Point
from tests.faults.workload import Lost, Ours, Progress, SqlError


class Statements:
    """An engine on a directory: opened again when it has failed, made anew when spoilt."""

    def __init__(self, name: str, folder: Path, faults: Faults, sessions: int) -> None:
        self.name = name
        self._folder = folder / "data"
        self._faults = faults
        self._count = sessions
        self._engine: Engine | None = None
        self._make()

    def count(self, point: Point) -> int:
        """Return how many calls of a point's kind there are while nothing fails."""
        outcome = self.run(point)
        assert not outcome.errors and not outcome.lost and not outcome.wrong, outcome
        return outcome.seen

    def run(self, point: Point) -> Outcome:
        if point.kind in MEMORY:  # which a session asks for once, and keeps
            self.close()
            self._open()
        progress = Progress()
        self._faults.begin(point.kind, point.error, point.first, lasts=point.lasts)
        workload.play(self._sessions, progress, self._faults.end)
        self._faults.end()
        if not progress.lost:
            self._hear(progress)
        outcome = Outcome.of(self._faults, self._folder, progress.errors, progress.lost)
        try:
            self._verify(progress)
        except (AssertionError, SqlError, Lost, EngineError) as error:
            outcome.wrong = f"{type(error).__name__}: {error}"
            self._make()
        return outcome

    def close(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()

    def _make(self) -> None:
        with suppress(EngineError):
            self.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        with Engine(self._folder, settings=workload.SETTINGS) as engine:
            workload.run(Ours(engine), workload.SETUP)
        self._open()

    def _open(self) -> None:
        self._engine = Engine(self._folder, settings=workload.SETTINGS)
        others = [self._engine.open_session() for _ in range(self._count - 1)]
        self._sessions = [Ours(session) for session in (self._engine, *others)]

    def _hear(self, progress: Progress) -> None:
        """A process of the cluster's own may have panicked meanwhile: a checkpoint."""
        try:
            for session in self._sessions:
                workload.run(session, "rollback")
        except Lost as error:
            progress.note(None, error)

    def _verify(self, progress: Progress) -> None:
        """In the same engine, or in the next one, which recovers."""
        if progress.lost:
            self.close()
            self._open()
        if progress.lost or progress.errors:
            workload.settle(self._sessions)
            workload.check(self._sessions, progress)
        workload.clean(self._sessions)

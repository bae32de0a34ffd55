"""Millions of statements in one process, of which memory, descriptors and maps have to stay flat.

By turns: one session in memory; sessions of a data directory; connections to a server; forks and
snapshots. Sessions and connections come and go. The answer to a move is compared with the first
one, wherever it came from.
"""

from __future__ import annotations

import gc
import os
import random
import re
import statistics
import sys
import threading
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import astuple, dataclass
from pathlib import Path

from bench import progress
from pglite_native import Engine, Session
from pglite_native.server import Server
from tests.engine import sql
from tests.server.client import Client
from tests.torture import checks
from tests.torture.clock import Clock
from tests.torture.moves import MOVES, SCHEMAS, Move, enter, setup
from tests.torture.report import Result, Table

TURN_MOVES = 20
READINGS = 100
REOPENED_SHARE = 0.1
READY = b"Z\0\0\0\5"
ALLOWED = {"memory": 16 << 20, "descriptors": 8, "maps": 40, "threads": 1}
Exchange = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Reading:
    """What the process holds."""

    statements: int
    memory: int
    """Bytes; of what is shared with other processes its part."""
    descriptors: int
    maps: int
    threads: int


def read(statements: int) -> Reading:
    gc.collect()
    rollup = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
    kilobytes = [int(line.split()[1]) for line in rollup if line.startswith("Pss:")]
    maps = Path("/proc/self/maps").read_bytes().count(b"\n")
    return Reading(
        statements,
        sum(kilobytes) << 10,
        len(os.listdir("/proc/self/fd")),
        maps,
        threading.active_count(),
    )


class Soak:
    """The places, and what was done in them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.statements: Counter[str] = Counter()
        """By place."""
        self.opened: Counter[str] = Counter()
        """Sessions, connections, forks."""
        self.readings: list[Reading] = []
        self._chance = random.Random(seed)
        self._answers: dict[str, bytes] = {}
        self._folder = folder
        self._weights = [move.weight for move in MOVES]
        with ExitStack() as stack:
            self._memory = stack.enter_context(Engine())
            self._directory = stack.enter_context(Engine(folder / "data"))
            self._served = stack.enter_context(Engine())
            self._server = stack.enter_context(Server(self._served))
            for engine in (self._memory, self._directory, self._served):
                for number in range(SCHEMAS):
                    engine.exec_protocol_raw(setup(number))
            self._memory.exec_protocol_raw(enter(0))
            self._sessions: dict[int, Session] = {}
            self._clients: dict[int, Client] = {}
            self._stack = stack.pop_all()

    def __enter__(self) -> Soak:
        return self

    def __exit__(self, *_: object) -> None:
        for session in self._sessions.values():
            session.close()
        for client in self._clients.values():
            client.close()
        self._stack.close()

    @property
    def total(self) -> int:
        return sum(self.statements.values())

    def read(self) -> None:
        self.readings.append(read(self.total))

    def turn(self) -> None:
        """Do some moves in one of the places."""
        place = self._chance.choices(
            [self._one_session, self._many_sessions, self._connections, self._forks], [4, 3, 3, 1]
        )
        place[0]()

    def finish(self) -> None:
        """Look whether all is as it was."""
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()
        sql.run(self._directory, "create extension amcheck")
        checks.check_relations(self._directory)
        for engine in (self._memory, self._directory, self._served):
            assert sql.value(engine, "select count(*) from pg_prepared_xacts") == "0"
            for number in range(SCHEMAS):
                rows = sql.value(engine, f"select count(*) from s{number}.t where s = 'row ' || id")
                assert rows == "100", (number, rows)

    def table(self) -> list[tuple[int, ...]]:
        """Some of the readings."""
        step = max(1, len(self.readings) // 20)
        return [astuple(reading) for reading in self.readings[::step]]

    # --- the places ---------------------------------------------------------------------------

    def _one_session(self) -> None:
        self._moves("session", self._memory.exec_protocol_raw)

    def _many_sessions(self) -> None:
        number = self._chance.randrange(SCHEMAS)
        session = self._sessions.get(number)
        if session is not None and self._chance.random() < REOPENED_SHARE:
            session.close()
            session = None
        if session is None:
            session = self._sessions[number] = self._directory.open_session()
            session.exec_protocol_raw(enter(number))
            self.opened["sessions"] += 1
        self._moves("directory", session.exec_protocol_raw)

    def _connections(self) -> None:
        """Some at once: what all are asked is sent before any answer is read."""
        numbers = self._chance.sample(range(SCHEMAS), 3)
        for number in numbers:
            client = self._clients.get(number)
            if client is not None and self._chance.random() < REOPENED_SHARE:
                client.close()
                client = None
            if client is None:
                client = self._clients[number] = Client(self._server)
                client.log_in()
                _exchange(client, enter(number), 2)
                self.opened["connections"] += 1
        for move in self._choose():
            for number in numbers:
                self._clients[number].send(move.message)
            for number in numbers:
                self._compare("server", move, _receive(self._clients[number], move.ready))

    def _forks(self) -> None:
        snapshot = self._memory.snapshot()
        with Engine(image=snapshot) as fork:
            self._moves("forks", fork.exec_protocol_raw)
            if self._chance.random() < 0.5:
                fork.restore(snapshot)
                self._moves("forks", fork.exec_protocol_raw)
        if self._chance.random() < 0.1:
            snapshot.save(self._folder / "snapshot")
        self.opened["forks"] += 1

    # --- moves --------------------------------------------------------------------------------

    def _choose(self) -> Sequence[Move]:
        return self._chance.choices(MOVES, self._weights, k=TURN_MOVES)

    def _moves(self, place: str, exchange: Exchange) -> None:
        for move in self._choose():
            self._compare(place, move, exchange(move.message))

    def _compare(self, place: str, move: Move, answer: bytes) -> None:
        if move.varies:
            assert move.varies in answer, (place, move.name, answer)
        first = self._answers.setdefault(move.name, answer)
        if not move.varies and answer != first and _neutral(answer) != _neutral(first):
            raise AssertionError(f"{move.name} in {place}: {answer[:2000]!r}, not {first[:2000]!r}")
        self.statements[place] += move.statements


def run(arguments: Namespace, folder: Path, clock: Clock) -> Result:
    """Soak until there were enough statements, or the time is over."""
    wanted, due = arguments.count or sys.maxsize, 0
    every = min(wanted // READINGS, 100_000)
    with Soak(folder, arguments.seed) as soak:
        while soak.total < wanted and not clock.is_over:
            if soak.total >= due:
                soak.read()
                due = soak.total + every
                progress.show(f"{soak.total:,} statements, {soak.readings[-1].memory >> 20} MiB")
            soak.turn()
        soak.read()
        soak.finish()
    check_flat(soak.readings)
    return Result(
        "soak",
        "Soaked",
        arguments.seed,
        clock.seconds,
        f"{soak.total:,} statements in one process: memory, descriptors and maps stay flat.",
        [
            Table("By place", ["", "statements"], list(soak.statements.items())),
            Table("Opened and closed", ["", "times"], list(soak.opened.items())),
            Table("Held", ["", "after a fifth", "at the end"],
                  [(what, *growth(soak.readings, what)) for what in ALLOWED]),
            Table("Readings", list(Reading.__annotations__), soak.table()),
        ],
    )  # fmt: skip


def _neutral(answer: bytes) -> bytes:
    """An answer without the schema's name, which errors and search_path have in them."""
    return re.sub(rb"(?<=[\0s])s\d\0", b"\0", answer)


def _exchange(client: Client, message: bytes, ready: int) -> bytes:
    client.send(message)
    return _receive(client, ready)


def _receive(client: Client, ready: int) -> bytes:
    answer = client.receive()
    while answer.count(READY) < ready:
        answer += client.receive()
    return answer


# --- what came of it ------------------------------------------------------------------------


def growth(readings: Sequence[Reading], what: str) -> tuple[float, float]:
    """Medians of the second fifth, when all has been done once, and of the last."""
    fifth = max(1, len(readings) // 5)
    parts = (readings[fifth : 2 * fifth] or readings, readings[-fifth:])
    first, last = (statistics.median(getattr(each, what) for each in part) for part in parts)
    return first, last


def check_flat(readings: Sequence[Reading]) -> None:
    """Raise AssertionError unless nothing has grown with the statements."""
    for what, allowed in ALLOWED.items():
        before, after = growth(readings, what)
        assert after <= before + allowed, f"{what} grew from {before:,} to {after:,}"

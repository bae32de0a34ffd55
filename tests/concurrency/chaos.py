"""A cluster whose sessions do everything to each other: `python -m tests.concurrency.chaos SEED`.

Each of eight players has a session and does what it likes: transactions at all levels, temporary
tables, DDL, NOTIFY, advisory locks, streams that it leaves early; it cancels and terminates the
others', and closes its own to open another one. What comes of it is counted: increments that were
acknowledged have to be there, those that were not may be, if the session ended meanwhile.

In a process of its own (test_chaos.py), which can be ended when it hangs.
"""

from __future__ import annotations

import faulthandler
import random
import sys
import threading
import time
from collections.abc import Callable

from pglite_native import Engine, EngineClosed, Session
from tests import wire
from tests.engine.sql import SqlError, run, value

PLAYERS = 8
LIMIT_SECONDS = 40.0

# Conflicts, deadlocks, timeouts, cancelled, terminated, and a table that is there already or not,
# or that another one has begun to make.
MAY_FAIL = {"40001", "40P01", "55P03", "57014", "57P01", "25P02"}
MAY_FAIL |= {"42P07", "42P01", "42710", "23505"}


class Board:
    """What all players know."""

    def __init__(self, engine: Engine, seconds: float) -> None:
        self.engine = engine
        self.end = time.monotonic() + seconds
        self.sessions: dict[int, Session] = {}
        self.committed = self.in_doubt = self.steps = self.errors = 0
        self._lock = threading.Lock()

    def count(self, **what: int) -> None:
        with self._lock:
            for name, number in what.items():
                setattr(self, name, getattr(self, name) + number)

    def another(self, chance: random.Random) -> Session:
        return chance.choice(list(self.sessions.values()))


class Player:
    def __init__(self, board: Board, number: int, seed: int) -> None:
        self.board = board
        self.number = number
        self.chance = random.Random(seed * 1000 + number)
        self.session: Session | None = None

    def play(self) -> None:
        while time.monotonic() < self.board.end:
            action: Callable[[Session], None] = self.chance.choice(
                [self.increase, self.increase, self.make_temporary, self.change_schema, self.notify,
                 self.lock, self.sleep, self.stream, self.cancel, self.terminate, self.leave]
            )  # fmt: skip
            self.board.count(steps=1)
            try:
                action(self.session or self.arrive())
            except SqlError as error:
                if error.sqlstate not in MAY_FAIL:
                    raise
                self.board.count(errors=1)
                self.recover()
            except EngineClosed:
                self.session = None
        if self.session is not None:
            self.session.close()

    def arrive(self) -> Session:
        session = self.board.engine.open_session()
        self.session = self.board.sessions[self.number] = session
        run(session, "set deadlock_timeout = '20ms'; set lock_timeout = '1s'; listen c")
        return session

    def recover(self) -> None:
        if self.session is None:
            return
        try:
            run(self.session, "rollback")
        except SqlError:
            self.recover()  # cancelled once more, or terminated
        except EngineClosed:
            self.session = None

    # --- to itself ----------------------------------------------------------------------------

    def increase(self, session: Session) -> None:
        level = self.chance.choice(["read committed", "repeatable read", "serializable"])
        count = self.chance.randrange(1, 4)
        run(session, f"begin isolation level {level}; select sum(n) from t")
        for _ in range(count):
            run(session, f"update t set n = n + 1 where id = {self.chance.randrange(1, 6)}")
        try:
            run(session, "commit")
        except SqlError as error:
            if error.sqlstate == "57P01":
                self.board.count(in_doubt=count)
            raise
        except EngineClosed:
            self.board.count(in_doubt=count)
            raise
        self.board.count(committed=count)

    def make_temporary(self, session: Session) -> None:
        name = f"x{self.chance.randrange(9)}"
        run(session, f"create temp table {name} as select generate_series(1, 50) n")

    def change_schema(self, session: Session) -> None:
        name = f"d{self.chance.randrange(3)}"
        run(session, f"drop table if exists {name}; create table {name} (a int primary key)")

    def notify(self, session: Session) -> None:
        run(session, "notify c, 'x'")

    def lock(self, session: Session) -> None:
        run(session, f"select pg_advisory_xact_lock({self.chance.randrange(3)})")

    def sleep(self, session: Session) -> None:
        run(session, f"select pg_sleep({self.chance.random() * 0.05})")

    def stream(self, session: Session) -> None:
        query = wire.query("select repeat('x', 1000) from generate_series(1, 2000)")
        with session.exec_protocol_stream(query) as stream:
            next(stream, b"")

    def leave(self, session: Session) -> None:
        if self.chance.random() < 0.3:
            session.close()
            self.session = None

    # --- to others ----------------------------------------------------------------------------

    def cancel(self, session: Session) -> None:
        other = self.board.another(self.chance)
        if self.chance.random() < 0.5:
            other.cancel()
        else:
            run(session, f"select pg_cancel_backend({other.pid})")

    def terminate(self, session: Session) -> None:
        if self.chance.random() < 0.2:
            pid = self.board.another(self.chance).pid
            run(session, f"select pg_terminate_backend({pid})")


def check(engine: Engine, board: Board) -> None:
    total = int(value(engine, "select sum(n) from t") or 0)
    assert board.committed <= total <= board.committed + board.in_doubt, (total, vars(board))
    assert value(engine, "select count(*) from pg_class where relname ~ '^x[0-9]$'") == "0"


def main(seed: int, seconds: float, *data_dir: str) -> None:
    faulthandler.dump_traceback_later(LIMIT_SECONDS, exit=True)
    failures: list[BaseException] = []

    def play(player: Player) -> None:
        try:
            player.play()
        except BaseException as error:
            failures.append(error)

    with Engine(*data_dir) as engine:
        run(engine, "create table t as select id, 0 as n from generate_series(1, 5) id")
        board = Board(engine, seconds)
        players = [Player(board, number, seed) for number in range(PLAYERS)]
        threads = [threading.Thread(target=play, args=(player,)) for player in players]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        check(engine, board)
        held = "select count(*) from pg_locks where pid <> pg_backend_pid()"
        assert value(engine, held) == "0"
    if data_dir:
        with Engine(*data_dir) as engine, engine.open_session() as session:
            check(engine, board)
            assert value(session, "select count(*) from t") == "5"
    print(board.steps, "steps,", board.errors, "errors,", board.committed, "increments")


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), *sys.argv[3:])

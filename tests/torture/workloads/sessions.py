"""Several sessions at once: transfers between accounts, tables of each, checkpoints, VACUUM."""

from __future__ import annotations

import random
import threading

from pglite_native import Engine, EngineError, Session
from tests.engine.sql import SqlError, run
from tests.torture.workload import DatabaseWorkload, Say, Steps

PLAYERS = 5
ASYNCHRONOUS = 4  # this one's commits do not wait for their WAL
ACCOUNTS = 20
MAY_FAIL = {"40001", "40P01"}


class Sessions(DatabaseWorkload):
    name = "sessions"
    schema = f"""
        create table account as
            select g as id, 100 as balance from generate_series(1, {ACCOUNTS}) g;
        alter table account add primary key (id);
        create table log (player int, n int, primary key (player, n))"""
    settings = {"autovacuum_naptime": "1s", "max_wal_size": "8MB"}  # noqa: RUF012
    in_flight = 4 * PLAYERS

    def __init__(self) -> None:
        super().__init__()
        self.done = [0] * PLAYERS

    def work(self, engine: Engine, chance: random.Random, say: Say) -> Steps:
        with engine.open_session() as session:
            last = [
                int(
                    run(session, f"select coalesce(max(n), 0) from log where player = {p}")[0][0]
                    or 0
                )
                for p in range(PLAYERS)
            ]
        turns = threading.Semaphore(0)
        ended = threading.Event()
        failures: list[BaseException] = []

        def play(player: int) -> None:
            try:
                with engine.open_session() as session:
                    own = random.Random(chance_of[player])
                    n = last[player]
                    while not ended.is_set():
                        if _turn(session, player, n + 1, own):
                            n += 1
                            say("logged", player, n)
                        turns.release()
            except (EngineError, SqlError) as error:
                if not ended.is_set():
                    failures.append(error)
            turns.release()

        chance_of = [chance.randrange(10**9) for _ in range(PLAYERS)]
        threads = [threading.Thread(target=play, args=(p,), daemon=True) for p in range(PLAYERS)]
        for thread in threads:
            thread.start()
        try:
            while True:
                turns.acquire()
                if failures:
                    raise failures[0]
                if chance.random() < 0.02:
                    run(engine, chance.choice(["checkpoint", "vacuum", "vacuum full account"]))
                yield
        finally:
            ended.set()
            for thread in threads:
                thread.join()

    def hear_logged(self, player: int, n: int) -> None:
        self.done[player] = n

    def verify(self, engine: Engine) -> None:
        ((total,),) = run(engine, "select sum(balance) from account")
        assert total == str(100 * ACCOUNTS), f"a half transfer: {total}"
        log = {
            int(player or 0): (int(count or 0), int(most or 0))
            for player, count, most in run(
                engine, "select player, count(*), max(n) from log group by player"
            )
        }
        for player in range(PLAYERS):
            count, most = log.get(player, (0, 0))
            assert count == most, f"player {player} has holes: {count} of {most}"
            assert most <= self.done[player] + self.runs, (player, most, self.done)
            if player != ASYNCHRONOUS:
                assert most >= self.done[player], (player, most, self.done)
            self.done[player] = most


def _turn(session: Session, player: int, n: int, chance: random.Random) -> bool:
    """One transaction; False if it lost against another one."""
    one, other = chance.sample(range(1, ACCOUNTS + 1), 2)
    level = chance.choice(["read committed", "repeatable read", "serializable"])
    try:
        if player == ASYNCHRONOUS:
            run(session, "set synchronous_commit = off")
        run(session, f"begin isolation level {level}; insert into log values ({player}, {n})")
        run(session, f"update account set balance = balance - 1 where id = {one}")
        if chance.random() < 0.1:
            run(session, f"drop table if exists own_{player};"
                         f"create table own_{player} (n int primary key);"
                         f"insert into own_{player} select generate_series(1, 500)")  # fmt: skip
        if chance.random() < 0.1:
            run(session, "create temp table x on commit drop as select * from account")
        run(session, f"update account set balance = balance + 1 where id = {other}")
        run(session, "commit")
    except SqlError as error:
        if error.sqlstate not in MAY_FAIL:
            raise
        run(session, "rollback")
        return False
    return True

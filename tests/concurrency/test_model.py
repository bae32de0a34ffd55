"""Random transactions of many sessions at once: whatever happens, nothing is lost or made up."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pglite_native import Engine, Session
from tests import wire
from tests.engine.sql import SqlError, run, value

LEVELS = ["read committed", "repeatable read", "serializable"]
MAY_FAIL = {"40001", "40P01", "55P03", "57014"}

SESSIONS, ROWS, TURNS = 6, 5, 40


def in_threads(engine: Engine, work: object, count: int = SESSIONS) -> list[object]:
    assert callable(work)
    sessions = [engine.open_session() for _ in range(count)]
    with ThreadPoolExecutor(count) as pool:
        found = list(pool.map(work, range(count), sessions, timeout=90))
    for session in sessions:
        session.close()
    return found


def attempt(session: Session, statements: list[str]) -> bool:
    """A transaction, statement by statement: whether it was committed."""
    try:
        for sql in statements:
            run(session, sql)
    except SqlError as error:
        if error.sqlstate not in MAY_FAIL:
            raise
        run(session, "rollback")
        return False
    return True


def move_money(engine: Engine, seed: int) -> int:
    """Between random rows, at random levels; how many transactions were committed."""
    run(engine, f"create table account as select id, 100 as n from generate_series(1, {ROWS}) id")
    run(engine, "alter table account add primary key (id); create table moved (session int)")

    def work(number: int, session: Session) -> int:
        chance = random.Random(seed * 1000 + number)
        run(session, "set deadlock_timeout = '20ms'")
        committed = 0
        for _ in range(TURNS):
            source, target = chance.sample(range(1, ROWS + 1), 2)
            amount = chance.randrange(1, 20)
            lock = chance.choice(["", "select n from account where id = {} for update",
                                  "select n from account where id = {} for share"])  # fmt: skip
            statements = [
                f"begin isolation level {chance.choice(LEVELS)}",
                *([lock.format(source)] if lock else []),
                f"update account set n = n - {amount} where id = {source}",
                f"update account set n = n + {amount} where id = {target}",
                f"insert into moved values ({number})",
            ]
            if chance.random() < 0.2:
                statements[-1:-1] = ["savepoint s", "delete from account", "rollback to s"]
            ends = chance.random() < 0.85
            if attempt(session, [*statements, "commit" if ends else "rollback"]) and ends:
                committed += 1
        return committed

    found = in_threads(engine, work)
    return sum(count for count in found if isinstance(count, int))


def check_money(session: Session, committed: int) -> None:
    assert value(session, "select sum(n) from account") == str(100 * ROWS)
    assert value(session, "select count(*) from moved") == str(committed)
    run(session, "set enable_seqscan = off")
    assert value(session, f"select count(*) from account where id <= {ROWS}") == str(ROWS)


@pytest.mark.parametrize("seed", range(2))
def test_money_that_is_moved_stays_the_same(seed: int) -> None:
    with Engine() as engine:
        committed = move_money(engine, seed)
        assert committed > TURNS
        check_money(engine, committed)


def test_money_that_is_moved_in_a_durable_directory(ram_path: Path) -> None:
    with Engine(ram_path / "data") as engine:
        committed = move_money(engine, 7)
        check_money(engine, committed)
    with Engine(ram_path / "data") as engine, engine.open_session() as session:
        check_money(session, committed)


def test_counters_that_all_increase(ram_path: Path) -> None:
    """Each repeats what failed, so that nothing is left out."""

    def work(number: int, session: Session) -> None:
        chance = random.Random(number)
        for _ in range(TURNS):
            row, level = chance.randrange(3), chance.choice(LEVELS)
            while not attempt(session, [f"begin isolation level {level}",
                    f"update counter set n = n + 1 where id = {row}", "commit"]):  # fmt: skip
                pass

    with Engine(ram_path / "data") as engine:
        run(engine, "create table counter as select id, 0 as n from generate_series(0, 2) id")
        in_threads(engine, work)
        assert value(engine, "select sum(n) from counter") == str(SESSIONS * TURNS)
    with Engine(ram_path / "data") as engine:
        assert value(engine, "select sum(n) from counter") == str(SESSIONS * TURNS)


def test_serializable_transactions_keep_what_each_of_them_keeps() -> None:
    """No two rows of a pair are ever both 0, as each transaction looks before it writes."""
    with Engine() as engine:
        run(engine, "create table duty as select p, d, 1 as n from generate_series(1, 4) p,"
                    " generate_series(1, 2) d")  # fmt: skip

        def work(number: int, session: Session) -> None:
            chance = random.Random(number)
            for _ in range(TURNS):
                pair, doctor = chance.randrange(1, 5), chance.randrange(1, 3)
                try:
                    run(session, "begin isolation level serializable")
                    on_duty = value(session, f"select sum(n) from duty where p = {pair}")
                    away = on_duty == "2" and chance.random() < 0.7
                    run(session, f"update duty set n = {int(not away)}"
                                 f" where p = {pair} and d = {doctor}")  # fmt: skip
                    run(session, "commit")
                except SqlError as error:
                    if error.sqlstate not in MAY_FAIL:
                        raise
                    run(session, "rollback")

        in_threads(engine, work)
        assert run(engine, "select p from duty group by p having sum(n) = 0") == []


TPC_B = """
    create table branches (id int primary key, n int);
    create table tellers (id int primary key, branch int, n int);
    create table accounts (id int primary key, branch int, n int);
    create table history (account int, teller int, branch int, delta int, at timestamptz);
    insert into branches values (1, 0), (2, 0);
    insert into tellers select t, 1 + t % 2, 0 from generate_series(1, 10) t;
    insert into accounts select a, 1 + a % 2, 0 from generate_series(1, 500) a;
"""


def play_tpc_b(engine: Engine) -> None:
    run(engine, TPC_B)

    def work(number: int, session: Session) -> None:
        chance = random.Random(number)
        for _ in range(TURNS):
            delta, account = chance.randrange(-5000, 5001), chance.randrange(1, 501)
            teller, branch = chance.randrange(1, 11), chance.randrange(1, 3)
            for sql in (
                "begin",
                f"update accounts set n = n + {delta} where id = {account}",
                f"select n from accounts where id = {account}",
                f"update tellers set n = n + {delta} where id = {teller}",
                f"update branches set n = n + {delta} where id = {branch}",
                f"insert into history values ({account}, {teller}, {branch}, {delta}, now())",
                "commit",
            ):
                reply = session.exec_protocol_raw(wire.extended(sql))
                assert not wire.errors(reply), wire.errors(reply)

    in_threads(engine, work)


def check_tpc_b(session: Session) -> None:
    sums = {value(session, f"select sum(n) from {t}") for t in ("branches", "tellers", "accounts")}
    sums.add(value(session, "select sum(delta) from history"))
    assert len(sums) == 1
    assert value(session, "select count(*) from history") == str(SESSIONS * TURNS)
    for table in ("branch", "teller", "account"):
        plural = f"{table}es" if table == "branch" else f"{table}s"
        wrong = f"""
            select id from {plural} t where n <>
                (select coalesce(sum(delta), 0) from history h where h.{table} = t.id)
        """
        assert run(session, wrong) == []


def test_a_bank_s_books_agree() -> None:
    with Engine() as engine:
        play_tpc_b(engine)
        check_tpc_b(engine)


def test_a_bank_s_books_agree_in_a_durable_directory(ram_path: Path) -> None:
    with Engine(ram_path / "data") as engine:
        play_tpc_b(engine)
        check_tpc_b(engine)
    with Engine(ram_path / "data") as engine, engine.open_session() as session:
        check_tpc_b(session)
        run(session, "reindex table accounts")
        check_tpc_b(session)

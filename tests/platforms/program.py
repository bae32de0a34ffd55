"""What a wheel has to be able to do where it is installed: `python program.py TIER`.

It needs nothing but the installed package, as it runs where there is nothing else. One line for
each step, then one for the place; the first step that fails ends it.
"""

from __future__ import annotations

import json
import platform
import socket
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, cast

from pglite_native import DatabaseError, Engine, PGlite, Session, Snapshot

Tier = Literal["aot", "wasm3"]

LIMIT_S = 600.0  # an emulated processor takes its time


def sql(tier: Tier) -> None:
    with PGlite(engine=Engine(tier=tier)) as db:
        assert db.engine.tier == tier
        db.exec("create table t (id int primary key, name text, x float8)")
        db.query("insert into t select n, 'n' || n, n / 3.0 from generate_series(1, 1000) n")
        row = db.query("select count(*) n, sum(x) s, max(name) m from t where x > $1", [1.5]).rows[
            0
        ]
        assert row == {"n": 996, "s": 166830.0, "m": "n999"}, row
        assert fails(db, "select 1 / 0") == "22012"
        assert fails(db, "insert into t values (1)") == "23505"
        assert value(db, "select 0.1::float8 + 0.2::float8") == 0.30000000000000004
        assert value(db, "select to_char(date '2026-02-28', 'TMDay')") == "Saturday"


def plpgsql_and_extensions(tier: Tier) -> None:
    with PGlite(engine=Engine(tier=tier)) as db:
        db.exec("create extension vector; create extension pgcrypto")
        assert value(db, "select '[1,2,3]'::vector <-> '[3,2,1]'") > 2.8
        assert value(db, "select encode(digest('a', 'sha256'), 'hex')").startswith("ca978112")
        db.exec("""create function f(n int) returns int language plpgsql as $$
            begin return 1 / n; exception when division_by_zero then return -1; end $$""")
        assert value(db, "select f(0)") == -1


def recursion_ends(tier: Tier) -> None:
    """On a stack of its own, by PostgreSQL's own look at it."""
    with PGlite(engine=Engine(tier=tier)) as db:
        db.exec("""create function r(n int) returns int language plpgsql as
            'begin return r(n + 1); end'""")
        assert fails(db, "select r(0)") == "54001"
        assert value(db, "select 1") == 1


def loops_end(tier: Tier) -> None:
    loop = "select count(*) from generate_series(1, 1000000000)"
    with PGlite(engine=Engine(tier=tier)) as db:
        db.exec("set statement_timeout = '300ms'")
        assert fails(db, loop) == "57014"
        db.exec("set statement_timeout = 0")
        timer = threading.Timer(0.3, db.engine.cancel)
        timer.start()
        assert fails(db, loop) == "57014"
        timer.join()


def forks_and_snapshots(tier: Tier) -> None:
    with Engine(tier=tier) as engine, tempfile.TemporaryDirectory() as folder:
        ask(engine, "create table t as select 1 as n")
        forks = [engine.fork() for _ in range(20)]
        for number, fork in enumerate(forks):
            ask(fork, f"insert into t select generate_series(1, {number})")
        assert [ask(fork, "select count(*) from t") for fork in forks] == [
            str(number + 1) for number in range(20)
        ]
        for fork in forks:
            fork.close()
        before = engine.snapshot()
        before.save(Path(folder) / "image")
        ask(engine, "drop table t")
        engine.restore(before)
        assert ask(engine, "select n from t") == "1"
        with Engine(image=Snapshot.load(Path(folder) / "image"), tier=tier) as other:
            assert ask(other, "select n from t") == "1"


def sessions_wait_for_each_other(tier: Tier) -> None:
    with Engine(tier=tier) as engine, engine.open_session() as other:
        ask(engine, "create table t as select 1 as n")
        ask(engine, "begin; update t set n = 2")
        answers: list[str | None] = []
        waiting = threading.Thread(
            target=lambda: answers.append(ask(other, "update t set n = n + 1 returning n"))
        )
        waiting.start()
        until(lambda: ask(engine, "select count(*) from pg_locks where not granted") == "1")
        assert answers == []
        ask(engine, "commit")
        waiting.join(LIMIT_S)
        assert answers == ["3"]


def data_directories_last(tier: Tier) -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        with Engine(data, tier=tier) as engine:
            ask(engine, "create table t as select generate_series(1, 10000) n")
            ask(engine, "checkpoint")
        with Engine(data, tier=tier) as engine:
            assert ask(engine, "select sum(n) from t") == "50005000"


def servers_serve(tier: Tier) -> None:
    """Two clients at once, by TCP."""
    from pglite_native.server import Server

    with Engine(tier=tier) as engine, Server(engine, host="127.0.0.1", trust=True) as server:
        clients = [Client(server.address) for _ in range(2)]
        for client in clients:
            assert client.ask("select 6 * 7") == "42"
        for client in clients:
            client.close()


STEPS: tuple[Callable[[Tier], None], ...] = (
    sql,
    plpgsql_and_extensions,
    recursion_ends,
    loops_end,
    forks_and_snapshots,
    sessions_wait_for_each_other,
    data_directories_last,
    servers_serve,
)


class Client:
    """As much of the wire protocol as a query takes."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, timeout=LIMIT_S)
        parameters = b"user\0postgres\0database\0postgres\0\0"
        self._socket.sendall(struct.pack("!ii", len(parameters) + 8, 3 << 16) + parameters)
        self._until_ready()

    def ask(self, statement: str) -> str | None:
        self._socket.sendall(query(statement))
        return first_value(self._until_ready())

    def close(self) -> None:
        self._socket.close()

    def _until_ready(self) -> bytes:
        reply = b""
        while not reply.endswith((b"Z\0\0\0\5I", b"Z\0\0\0\5T")):
            part = self._socket.recv(65536)
            assert part, reply
            reply += part
        return reply


def query(statement: str) -> bytes:
    text = statement.encode() + b"\0"
    return b"Q" + struct.pack("!i", len(text) + 4) + text


def first_value(reply: bytes) -> str | None:
    """The first value of the last row; None: there is no row."""
    found, at = None, 0
    while at < len(reply):
        kind, (size,) = reply[at : at + 1], struct.unpack_from("!i", reply, at + 1)
        assert kind != b"E", reply
        if kind == b"D":
            (length,) = struct.unpack_from("!i", reply, at + 7)
            found = reply[at + 11 : at + 11 + length].decode()
        at += 1 + size
    return found


def ask(session: Session, statement: str) -> str | None:
    return first_value(session.exec_protocol_raw(query(statement)))


def value(db: PGlite, statement: str) -> Any:
    ((result,),) = (row.values() for row in db.query(statement).rows)
    return result


def fails(db: PGlite, statement: str) -> str:
    try:
        db.query(statement)
    except DatabaseError as error:
        return error.sqlstate
    return "00000"


def until(happens: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT_S
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.01)


def main(tier: Tier) -> None:
    steps = list(STEPS)
    if find_spec("_ssl") is None:  # a Python without it cannot import the server
        steps.remove(servers_serve)
    for step in steps:
        start = time.monotonic()
        step(tier)
        print(f"ok {step.__name__} {time.monotonic() - start:.1f} s", flush=True)
    libc = " ".join(platform.libc_ver()).strip()
    print(json.dumps([platform.python_version(), platform.machine(), libc]))


if __name__ == "__main__":
    main(cast(Tier, sys.argv[1]))

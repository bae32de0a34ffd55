"""Crowds of clients before a server process: what they cost it, while they are there and after."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest

from tests.serving import Serving
from tests.waiting import until

CLIENTS = 200
WAIT_S = 60
MEBIBYTE = 1 << 20
CLIENT_BYTES = 3 * MEBIBYTE  # a fork's own pages, its buffers, its thread
LEFT_BYTES = 32 * MEBIBYTE  # what allocators keep

WIDE = "SELECT repeat('x', 1000), generate_series(1, 1000000)"  # made as it is sent


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    with Serving("--isolated", "--socket-dir", tmp_path / "socket") as serving:
        psycopg.connect(serving.url).close()  # what it needs for the first client it keeps
        yield serving


def test_two_hundred_clients_at_once(serving: Serving) -> None:
    before = serving.private_bytes()
    there = peak = 0

    async def work(number: int, everybody: asyncio.Event) -> None:
        nonlocal there, peak
        async with await psycopg.AsyncConnection.connect(serving.url) as connection:
            cursor = connection.cursor()
            await cursor.execute("CREATE TABLE t (a int, b text)")
            async with cursor.copy("COPY t FROM STDIN") as copy:
                for row in range(100):
                    await copy.write_row((row, f"of {number}"))
            there += 1
            if there == CLIENTS:
                peak = serving.private_bytes()
                everybody.set()
            await everybody.wait()
            await cursor.execute("SELECT DISTINCT b FROM t")
            assert await cursor.fetchall() == [(f"of {number}",)]

    async def main() -> None:
        everybody = asyncio.Event()
        await asyncio.gather(*(work(number, everybody) for number in range(CLIENTS)))

    asyncio.run(main())
    assert there == CLIENTS
    assert 0 < peak - before < CLIENTS * CLIENT_BYTES
    until(serving.is_at_rest, WAIT_S)
    assert serving.private_bytes() - before < LEFT_BYTES


def test_slow_readers_cost_little_and_hold_up_nobody(serving: Serving) -> None:
    before = serving.private_bytes()
    with ExitStack() as stack:
        for _ in range(50):
            slow = stack.enter_context(closing(psycopg.connect(serving.url)))
            slow.pgconn.send_query(WIDE.encode())
        for _ in range(10):
            with psycopg.connect(serving.url) as other:
                assert other.execute("SELECT 1").fetchone() == (1,)
            assert serving.private_bytes() - before < 50 * CLIENT_BYTES
            time.sleep(0.05)


VICTIM = """
import psycopg, sys, time
connections = [psycopg.connect(sys.argv[1]) for _ in range(50)]
for connection in connections:
    connection.execute("CREATE TABLE t (a int)")
    connection.pgconn.send_query(sys.argv[2].encode())
print("ready", flush=True)
time.sleep(60)
"""
DOING = {
    "receiving": WIDE,
    "waiting": "SELECT pg_sleep(600)",
    "copying in": "COPY t FROM STDIN",
    "copying out": f"COPY ({WIDE}) TO STDOUT",
    "in a transaction": "INSERT INTO t VALUES (1)",
}


@pytest.mark.parametrize("sql", DOING.values(), ids=DOING)
def test_of_a_killed_client_with_fifty_connections_nothing_is_left(
    serving: Serving, sql: str
) -> None:
    before = serving.private_bytes()
    command = [sys.executable, "-c", VICTIM, serving.url, sql]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == b"ready\n"
        victim.send_signal(signal.SIGKILL)
    until(serving.is_at_rest, WAIT_S)
    assert serving.private_bytes() - before < LEFT_BYTES
    with psycopg.connect(serving.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_sigterm_ends_a_crowd_in_time(serving: Serving) -> None:
    with ExitStack() as stack:
        for sql in list(DOING.values()) * 10:
            connection = stack.enter_context(closing(psycopg.connect(serving.url)))
            connection.execute("CREATE TABLE t (a int)")
            connection.pgconn.send_query(sql.encode())
        assert serving.stop() == (0, "", "")

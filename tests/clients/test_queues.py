"""Queues of jobs that have PostgreSQL keep them: NOTIFY, SKIP LOCKED, advisory locks."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients import programs
from tests.clients.compatibility import Client
from tests.clients.place import Place


@pytest.fixture
def place(tcp: Place) -> Place:
    return tcp


PROCRASTINATE = """
import asyncio, sys
import procrastinate

app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=sys.argv[1]))
done = []

@app.task(name="add")
async def add(a, b):
    done.append(a + b)

async def main():
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        for number in range(3):
            await add.defer_async(a=number, b=1)
        await app.run_worker_async(wait=False, install_signal_handlers=False)
        jobs = await app.job_manager.list_jobs_async()
        print(sorted(done), {job.status for job in jobs})

asyncio.run(main())
"""
PGQUEUER = """
import asyncio, sys
import asyncpg
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries

async def main():
    connection = await asyncpg.connect(sys.argv[1])
    driver = AsyncpgDriver(connection)
    await Queries(driver).install()
    queue = PgQueuer(driver)
    done = []

    @queue.entrypoint("add")
    async def add(job):
        done.append(job.payload)
        if len(done) == 3:
            queue.shutdown.set()

    await Queries(driver).enqueue(["add"] * 3, [b"0", b"1", b"2"], [0] * 3)
    await asyncio.wait_for(queue.run(), 60)
    print(sorted(done))
    await connection.close()

asyncio.run(main())
"""
DRAMATIQ = """
import sys
import dramatiq, psycopg2.pool
from dramatiq.results import Results
from dramatiq_pg import PostgresBroker

pool = psycopg2.pool.ThreadedConnectionPool(0, 8, sys.argv[1])
broker = PostgresBroker(pool=pool)
dramatiq.set_broker(broker)

@dramatiq.actor(store_results=True)
def add(a, b):
    return a + b

worker = dramatiq.Worker(broker, worker_timeout=100, worker_threads=2)
worker.start()
messages = [add.send(number, 1) for number in range(3)]
print([message.get_result(block=True, timeout=60000) for message in messages])
worker.stop()
broker.close()
"""
CELERY = """
import sys
from celery import Celery
from celery.contrib.testing.worker import start_worker

url = sys.argv[1].replace("postgresql:", "postgresql+psycopg:")
app = Celery("shop", broker="sqla+" + url, backend="db+" + url)
app.conf.broker_connection_retry_on_startup = True

@app.task
def add(a, b):
    return a + b

with start_worker(app, perform_ping_check=False, pool="solo"):
    print([result.get(timeout=60) for result in [add.delay(number, 1) for number in range(3)]])
sys.stdout.flush()
import os; os._exit(0)
"""


class TestProcrastinate:
    CLIENT = Client.installed("procrastinate on psycopg", "procrastinate")

    def test_jobs(self, url: str, script: Callable[..., str]) -> None:
        assert script(PROCRASTINATE, url) == "[1, 2, 3] {'succeeded'}\n"


class TestPgQueuer:
    CLIENT = Client.installed("PgQueuer on asyncpg", "pgqueuer")

    def test_jobs(self, url: str, script: Callable[..., str]) -> None:
        assert script(PGQUEUER, url) == "[b'0', b'1', b'2']\n"


class TestDramatiq:
    CLIENT = Client.installed("dramatiq-pg on psycopg2", "dramatiq-pg")

    def test_jobs_and_results(self, url: str, script: Callable[..., str]) -> None:
        package = importlib.util.find_spec("dramatiq_pg")
        assert package is not None and package.origin is not None
        schema = Path(package.origin).with_name("schema.sql")
        programs.run("psql", "-X", "-q", "-d", url, "-f", schema, environment={})
        assert script(DRAMATIQ, url) == "[1, 2, 3]\n"


class TestCelery:
    CLIENT = Client.installed("Celery on SQLAlchemy", "celery")

    def test_jobs_and_results(self, url: str, script: Callable[..., str]) -> None:
        assert script(CELERY, url) == "[1, 2, 3]\n"

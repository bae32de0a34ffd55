"""Fixtures: a native server for the whole run, a fresh cluster of ours for each script."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pglite_native import Engine, Snapshot
from tests import wire
from tests.concurrency.sides import Native, Ours
from tests.concurrency.stage import OpenStage, Stage, playing
from tests.oracle.native import NativeServer

RAM = Path("/dev/shm")

SETTINGS = {"max_prepared_transactions": "10"}

CLEAN = """
    do $$ declare r record; begin
        for r in select nspname from pg_namespace where nspname !~ '^(pg_|information)' loop
            execute format('drop schema %I cascade', r.nspname);
        end loop;
        for r in select rolname from pg_roles where rolname !~ '^(pg_|postgres$)' loop
            execute format('drop role %I', r.rolname);
        end loop;
    end $$;
    create schema public;
"""


@pytest.fixture(autouse=True)
def limited(limit: None) -> None:
    """Every test here ends, or ends the run."""


@pytest.fixture(scope="session")
def native_server() -> Iterator[NativeServer]:
    with NativeServer(settings=SETTINGS) as server:
        yield server


@pytest.fixture(scope="session")
def booted() -> Snapshot:
    """One cluster with the settings, before its first use: all others are mapped from it."""
    with Engine(settings=SETTINGS) as engine:
        return engine.snapshot()


def _clean(server: NativeServer) -> None:
    """Leave the server as the next script expects it; its sessions may still be leaving."""
    others = "pid <> pg_backend_pid() and backend_type = 'client backend'"
    connection = Native(server).connect()
    for (name,) in wire.rows(connection.ask("select gid from pg_prepared_xacts")):
        connection.ask(f"rollback prepared '{(name or b'').decode()}'")
    kill = f"select pg_terminate_backend(pid, 5000) from pg_stat_activity where {others}"
    for sql in (kill, CLEAN, "alter system reset all", "select pg_reload_conf()"):
        reply = connection.ask(sql)
        assert not wire.errors(reply), wire.errors(reply)
    for (name,) in wire.rows(connection.ask("select datname from pg_database where oid > 16000")):
        connection.ask(f"drop database {(name or b'').decode()} with (force)")
    connection.close()


@pytest.fixture
def open_stage(native_server: NativeServer, booted: Snapshot) -> OpenStage:
    @contextmanager
    def open_stage(side: str) -> Iterator[Stage]:
        if side == "native":
            try:
                with playing(Native(native_server)) as stage:
                    yield stage
            finally:
                _clean(native_server)
        else:
            with Engine(image=booted) as engine, playing(Ours(engine)) as stage:
                yield stage

    return open_stage


@pytest.fixture
def ram_path(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: these tests are not about the disk."""
    if not RAM.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=RAM) as folder:
        yield Path(folder)

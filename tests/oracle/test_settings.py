"""Settings are those of a native server that initdb has just made, but for what is listed here."""

from __future__ import annotations

import pytest

from pglite_native import Engine
from tests import wire
from tests.oracle.native import NativeServer

QUESTION = (
    "select name, setting, coalesce(unit, ''), vartype, context, coalesce(boot_val, '')"
    " from pg_settings"
)

# Why a value differs.
PLACE = "where the files are"
ZONE = "clusters are the same everywhere: the machine's zone is not looked at"
MUSL = "musl's names of the locale C.UTF-8: only its encoding has one"
SYSTEM = "PostgreSQL's default for a system that cannot sync a part of a file"
ONE_PROCESSOR = "no background workers: one processor a cluster"
MEMORY = "in memory nothing is to be synced"
SESSIONS = "sessions cost little here"
ABSENT = "not there, and the setting says so"
LATER = "the guest is 18.7, and the native server 18.6"
COMPUTED = "computed from max_connections and shared_buffers, and the size of pointers"
VALUES = {
    "TimeZone": ZONE,
    "log_timezone": ZONE,
    "bgwriter_flush_after": SYSTEM,
    "checkpoint_flush_after": SYSTEM,
    "config_file": PLACE,
    "data_directory": PLACE,
    "hba_file": PLACE,
    "ident_file": PLACE,
    "unix_socket_directories": PLACE,
    "fsync": MEMORY,
    "huge_pages": ABSENT,
    "io_max_concurrency": "more are never under way at once, and all forks would have a copy",
    "io_method": "reads are the host's own: there is nothing to wait for in another process",
    "jit": ABSENT,
    "lc_messages": MUSL,
    "lc_monetary": MUSL,
    "lc_numeric": MUSL,
    "lc_time": MUSL,
    "log_checkpoints": "of the log only the last lines are kept, for errors",
    "max_connections": SESSIONS,
    "max_parallel_maintenance_workers": ONE_PROCESSOR,
    "max_parallel_workers": ONE_PROCESSOR,
    "max_parallel_workers_per_gather": ONE_PROCESSOR,
    "max_slot_wal_keep_size": "in memory a slot must not keep all that was ever written",
    "max_worker_processes": ONE_PROCESSOR,
    "min_dynamic_shared_memory": "memory that is shared afterwards is shared by fewer mappings",
    "num_os_semaphores": COMPUTED,
    "server_version": LATER,
    "server_version_num": LATER,
    "shared_memory_size": COMPUTED,
    "shared_memory_size_in_huge_pages": COMPUTED,
}

Setting = tuple[str, ...]


def settings(answer: bytes) -> dict[str, Setting]:
    rows = [[(column or b"").decode() for column in row] for row in wire.rows(answer)]
    return {name: tuple(rest) for name, *rest in rows}


@pytest.fixture(scope="module")
def native() -> dict[str, Setting]:
    with NativeServer(defaults={"listen_addresses": ""}) as server:
        session = server.connect()
        try:
            return settings(session.exchange(wire.query(QUESTION), "Z"))
        finally:
            session.close()


@pytest.fixture(scope="module")
def ours() -> dict[str, Setting]:
    with Engine() as engine:
        return settings(engine.exec_protocol_raw(wire.query(QUESTION)))


def test_the_same_settings_exist(ours: dict[str, Setting], native: dict[str, Setting]) -> None:
    assert ours.keys() - native.keys() == {"composite_type_mismatch"}, LATER
    assert native.keys() <= ours.keys()


def test_values_differ_for_a_reason(ours: dict[str, Setting], native: dict[str, Setting]) -> None:
    different = {name for name in native if ours[name][0] != native[name][0]}
    assert different == VALUES.keys()


def test_types_and_contexts_are_native(
    ours: dict[str, Setting], native: dict[str, Setting]
) -> None:
    different = {name for name in native if ours[name][1:] != native[name][1:]}
    # Their boot values are the system's and the version's: see SYSTEM and LATER.
    assert different == {
        *("bgwriter_flush_after", "checkpoint_flush_after"),
        *("server_version", "server_version_num"),
    }

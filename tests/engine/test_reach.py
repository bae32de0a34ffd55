"""SQL does not reach the host, whatever a superuser says.

Not its files, programs, libraries, environment or network. A folder with a secret in it stands for
them: after each attempt the secret has not been told, and the folder is as it was.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from pglite_native import Engine, EngineError, PGliteError, _engine
from tests import wire
from tests.engine.sql import run, value

pytestmark = pytest.mark.tiers

SECRET = "what only the host knows"
LIBRARY = _engine.__file__ or ""
UP = "/".join([".."] * 40)


class Host(NamedTuple):
    """What is not to be reached."""

    folder: Path
    listener: socket.socket

    @property
    def names(self) -> dict[str, object]:
        """For the attempts, to be filled in."""
        secret = self.folder / "secret"
        return {
            "folder": self.folder,
            "secret": secret,
            "made": self.folder / "made",
            "up": f"{UP}{secret}",
            "up_folder": f"{UP}{self.folder}",
            "library": LIBRARY,
            "port": self.listener.getsockname()[1],
        }

    def check(self, reply: bytes = b"") -> None:
        """It has not been reached, by what has been answered with that."""
        assert SECRET.encode() not in reply
        assert [path.name for path in self.folder.iterdir()] == ["secret"]
        assert (self.folder / "secret").read_text() == SECRET
        with pytest.raises(BlockingIOError):
            self.listener.accept()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("host")
    (folder / "secret").write_text(SECRET)
    os.environ["PGLITE_TEST_SECRET"] = SECRET
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield Host(folder, listener)
    del os.environ["PGLITE_TEST_SECRET"]


@pytest.fixture(scope="module", params=["in memory", "in a directory"])
def reaching(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    place = None if request.param == "in memory" else tmp_path_factory.mktemp("place") / "data"
    with Engine(place) as engine:
        run(engine, "create table t (line text); create extension file_fdw")
        run(engine, "select lo_from_bytea(4711, 'x')")
        run(engine, "create server files foreign data wrapper file_fdw")
        yield engine


NO_SUCH = "58P01"  # undefined_file
FAILED = "38000"  # of a program: there is no shell
UNAVAILABLE = "0A000"
NO_FUNCTION = "42883"
NOT_NOW = "55P02"

READING = {
    "copy": ("copy t from '{secret}'", NO_SUCH),
    "copy by dots": ("copy t from '{up}'", NO_SUCH),
    "copy in an encoding": ("copy t from '{secret}' (encoding 'latin1')", NO_SUCH),
    "copy from a program": ("copy t from program 'cat {secret}'", FAILED),
    "read_file": ("select pg_read_file('{secret}')", NO_SUCH),
    "read_file by dots": ("select pg_read_file('{up}')", NO_SUCH),
    "read_binary_file": ("select pg_read_binary_file('{secret}')", NO_SUCH),
    "stat_file": ("select pg_stat_file('{secret}')", NO_SUCH),
    "ls_dir": ("select pg_ls_dir('{folder}')", NO_SUCH),
    "ls_dir by dots": ("select pg_ls_dir('{up_folder}')", NO_SUCH),
    "passwords": ("select pg_read_file('/etc/passwd')", NO_SUCH),
    "the environment": ("select pg_read_file('/proc/self/environ')", NO_SUCH),
    "memory": ("select pg_read_file('/proc/self/mem', 0, 10)", NO_SUCH),
    "processes": ("select pg_ls_dir('/proc')", NO_SUCH),
    "large object": ("select lo_import('{secret}')", NO_SUCH),
    "foreign table": (
        "begin; create foreign table f (line text) server files options (filename '{secret}');"
        " table f",
        NO_SUCH,
    ),
    "foreign table by a program": (
        "begin; create foreign table f (line text) server files options (program 'cat {secret}');"
        " table f",
        FAILED,
    ),
}
WRITING = {
    "copy": ("copy t to '{made}'", NO_SUCH),
    "copy to a program": ("copy t to program 'cat > {made}'", FAILED),
    "large object": (
        "select lo_export(4711, '{made}')",
        NO_SUCH,
    ),
    "tablespace": ("create tablespace s location '{folder}'", NO_SUCH),
    "temporary tablespace": ("set temp_tablespaces = '{folder}'", "42704"),
}
LOADING = {
    "a library": ("load '{library}'", NO_SUCH),
    "the C library": ("load '/lib/x86_64-linux-gnu/libc.so.6'", NO_SUCH),
    "by dots": ("load '$libdir/" + UP + "{library}'", NO_SUCH),
    "a function of it": (
        "create function f(text) returns int as '{library}', 'system' language c",
        NO_SUCH,
    ),
    "a function of the C library": (
        "create function f(text) returns int as 'libc', 'system' language c",
        NO_SUCH,
    ),
    "a function of the guest's": (
        "create function f(text) returns int as '$libdir/plpgsql', 'pgl_system' language c",
        NO_FUNCTION,
    ),
    "an internal function": (
        "create function f(text) returns int as 'system' language internal",
        NO_FUNCTION,
    ),
    "plpython": ("create extension plpython3u", UNAVAILABLE),
    "plperl": ("create extension plperlu", UNAVAILABLE),
    "adminpack": ("create extension adminpack", UNAVAILABLE),
}
CONNECTING = {
    "dblink": ("create extension dblink", UNAVAILABLE),
    "postgres_fdw": ("create extension postgres_fdw", UNAVAILABLE),
    "subscription": (
        "create subscription s connection 'host=127.0.0.1 port={port}' publication p",
        "08006",
    ),
}
SETTING = {
    "data_directory": ("set data_directory = '{folder}'", NOT_NOW),
    "data_directory, for ever": ("alter system set data_directory = '{folder}'", NOT_NOW),
    "log_directory": ("set log_directory = '{folder}'", NOT_NOW),
    "archive_command": ("set archive_command = 'touch {made}'", NOT_NOW),
    "unix_socket_directories": ("set unix_socket_directories = '{folder}'", NOT_NOW),
}
ATTEMPTS = [READING, WRITING, LOADING, CONNECTING, SETTING]


@pytest.mark.parametrize(
    ("attempt", "sqlstate"),
    [case for kind in ATTEMPTS for case in kind.values()],
    ids=[name for kind in ATTEMPTS for name in kind],
)
def test_an_attempt_fails(reaching: Engine, host: Host, attempt: str, sqlstate: str) -> None:
    reply = reaching.exec_protocol_raw(wire.query(attempt.format(**host.names)))
    host.check(reply)
    assert wire.sqlstates(reply) == [sqlstate]
    run(reaching, "rollback")


def test_the_guest_has_devices_of_its_own(
    reaching: Engine, host: Host, capfd: pytest.CaptureFixture[str]
) -> None:
    run(reaching, f"copy (select '{SECRET}') to '/dev/stdout'")
    run(reaching, f"copy (select '{SECRET}') to '/dev/stderr'")
    run(reaching, "copy t from '/dev/stdin'")
    assert capfd.readouterr() == ("", "")
    assert set(run(reaching, "select pg_ls_dir('/')")) == {
        ("dev",),
        ("home",),
        ("pglite",),
        ("tmp",),
    }
    host.check()


def test_no_setting_tells_of_the_host(reaching: Engine, host: Host) -> None:
    settings = run(reaching, "select name, setting from pg_settings")
    for told in (SECRET, os.getcwd(), os.path.expanduser("~"), str(host.folder)):
        assert not [row for row in settings if told in (row[1] or "")]


def test_libraries_to_be_loaded_later_are_not(reaching: Engine, host: Host) -> None:
    """By sessions that begin after it has been set."""
    for setting in ("local_preload_libraries", "session_preload_libraries"):
        run(reaching, f"alter role postgres set {setting} = '{LIBRARY}'")
        with suppress(PGliteError), reaching.open_session(user="postgres") as session:
            host.check(session.exec_protocol_raw(wire.query("select 1")))
        run(reaching, f"alter role postgres reset {setting}")
    host.check()


def test_configuration_that_includes_files_of_the_host_does_not_tell_them(
    reaching: Engine, host: Host
) -> None:
    names = host.names
    for line in ("include '{secret}'", "include_dir '{folder}'", "hba_file = '{secret}'"):
        text = line.format(**names).replace("'", "''")
        run(reaching, f"copy (select '{text}') to '/pglite/data/postgresql.auto.conf'")
        run(reaching, "select pg_reload_conf()")
        for view in ("pg_file_settings", "pg_hba_file_rules", "pg_ident_file_mappings"):
            host.check(reaching.exec_protocol_raw(wire.query(f"select * from {view}")))
    run(reaching, "copy (select) to '/pglite/data/postgresql.auto.conf'")
    run(reaching, "select pg_reload_conf()")


COMMANDS = (
    "archive_command",
    "restore_command",
    "archive_cleanup_command",
    "recovery_end_command",
    "ssl_passphrase_command",
)


def test_settings_of_the_next_start_reach_nothing(tmp_path: Path, host: Host) -> None:
    """With them it starts or does not; nothing is run, written or listened at."""
    names = host.names
    attempts = [
        dict.fromkeys(COMMANDS, "touch {made}") | {"archive_mode": "on"},
        {"logging_collector": "on", "log_directory": "{folder}", "log_filename": "made"},
        {"external_pid_file": "{made}", "listen_addresses": "127.0.0.1", "port": "{port}"},
        {"unix_socket_directories": "{folder}", "dynamic_library_path": "{folder}"},
        {"ssl_cert_file": "{secret}", "ssl_key_file": "{secret}", "ssl_ca_file": "{secret}"},
        {"shared_preload_libraries": "{library}"},
    ]
    for number, settings in enumerate(attempts):
        place = tmp_path / str(number)
        with Engine(place) as engine:
            for name, text in settings.items():
                run(engine, f"alter system set {name} = '{text.format(**names)}'")
        with suppress(EngineError), Engine(place) as engine:
            run(engine, "select pg_switch_wal(); checkpoint")
        host.check()


# --- a data directory with links in it ------------------------------------------------------


LINKED = {
    "a folder": ("place", "{folder}"),
    "a folder by dots": ("place", "../host"),
    "a file": ("file", "{folder}/secret"),
    "a file by dots": ("file", "../host/secret"),
    "a tablespace": ("pg_tblspc/99999", "{folder}"),
}


@pytest.mark.parametrize("when", ["before it is opened", "while it is open"])
def test_links_that_lead_out_of_a_data_directory_are_not_followed(
    tmp_path: Path, when: str
) -> None:
    folder, data = tmp_path / "host", tmp_path / "data"
    folder.mkdir()
    (folder / "secret").write_text(SECRET)

    def link() -> None:
        for number, (name, target) in enumerate(LINKED.values()):
            path = data / (name if "/" in name else f"{name}{number}")
            path.symlink_to(target.format(folder=folder))

    with Engine(data) as engine:
        run(engine, "create table t (line text)")
        if when == "while it is open":
            link()
            try_links(engine)
    if when == "before it is opened":
        link()
        with Engine(data) as engine:
            try_links(engine)
    assert [path.name for path in folder.iterdir()] == ["secret"]
    assert (folder / "secret").read_text() == SECRET


def try_links(engine: Engine) -> None:
    for name in ("place0", "place1", "pg_tblspc/99999"):
        assert_out_of_reach(engine, f"select pg_ls_dir('{name}')")
        assert_out_of_reach(engine, f"select pg_read_file('{name}/secret')")
        assert_out_of_reach(engine, f"copy (select 1) to '/pglite/data/{name}/made'")
    for name in ("file2", "file3"):
        assert_out_of_reach(engine, f"select pg_read_file('{name}')")
        assert_out_of_reach(engine, f"copy t from '/pglite/data/{name}'")
        assert_out_of_reach(engine, f"copy (select 1) to '/pglite/data/{name}'")


def assert_out_of_reach(engine: Engine, sql: str) -> None:
    reply = engine.exec_protocol_raw(wire.query(sql))
    assert SECRET.encode() not in reply
    assert len(wire.sqlstates(reply)) == 1


def test_a_table_s_file_that_becomes_a_link_reads_and_writes_nothing_outside(
    tmp_path: Path,
) -> None:
    outside, data = tmp_path / "outside", tmp_path / "data"
    outside.write_bytes(SECRET.encode() * 1000)
    with Engine(data) as engine:
        run(engine, "create table t as select 1 as n; checkpoint")
        path = data / (value(engine, "select pg_relation_filepath('t')") or "")
    path.unlink()
    path.symlink_to(outside)
    with Engine(data) as engine:
        for sql in ("table t", "insert into t values (2)", "vacuum full t", "drop table t"):
            assert SECRET.encode() not in engine.exec_protocol_raw(wire.query(sql))
    assert outside.read_bytes() == SECRET.encode() * 1000

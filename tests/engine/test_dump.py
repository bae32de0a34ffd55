"""dump_data_dir and load_data_dir: what is in a tarball, and what of a bad one."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from pglite_native import (
    DataDirError,
    Engine,
    EngineBusy,
    EngineClosed,
    EngineError,
    EngineMemoryError,
    SnapshotError,
)
from tests import wire
from tests.engine import child
from tests.engine.sql import run, value

OWN_FILES = {".pglite-native.lock"}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine() as source:
        run(source, "create table t as select g, md5(g::text) from generate_series(1, 1000) g")
        yield source


@pytest.fixture(scope="module")
def tarball(engine: Engine) -> bytes:
    return engine.dump_data_dir(compression="none")


def names(tarball: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(tarball)) as tar:
        return tar.getnames()


def changed(tarball: bytes, change: Callable[[tarfile.TarInfo], tarfile.TarInfo | None]) -> bytes:
    """Return the tarball with its members changed, or left out where None is returned."""
    buffer = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(tarball)) as old,
        tarfile.open(fileobj=buffer, mode="w") as new,
    ):
        for member in old:
            content = old.extractfile(member)
            replaced = change(member)
            if replaced is not None:
                new.addfile(replaced, content)
    return buffer.getvalue()


def with_member(tarball: bytes, member: tarfile.TarInfo, content: bytes = b"") -> bytes:
    buffer = io.BytesIO(tarball)
    with tarfile.open(fileobj=buffer, mode="a") as tar:
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def link(name: str, kind: bytes, target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


# --- both ways ------------------------------------------------------------------------------

SUM = "select count(*), md5(string_agg(md5, '' order by g)) from t"


@pytest.mark.parametrize("compression", ["auto", "gzip", "none"])
def test_a_tarball_becomes_the_same_database(
    engine: Engine, compression: Literal["auto", "gzip", "none"]
) -> None:
    tarball = engine.dump_data_dir(compression=compression)
    assert (tarball[:2] == b"\x1f\x8b") == (compression != "none")
    with Engine(load_data_dir=tarball) as copy:
        assert run(copy, SUM) == run(engine, SUM)
        run(copy, "drop table t")
        with copy.fork() as fork:
            assert value(fork, "select to_regclass('t')") is None
    assert value(engine, "select count(*) from t") == "1000"


def test_a_durable_directory_is_made_of_one(tarball: bytes, ram_path: Path) -> None:
    folder = ram_path / "data"
    with Engine(folder, load_data_dir=tarball) as engine:
        assert value(engine, "show fsync") == "on"
        run(engine, "insert into t values (1001, '')")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()} == {0o600}
    with Engine(folder) as engine:
        assert value(engine, "select count(*) from t") == "1001"
        again = engine.dump_data_dir(compression="none")
    assert not OWN_FILES & set(names(again))
    with Engine(load_data_dir=again) as copy:
        assert value(copy, "select count(*) from t") == "1001"


@pytest.mark.parametrize("is_durable", [False, True], ids=["memory", "directory"])
def test_unlogged_tables_are_in_it(is_durable: bool, ram_path: Path) -> None:
    with Engine(ram_path / "data" if is_durable else None) as engine:
        run(engine, "create unlogged table u as select g from generate_series(1, 1000) g")
        tarball = engine.dump_data_dir(compression="none")
        run(engine, "insert into u values (1001)")
        assert value(engine, "select count(*) from u") == "1001"
    with Engine(load_data_dir=tarball) as copy:
        assert value(copy, "select count(*) from u") == "1000"


DUMPED = """
import io, os, signal, sys
from pglite_native import Engine
from tests.engine.sql import run

class Killing(io.BytesIO):
    def write(self, data):
        if sys.argv[2] == "within":
            os.kill(os.getpid(), signal.SIGKILL)
        return super().write(data)

engine = Engine(sys.argv[1])
run(engine, "create table t as select g from generate_series(1, 1000) g")
engine.dump_data_dir(Killing(), "none")
run(engine, "insert into t values (1001)")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(("when", "rows"), [("within", "1000"), ("after", "1001")])
def test_killed_within_it_or_after_it_nothing_is_lost(when: str, rows: str, ram_path: Path) -> None:
    """The directory is one that was shut down for as long as the dump takes, and no longer."""
    child.is_killed(DUMPED, ram_path / "data", when)
    with Engine(ram_path / "data") as engine:
        assert value(engine, "select count(*) from t") == rows


LOADER = """
import io, os, signal, sys
from pglite_native import Engine

class Killing(io.FileIO):
    left = int(sys.argv[3])

    def read(self, size):
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1
        return super().read(size)

Engine(sys.argv[1], load_data_dir=Killing(sys.argv[2]))
"""


@pytest.mark.parametrize("reads", [1, 2, 10, 50])
def test_killed_while_loading_it_leaves_no_empty_database(
    tarball: bytes, ram_path: Path, reads: int
) -> None:
    source, folder = ram_path / "source.tar", ram_path / "data"
    source.write_bytes(tarball)
    child.is_killed(LOADER, folder, source, reads)
    for initdb_args in (None, ["--locale=C"]):
        with pytest.raises(EngineError, match="load_data_dir was interrupted"):
            Engine(folder, initdb_args=initdb_args)
    with Engine(folder, load_data_dir=tarball) as engine:
        assert value(engine, "select count(*) from t") == "1000"
    with Engine(folder) as engine:
        assert value(engine, "select count(*) from t") == "1000"


def test_settings_count_and_copies_load_nothing_again(tarball: bytes, ram_path: Path) -> None:
    with (
        Engine(ram_path / "data", load_data_dir=tarball, settings={"work_mem": "7MB"}) as engine,
        engine.copy_to_memory() as copy,
    ):
        run(engine, "drop table t")
        assert value(copy, "show work_mem") == "7MB"
        assert value(copy, "select count(*) from t") == "1000"


def test_files_and_file_like_objects(engine: Engine, ram_path: Path) -> None:
    path = ram_path / "a.tar"
    engine.dump_data_dir(path)
    engine.dump_data_dir(str(ram_path / "a.tar.gz"))
    zipped = (ram_path / "a.tar.gz").read_bytes()
    assert zipped[:2] == b"\x1f\x8b"
    assert names(path.read_bytes()) == names(zipped)
    buffer = io.BytesIO()
    engine.dump_data_dir(buffer, "none")
    assert sorted(os.listdir(ram_path)) == ["a.tar", "a.tar.gz"]
    buffer.seek(0)
    sources: list[Any] = [path, str(path), memoryview(path.read_bytes()), buffer]
    for source in sources:
        with Engine(load_data_dir=source) as copy:
            assert value(copy, "select count(*) from t") == "1000"


def test_a_pipe_will_do(engine: Engine) -> None:
    tarball = engine.dump_data_dir()
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.close(reading)
        with os.fdopen(writing, "wb") as end:
            end.write(tarball)
        os._exit(0)
    os.close(writing)
    with io.FileIO(reading) as pipe, Engine(load_data_dir=pipe) as copy:
        assert value(copy, "select count(*) from t") == "1000"


def test_what_a_tarball_holds(tarball: bytes) -> None:
    with tarfile.open(fileobj=io.BytesIO(tarball)) as tar:
        members = tar.getmembers()
    assert all(member.isreg() or member.isdir() for member in members)
    assert {(member.mode, member.uid, member.uname) for member in members if member.isreg()} == {
        (0o600, 0, "")
    }
    found = {member.name for member in members}
    assert {"PG_VERSION", "global/pg_control", "pg_notify"} <= found
    assert "postmaster.pid" not in found


@pytest.mark.parametrize("prefix", ["/", "./"])
def test_names_may_begin_with_a_slash_or_a_dot(tarball: bytes, prefix: str) -> None:
    renamed = changed(tarball, lambda member: member.replace(name=prefix + member.name))
    with Engine(load_data_dir=renamed) as copy:
        assert value(copy, "select count(*) from t") == "1000"


def test_what_somebody_else_runs_by_is_passed_over(tarball: bytes) -> None:
    for name in ("postmaster.pid", ".pglite-native.lock", ".pglite-native.creating"):
        tarball = with_member(tarball, tarfile.TarInfo(name), b"1\n")
    with Engine(load_data_dir=tarball) as copy:
        assert value(copy, "select count(*) from t") == "1000"


def test_a_tablespace_goes_with_its_files() -> None:
    with Engine() as engine:
        run(engine, "set allow_in_place_tablespaces = on")
        run(engine, "create tablespace s location ''")
        run(engine, "create table p tablespace s as select 5 as a")
        tarball = engine.dump_data_dir()
    with Engine(load_data_dir=tarball) as copy:
        assert value(copy, "select a from p") == "5"


# --- when it cannot be ----------------------------------------------------------------------


def test_no_dump_within_a_transaction_or_beside_a_call(engine: Engine) -> None:
    run(engine, "begin")
    with pytest.raises(SnapshotError, match="transaction"):
        engine.dump_data_dir()
    run(engine, "rollback")
    with engine.exec_protocol_stream(wire.query("select 1")), pytest.raises(EngineBusy):
        engine.dump_data_dir()
    assert value(engine, "select 1") == "1"


class Full(io.RawIOBase):
    """A disk on which there is no space."""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        raise OSError(28, "No space left on device")


def test_a_disk_that_is_full_leaves_no_file_and_the_engine_free(
    engine: Engine, ram_path: Path
) -> None:
    with pytest.raises(OSError, match="No space"):
        engine.dump_data_dir(Full(), "none")
    with pytest.raises(FileNotFoundError):
        engine.dump_data_dir(ram_path / "missing" / "a.tar")
    assert list(ram_path.iterdir()) == []
    assert value(engine, "select 1") == "1"


class Curious(io.BytesIO):
    """A file that uses the engine which writes to it."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine = engine

    def write(self, data: Any) -> int:
        if self.tell() == 0:
            with pytest.raises(EngineBusy):
                self.engine.exec_protocol_raw(wire.query("select 1"))
        return super().write(data)


def test_nothing_runs_while_files_are_read(engine: Engine) -> None:
    file = Curious(engine)
    engine.dump_data_dir(file, "none")
    assert value(engine, "select 1") == "1"


def test_an_engine_that_is_closed_meanwhile(engine: Engine) -> None:
    class Closing(io.BytesIO):
        def write(self, data: Any) -> int:
            fork.close()
            return super().write(data)

    with engine.fork() as fork, pytest.raises(EngineClosed):
        fork.dump_data_dir(Closing(), "none")


def test_what_a_dump_is_asked_for_must_exist(engine: Engine) -> None:
    with pytest.raises(ValueError, match="compression"):
        engine.dump_data_dir(compression="zip")  # type: ignore[call-overload]


def test_a_directory_with_a_database_is_left_alone(tarball: bytes, ram_path: Path) -> None:
    folder = ram_path / "data"
    with Engine(folder) as engine:
        run(engine, "create table mine()")
    with pytest.raises(EngineError, match="load_data_dir is for a new one"):
        Engine(folder, load_data_dir=tarball)
    with Engine(folder) as engine:
        assert value(engine, "select to_regclass('mine')") == "mine"


def test_arguments_that_exclude_each_other(tarball: bytes, engine: Engine) -> None:
    with pytest.raises(ValueError, match="initdb_args"):
        Engine(load_data_dir=tarball, initdb_args=[])
    with pytest.raises(ValueError, match="load_data_dir"):
        Engine(load_data_dir=tarball, image=engine.snapshot())


def test_the_memory_limit_counts(tarball: bytes) -> None:
    with pytest.raises(EngineMemoryError, match=r"base/.*: no space is left for it"):
        Engine(load_data_dir=tarball, memory_limit=1 << 20)


@pytest.mark.parametrize("folder", ["pg_wal", "pg_xact"])
def test_the_memory_limit_counts_for_what_postgresql_may_always_write(
    tarball: bytes, folder: str
) -> None:
    bomb = with_member(tarball, tarfile.TarInfo(f"{folder}/large"), bytes(192 << 20))
    with pytest.raises(EngineMemoryError, match=f"{folder}/large: no space is left for it"):
        Engine(load_data_dir=gzip.compress(bomb, 1), memory_limit=48 << 20)


@pytest.mark.parametrize("folder", ["pg_wal", "base"])
def test_the_memory_limit_counts_for_empty_files(tarball: bytes, folder: str) -> None:
    bomb = io.BytesIO(tarball)
    with tarfile.open(fileobj=bomb, mode="a") as tar:
        for n in range(12000):
            tar.addfile(tarfile.TarInfo(f"{folder}/empty{n}"))
    with pytest.raises(EngineMemoryError, match=rf"{folder}/empty\d+: no space is left for it"):
        Engine(load_data_dir=bomb.getvalue(), memory_limit=48 << 20)


# --- tarballs that are bad, in memory and in a directory -------------------------------------


def cut(tarball: bytes) -> bytes:
    return tarball[: len(tarball) // 2 + 100]


def cut_between_members(tarball: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(tarball)) as tar:
        return tarball[: tar.getmembers()[700].offset]


def damaged_header(tarball: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(tarball)) as tar:
        offset = tar.getmembers()[700].offset
    return tarball[:offset] + b"x" + tarball[offset + 1 :]


def damaged_gzip(tarball: bytes) -> bytes:
    zipped = gzip.compress(tarball, 1)
    return zipped[:-8] + b"\0\0\0\0" + zipped[-4:]


def without(name: str) -> Callable[[bytes], bytes]:
    return lambda tarball: changed(tarball, lambda m: None if m.name == name else m)


def other_version(tarball: bytes) -> bytes:
    older = without("PG_VERSION")(tarball)
    return with_member(older, tarfile.TarInfo("PG_VERSION"), b"17\n")


def sparse(tarball: bytes) -> bytes:
    """A GNU sparse file of 8 EiB: one hole."""
    header = bytearray(tarfile.TarInfo("base/1/9").tobuf(tarfile.GNU_FORMAT))
    header[156:157] = tarfile.GNUTYPE_SPARSE
    header[386:398] = b"00000000000\0"
    header[398:410] = b"00000000000\0"
    header[483:495] = b"\x80" + (1 << 62).to_bytes(11, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + tarball


def with_headers(tarball: bytes, name: str, headers: dict[str, str]) -> bytes:
    buffer = io.BytesIO(tarball)
    with tarfile.open(fileobj=buffer, mode="a", format=tarfile.PAX_FORMAT) as tar:
        member = tarfile.TarInfo(name)
        member.pax_headers = headers
        tar.addfile(member)
    return buffer.getvalue()


def header_chain(tarball: bytes) -> bytes:
    """Headers for all members, one upon the other."""
    member = tarfile.TarInfo("x")
    member.type, member.size = tarfile.XGLTYPE, len(b"10 a=bcde\n")
    return (member.tobuf() + b"10 a=bcde\n".ljust(tarfile.BLOCKSIZE, b"\0")) * 2000 + tarball


BAD = {
    "nothing": (lambda tarball: b"", "empty"),
    "no tarball": (lambda tarball: b"x" * 5000, "damaged"),
    "no gzip": (lambda tarball: b"\x1f\x8b" + b"x" * 5000, "damaged"),
    "cut off": (cut, "damaged or cut off"),
    "cut off between members": (cut_between_members, "damaged or cut off"),
    "cut off gzip": (lambda tarball: gzip.compress(tarball, 1)[:-5000], "damaged or cut off"),
    "a damaged header": (damaged_header, "damaged"),
    "a damaged checksum": (damaged_gzip, "CRC"),
    "another tarball": (without("PG_VERSION"), "no PG_VERSION"),
    "in a folder": (
        lambda tarball: changed(tarball, lambda m: m.replace(name="pgdata/" + m.name)),
        "in a folder",
    ),
    "no control file": (without("global/pg_control"), "pg_control"),
    "another version": (other_version, "version 17"),
    "a way up": (
        lambda tarball: with_member(tarball, tarfile.TarInfo("base/../../../x")),
        "not lie within",
    ),
    "a file twice": (
        lambda tarball: with_member(tarball, tarfile.TarInfo("PG_VERSION"), b"18\n"),
        "PG_VERSION: the same path occurs twice",
    ),
    "a file in a file": (
        lambda tarball: with_member(tarball, tarfile.TarInfo("PG_VERSION/x")),
        "is not a directory",
    ),
    "a symbolic link": (
        lambda tarball: with_member(tarball, link("pg_tblspc/1", tarfile.SYMTYPE, "/tmp")),
        "pg_tblspc/1: it is neither",
    ),
    "a hard link": (
        lambda tarball: with_member(tarball, link("x", tarfile.LNKTYPE, "/etc/passwd")),
        "neither",
    ),
    "a device": (lambda tarball: with_member(tarball, link("x", tarfile.CHRTYPE, "")), "neither"),
    "a pipe": (lambda tarball: with_member(tarball, link("x", tarfile.FIFOTYPE, "")), "neither"),
    "a sparse file": (sparse, "neither"),
    "a sparse file's map": (
        lambda tarball: with_headers(tarball, "base/1/9", {"GNU.sparse.map": "a,b"}),
        "damaged",
    ),
    "a long header": (
        lambda tarball: with_headers(tarball, "base/1/9", {"comment": "x" * 100_000}),
        "headers of a member",
    ),
    "a chain of headers": (header_chain, "headers of a member"),
    "a deep tree": (
        lambda tarball: with_headers(tarball, "d/" * 1900 + "x", {}),
        "not lie within",
    ),
    "a long name": (
        lambda tarball: with_member(tarball, tarfile.TarInfo("x" * 300)),
        "not lie within",
    ),
}


@pytest.mark.parametrize(("spoil", "message"), BAD.values(), ids=BAD.keys())
def test_a_bad_tarball_is_refused_and_leaves_nothing(
    tarball: bytes, spoil: Callable[[bytes], bytes], message: str, ram_path: Path
) -> None:
    bad = spoil(tarball)
    with pytest.raises(EngineError, match=message) as raised:
        Engine(load_data_dir=bad)
    folder = ram_path / "data"
    with pytest.raises(type(raised.value), match=message):
        Engine(folder, load_data_dir=bad)
    assert set(os.listdir(folder)) <= OWN_FILES
    assert {path.name for path in ram_path.iterdir()} == {"data"}


def test_after_a_failure_the_directory_can_be_loaded_into(tarball: bytes, ram_path: Path) -> None:
    with pytest.raises(DataDirError):
        Engine(ram_path, load_data_dir=cut(tarball))
    with Engine(ram_path, load_data_dir=tarball) as engine:
        assert value(engine, "select count(*) from t") == "1000"


def test_a_source_that_fails_is_not_taken_for_a_bad_tarball(ram_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Engine(load_data_dir=ram_path / "missing.tar.gz")

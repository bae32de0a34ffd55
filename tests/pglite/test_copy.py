"""copy_from and copy_to: data in bulk, and what becomes of the session when something fails."""

from __future__ import annotations

import asyncio
import gzip
import io
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pglite_native import AsyncPGlite, DatabaseError, EngineBusy, PGlite

MIB = 1 << 20


@pytest.fixture
def table(db: PGlite) -> PGlite:
    db.exec("create table t (a int, b text)")
    return db


def count(db: PGlite) -> int:
    rows: list[dict[str, int]] = db.query("select count(*)::int as n from t").rows
    return rows[0]["n"]


class OneByOne(io.RawIOBase):
    """A file that gives and takes a few bytes at a time, as a socket may."""

    def __init__(self, data: bytes = b"") -> None:
        self.data = bytearray(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        piece = bytes(self.data[:3])
        del self.data[:3]
        return piece


@pytest.mark.parametrize("kind", ["bytes", "bytearray", "memoryview", "file", "lines", "parts"])
def test_a_source_of_any_kind(table: PGlite, kind: str) -> None:
    data = b"".join(b"%d\tx%d\n" % (n, n) for n in range(1000))
    sources: dict[str, Any] = {
        "bytes": data,
        "bytearray": bytearray(data),
        "memoryview": memoryview(data),
        "file": io.BytesIO(data),
        "lines": io.BytesIO(data).readlines(),
        "parts": OneByOne(data),
    }
    assert table.copy_from("copy t from stdin", sources[kind]) == 1000
    assert table.query("select min(a), max(b), count(*) from t", row_mode="array").rows == [
        (0, "x999", 1000)
    ]


def test_files_on_disk_zipped_both_ways(table: PGlite, tmp_path: Path) -> None:
    table.exec("insert into t select g, 'ü' || g from generate_series(1, 5000) g")
    with gzip.open(tmp_path / "t.csv.gz", "wb") as file:
        assert table.copy_to("copy t to stdout (format csv, header)", file) == 5000
    table.exec("create table u (like t)")
    with gzip.open(tmp_path / "t.csv.gz", "rb") as file:
        assert table.copy_from("copy u from stdin (format csv, header match)", file) == 5000
    assert table.query("table t except table u").rows == []


def test_the_binary_format(table: PGlite) -> None:
    table.exec("insert into t values (1, 'a'), (2, null)")
    data = table.copy_to("copy t to stdout (format binary)")
    assert data.startswith(b"PGCOPY\n\xff\r\n\0")
    assert table.copy_from("copy t from stdin (format binary)", data) == 2
    assert count(table) == 4


def test_nothing_to_copy(table: PGlite) -> None:
    assert table.copy_from("copy t from stdin", b"") == 0
    assert table.copy_from("copy t from stdin", iter(())) == 0
    assert table.copy_to("copy t to stdout") == b""
    assert table.copy_to("copy (select 1) to stdout") == b"1\n"


def test_memory_stays_bounded(table: PGlite) -> None:
    class Sink:
        size = 0

        def write(self, data: bytes) -> None:
            self.size += len(data)

    line = b"1\t" + b"x" * 997 + b"\n"
    sink = Sink()
    tracemalloc.start()
    try:
        table.copy_from("copy t from stdin", (line for _ in range(20_000)))
        table.copy_to("copy t to stdout", sink)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sink.size == 20_000 * len(line)
    assert peak < 4 * MIB


def test_within_a_transaction(table: PGlite) -> None:
    with table.transaction() as transaction:
        transaction.copy_from("copy t from stdin", b"1\ta\n")
        with pytest.raises(LookupError), transaction.transaction() as savepoint:
            savepoint.copy_from("copy t from stdin", b"2\tb\n")
            raise LookupError
        assert transaction.copy_to("copy t to stdout") == b"1\ta\n"
    assert count(table) == 1


def test_notifications_of_triggers_are_heard(table: PGlite) -> None:
    table.exec("""
        create function tell() returns trigger language plpgsql as
            'begin perform pg_notify(''rows'', new.b); return new; end';
        create trigger tell after insert on t for each row execute function tell();
    """)
    heard: list[str] = []
    table.listen("rows", heard.append)
    table.copy_from("copy t from stdin", b"1\ta\n2\tb\n")
    assert heard == ["a", "b"]


# --- failures: the session is in order afterwards ---------------------------------------------


def test_data_that_the_server_refuses(table: PGlite) -> None:
    read = 0

    def lines() -> Iterator[bytes]:
        nonlocal read
        for read in range(1_000_000):
            yield b"%d\t%s\n" % (read, b"x" * 1000) if read != 300 else b"none\tx\n"

    with pytest.raises(DatabaseError, match="invalid input syntax") as raised:
        table.copy_from("copy t from stdin", lines())
    assert raised.value.sqlstate == "22P02"
    assert raised.value.where == 'COPY t, line 301, column a: "none"'
    assert read < 2000, "the rest is not read"
    assert count(table) == 0


@pytest.mark.parametrize("error", [LookupError("gone\0"), KeyboardInterrupt(), GeneratorExit()])
def test_a_source_that_fails(table: PGlite, error: BaseException) -> None:
    def lines() -> Iterator[bytes]:
        yield b"1\ta\n" * 100_000
        raise error

    with pytest.raises(type(error)) as raised:
        table.copy_from("copy t from stdin", lines())
    assert raised.value is error
    assert count(table) == 0


def test_files_may_be_of_text(table: PGlite, tmp_path: Path) -> None:
    text = "1\té\n"
    (tmp_path / "in").write_text(text, encoding="utf-8")
    with (tmp_path / "in").open(encoding="utf-8") as file:
        for source in (file, io.StringIO(text), [text, text.encode()], iter([text])):
            table.copy_from("copy t from stdin", source)  # type: ignore[arg-type]
    assert count(table) == 5
    with (tmp_path / "out").open("w", encoding="utf-8") as file:
        assert table.copy_to("copy t to stdout", file) == 5
    assert (tmp_path / "out").read_text(encoding="utf-8") == text * 5


def test_a_source_that_is_none(table: PGlite) -> None:
    with pytest.raises(TypeError, match=r"it yielded int$"):
        table.copy_from("copy t from stdin", [1])  # type: ignore[arg-type]
    for path in ("t.csv", Path("t.csv")):
        with pytest.raises(TypeError, match=r"not from a \w+: open\(path, 'rb'\) for a path"):
            table.copy_from("copy t from stdin", path)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        table.copy_from("copy t from stdin", 5)  # type: ignore[arg-type]
    assert count(table) == 0


def test_a_sink_that_fails_cancels(table: PGlite) -> None:
    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        table.copy_to("copy (select generate_series(1, 100000000)) to stdout", Full())
    assert count(table) == 0
    with pytest.raises(OSError, match="no space"), table.transaction() as transaction:
        transaction.exec("insert into t values (1)")
        transaction.copy_to("copy t to stdout", Full())
    assert count(table) == 0


def test_an_error_in_the_middle_of_what_comes(table: PGlite) -> None:
    sink = io.BytesIO()
    with pytest.raises(DatabaseError, match="division by zero"):
        table.copy_to(
            "copy (select 1 / (9999 - g) from generate_series(1, 10000) g) to stdout", sink
        )
    assert count(table) == 0


def test_other_statements_are_refused(table: PGlite) -> None:
    with pytest.raises(ValueError, match="not a COPY FROM STDIN"):
        table.copy_from("copy t to stdout", b"1\ta\n")
    with pytest.raises(ValueError, match="not a COPY FROM STDIN"):
        table.copy_from("select 1", b"")
    with pytest.raises(DatabaseError, match="copy_from"):
        table.copy_to("copy t from stdin")
    with pytest.raises(ValueError, match="not a COPY TO STDOUT"):
        table.copy_to("select 1")
    with pytest.raises(DatabaseError, match="multiple commands"):
        table.copy_from("copy t from stdin; copy t from stdin", b"")
    with pytest.raises(DatabaseError, match="does not exist"):
        table.copy_from("copy missing from stdin", b"")
    assert count(table) == 0


def test_a_source_and_a_sink_cannot_use_the_database(table: PGlite) -> None:
    def lines() -> Iterator[bytes]:
        yield b"%d\tx\n" % count(table)

    class Sink:
        def write(self, data: bytes) -> None:
            count(table)

    with pytest.raises(EngineBusy, match="COPY"):
        table.copy_from("copy t from stdin", lines())
    table.exec("insert into t values (1)")
    with pytest.raises(EngineBusy, match="stream"):
        table.copy_to("copy t to stdout", Sink())
    assert count(table) == 1


def test_cancelled_from_another_thread(table: PGlite) -> None:
    timer = threading.Timer(0.2, table.engine.cancel)

    def lines() -> Iterator[bytes]:
        timer.start()
        started = time.monotonic()
        while time.monotonic() < started + 30:
            yield b"1\tx\n" * 100_000

    with pytest.raises(DatabaseError) as raised:
        table.copy_from("copy t from stdin", lines())
    assert raised.value.sqlstate == "57014"
    assert count(table) == 0


def test_asynchronously(tmp_path: Path) -> None:
    async def main() -> None:
        async with AsyncPGlite() as db:
            await db.exec("create table t (a int)")
            assert await db.copy_from("copy t from stdin", b"1\n2\n") == 2
            async with db.transaction() as transaction:
                assert await transaction.copy_from("copy t from stdin", [b"3\n", b"4\n"]) == 2
            with (tmp_path / "t").open("wb") as file:
                assert await db.copy_to("copy t to stdout", file) == 4
            assert (tmp_path / "t").read_bytes() == b"1\n2\n3\n4\n"
            assert await db.copy_to("copy t to stdout") == b"1\n2\n3\n4\n"
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(
                    db.copy_to("copy (select generate_series(1, 1000000000)) to stdout"), 0.2
                )
            assert (await db.query("select count(*)::int as n from t")).rows == [{"n": 4}]

    asyncio.run(main())

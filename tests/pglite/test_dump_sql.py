"""`dump_sql`: what is dumped, where it goes, what is refused. tests/oracle has what is written."""

from __future__ import annotations

import asyncio
import gzip
import io
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pglite_native import (
    AsyncPGlite,
    DatabaseError,
    DumpError,
    EngineClosed,
    EngineError,
    PGlite,
    TransactionError,
)
from tests.waiting import in_thread, until_blocked

KEY = "--restrict-key=key"  # in place of one that is another each time


@pytest.fixture
def db() -> Iterator[PGlite]:
    with PGlite() as db:
        db.exec("create table author (id int primary key, name text)")
        db.exec("insert into author values (1, 'Eliot'), (2, E'Aus\\tten')")
        yield db


def test_a_file_gets_what_would_be_returned(db: PGlite, tmp_path: Path) -> None:
    expected = db.dump_sql(args=[KEY])
    db.dump_sql(tmp_path / "author.sql", args=[KEY])
    with gzip.open(tmp_path / "author.sql.gz", "wb") as file:
        db.dump_sql(file, args=[KEY])
    assert (tmp_path / "author.sql").read_text() == expected
    assert gzip.decompress((tmp_path / "author.sql.gz").read_bytes()).decode() == expected
    assert "2\tAus\\tten\n" in expected


def test_a_file_stays_when_a_dump_fails(db: PGlite, tmp_path: Path) -> None:
    path = tmp_path / "author.sql"
    path.write_text("before")
    with pytest.raises(DumpError, match="no matching tables were found"):
        db.dump_sql(path, args=["--table=nosuch"])
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("args", [(), ("--inserts",)])
def test_its_text_is_read_back_and_its_tables_are_found(db: PGlite, args: tuple[str, ...]) -> None:
    text = db.dump_sql(args=args)
    expected = db.query("select * from author order by id").rows
    for file in (io.StringIO(text), io.BytesIO(text.encode())):
        with PGlite() as copy:
            copy.exec_file(file)
            assert copy.query("select * from author order by id").rows == expected


def test_its_text_without_psql_s_lines_is_sql(db: PGlite) -> None:
    """As docs/MIGRATING.md leaves them out."""
    text = db.dump_sql(args=["--inserts"])
    with PGlite() as copy:
        copy.exec(re.sub(r"(?m)^\\(un)?restrict .*", "", text))
        assert len(copy.query("select * from public.author").rows) == 2


def test_a_file_in_memory_is_named_in_errors(db: PGlite) -> None:
    with pytest.raises(DatabaseError, match=r"<file>:2: 42P01"):
        db.exec_file(io.StringIO("select 1;\ntable nope"))


class Parts(io.RawIOBase):
    """A file that does something when it is first written to, and keeps the sizes."""

    def __init__(self, db: PGlite, sql: str) -> None:
        self.db, self.sql, self.sizes, self.content = db, sql, [0][:0], b""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if not self.sizes:
            self.db.exec(self.sql)
        self.sizes.append(len(data))
        self.content += data
        return len(data)


def test_it_is_the_database_at_one_moment(db: PGlite) -> None:
    with db.connect() as other:
        other.exec("insert into author values (3, 'committed')")
        file = Parts(other, "insert into author values (4, 'too late')")
        db.dump_sql(file)
    assert b"committed" in file.content and b"too late" not in file.content
    assert db.query("select name from author where id = 4").rows


def test_what_is_large_goes_to_a_file_in_parts(db: PGlite) -> None:
    db.exec("create table large as select repeat('x', 10000) as text from generate_series(1, 2000)")
    file = Parts(db, "")
    db.dump_sql(file)
    assert sum(file.sizes) > 20_000_000
    assert max(file.sizes) < 2_000_000


def test_the_session_stays_as_it_was(db: PGlite) -> None:
    db.exec("set search_path = pg_catalog; set datestyle = 'SQL'; create temp table own (a int)")
    db.exec("prepare mine as select 1")
    assert "own" not in db.dump_sql()
    found = db.query(
        "select current_setting('search_path'), current_setting('datestyle'),"
        " (select count(*) from pg_prepared_statements), (select count(*) from pg_temp.own),"
        " (select count(*) from pg_stat_activity where backend_type = 'client backend')",
        row_mode="array",
    )
    assert found.rows == [("pg_catalog", "SQL, MDY", 1, 0, 1)]


def test_any_database_of_the_cluster(db: PGlite) -> None:
    name = 'it\'s a \\ "name" dbname=postgres'
    db.exec('create database "' + name.replace('"', '""') + '"')
    with db.connect(name) as other:
        other.exec("create table there (a int)")
        assert "CREATE TABLE public.there" in other.dump_sql()
    there = db.dump_sql(database=name)
    assert "CREATE TABLE public.there" in there and "author" not in there


def test_it_is_in_utf8_unless_asked_otherwise(db: PGlite, tmp_path: Path) -> None:
    db.exec("create database western encoding latin1 locale 'C' template template0")
    with db.connect("western") as western:
        western.exec("create table café (a int)")
    assert 'public."café"' in db.dump_sql(database="western")
    for encoding in ("LATIN1", "SHIFT_JIS_2004", "SQL_ASCII"):
        db.dump_sql(tmp_path / "dump", args=[f"--encoding={encoding}", "--table=author"])
        header = (tmp_path / "dump").read_text()
        assert f"SET client_encoding = '{encoding}';" in header
    db.dump_sql(tmp_path / "dump", args=["--encoding=LATIN1"], database="western")
    assert "café".encode("latin1") in (tmp_path / "dump").read_bytes()


def test_bytes_that_are_no_text_are_kept(db: PGlite) -> None:
    db.exec("create database plain encoding sql_ascii locale 'C' template template0")
    with db.connect("plain") as plain:
        plain.exec("set client_encoding = sql_ascii; create table t (a text)")
        plain.exec("insert into t select convert_from('\\xff', 'sql_ascii')")
    dump = db.dump_sql(database="plain", args=["--encoding=SQL_ASCII"])
    assert b"\n\xff\n" in dump.encode(errors="surrogateescape")


@pytest.mark.parametrize(
    "option", ["--file=x", "-f", "-fx", "--format=c", "-Fc", "-j2", "--dbname", "-U", "-h", "-Z9"]
)
def test_what_is_said_otherwise_is_no_option(db: PGlite, option: str) -> None:
    with pytest.raises(ValueError, match="is not for args"):
        db.dump_sql(args=[option])


@pytest.mark.parametrize(
    ("option", "message"),
    [("--table=author\0s", "NUL character"), ("--table=\ud800", "surrogates")],
)
def test_what_c_cannot_take_is_refused(db: PGlite, option: str, message: str) -> None:
    """A NUL would cut it off: another table would be dumped."""
    with pytest.raises(ValueError, match=message):
        db.dump_sql(args=[option])


def test_an_option_without_its_value_takes_no_other_for_it(db: PGlite) -> None:
    with pytest.raises(DumpError, match="option requires an argument"):
        db.dump_sql(args=["-t"])


def test_options_are_a_sequence(db: PGlite) -> None:
    with pytest.raises(TypeError, match="sequence"):
        db.dump_sql(args="--schema-only")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--nonsense"], "unrecognized option: nonsense"),
        (["--encoding=nonsense"], 'invalid client encoding "nonsense"'),
        (["postgres"], "too many command-line arguments"),
        (["--filter=/nosuch"], 'could not open filter file "/nosuch"'),
    ],
)
def test_pg_dump_says_what_is_wrong(db: PGlite, args: list[str], message: str) -> None:
    with pytest.raises(DumpError, match=re.escape(message)):
        db.dump_sql(args=args)


def test_a_server_s_refusal_is_postgresql_s_error(db: PGlite) -> None:
    with pytest.raises(DatabaseError, match='3D000: database "nosuch" does not exist'):
        db.dump_sql(database="nosuch")


def test_it_has_the_rights_of_the_session_s_user(db: PGlite) -> None:
    db.exec("create role reader login")
    with (
        db.connect(user="reader") as reader,
        pytest.raises(DumpError, match="permission denied for table author"),
    ):
        reader.dump_sql()


def test_a_transaction_is_not_dumped(db: PGlite) -> None:
    db.exec("begin; insert into author values (3, 'Woolf')")
    with pytest.raises(TransactionError, match="dumped while a transaction is open"):
        db.dump_sql()
    db.exec("commit")
    assert "Woolf" in db.dump_sql()


def test_it_waits_for_locks_and_can_be_cancelled(db: PGlite) -> None:
    with db.connect() as other:
        other.exec("begin; lock author in access exclusive mode")
        with in_thread(db.dump_sql) as dump:
            until_blocked(other)
            db.engine.cancel()
            with pytest.raises(DumpError, match="canceling statement due to user request"):
                dump.result()
        with in_thread(db.dump_sql) as dump:
            until_blocked(other)
            other.exec("commit")
            assert "Eliot" in dump.result()


def test_a_database_that_is_closed_meanwhile_ends_it(db: PGlite) -> None:
    other = db.connect()
    other.exec("begin; lock author in access exclusive mode")
    with in_thread(db.dump_sql) as dump:
        until_blocked(other)
        db.close()
        with pytest.raises(EngineError):  # pg_dump has it as an error of its query, perhaps
            dump.result()
    with pytest.raises(EngineClosed):
        db.dump_sql()


def test_an_error_of_the_file_ends_it(db: PGlite) -> None:
    class Full(io.RawIOBase):
        def write(self, data: bytes) -> int:  # type: ignore[override]
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        db.dump_sql(Full())
    sessions = "select count(*) from pg_stat_activity where backend_type = 'client backend'"
    assert db.query(sessions, row_mode="array").rows == [(1,)]
    assert "Eliot" in db.dump_sql()


def test_warnings_are_logged(db: PGlite, caplog: pytest.LogCaptureFixture) -> None:
    db.exec("create table knot (id int primary key, next int references knot)")
    with caplog.at_level(logging.WARNING, "pglite_native.pg_dump"):
        db.dump_sql(args=["--data-only"])
    assert "circular foreign-key constraints" in caplog.text


def test_asynchronously() -> None:
    async def run() -> tuple[str, str]:
        async with AsyncPGlite() as db:
            await db.exec("create table t (a int)")
            return await db.dump_sql(args=[KEY]), await db.dump_sql(args=[KEY, "--schema-only"])

    whole, schema = asyncio.run(run())
    assert "COPY public.t" in whole and "COPY" not in schema
    assert "CREATE TABLE public.t" in schema

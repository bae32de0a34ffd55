"""DB-API 2.0 on an engine in this process: what PEP 249 wants, and COPY."""

from __future__ import annotations

import datetime
import decimal
import io
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pglite_native import EngineClosed, EngineLocked, dbapi
from tools import ROOT

VALUES = [
    ("bool", True),
    ("int8", 2**40),
    ("float8", 1.5),
    ("numeric", decimal.Decimal("1.20")),
    ("text", "héllo ' \\ ☃ %"),
    ("bytea", b"\x00\xff"),
    ("uuid", uuid.UUID(int=1)),
    ("date", datetime.date(2024, 2, 29)),
    ("timestamp", datetime.datetime(2024, 2, 29, 1, 2, 3)),
    ("jsonb", {"a": [1, None]}),
    ("int4[]", [1, None, 3]),
    ("text", None),
]

ERRORS = [
    ("select 1/0", dbapi.DataError, "22012"),
    ("insert into book values (1, 'a')", dbapi.IntegrityError, "23505"),
    ("insert into book values (null, 'a')", dbapi.IntegrityError, "23502"),
    ("selekt", dbapi.ProgrammingError, "42601"),
    ("select * from missing", dbapi.ProgrammingError, "42P01"),
    ("do $$ begin raise 'no' using errcode = 'XX000'; end $$", dbapi.InternalError, "XX000"),
    ("do $$ begin raise 'no' using errcode = '40001'; end $$", dbapi.OperationalError, "40001"),
    ("create index concurrently on book (title)", dbapi.InternalError, "25001"),
    ("alter table book alter id type text, add foreign key (id) references book (id) match partial",
     dbapi.NotSupportedError, "0A000"),
]  # fmt: skip

BIG_SQL = "select repeat('x', 999) from generate_series(1, {rows})"


def rows(connection: dbapi.Connection, sql: str, *parameters: object) -> list[Any]:
    cursor = connection.cursor()
    cursor.execute(sql, parameters)
    return list(cursor.fetchall())


def test_the_module_says_what_it_is() -> None:
    assert (dbapi.apilevel, dbapi.threadsafety, dbapi.paramstyle) == ("2.0", 2, "format")
    assert dbapi.Binary(b"a") == b"a"
    assert dbapi.Date(2024, 2, 29) == datetime.date(2024, 2, 29)
    assert issubclass(dbapi.IntegrityError, dbapi.DatabaseError)
    assert issubclass(dbapi.DatabaseError, dbapi.Error)


@pytest.mark.parametrize(("type_name", "value"), VALUES)
def test_a_value_makes_the_round_trip(
    connection: dbapi.Connection, type_name: str, value: object
) -> None:
    assert rows(connection, f"select %s::{type_name}", value) == [(value,)]


def test_a_cursor_describes_counts_and_iterates(connection: dbapi.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute("select id, title, 1.5 as price, now() as t, ''::bytea as b from book")
    assert cursor.description is not None
    names, types = zip(*(column[:2] for column in cursor.description), strict=True)
    assert names == ("id", "title", "price", "t", "b")
    assert types[2:] == (dbapi.NUMBER, 1184, dbapi.BINARY)
    cursor.executemany("insert into book values (%s, %s)", [(2, "Persuasion"), (3, None)])
    assert cursor.rowcount == 2
    cursor.execute("select id from book order by id")
    assert cursor.fetchone() == (1,)
    assert cursor.fetchmany(1) == [(2,)]
    assert list(cursor) == [(3,)]
    assert cursor.fetchone() is None


@pytest.mark.parametrize(("sql", "kind", "sqlstate"), ERRORS)
def test_an_error_has_its_class_and_sqlstate(
    connection: dbapi.Connection, sql: str, kind: type[dbapi.Error], sqlstate: str
) -> None:
    with pytest.raises(kind) as caught:
        connection.cursor().execute(sql)
    assert type(caught.value) is kind
    assert caught.value.sqlstate == sqlstate
    connection.rollback()
    assert rows(connection, "select count(*) from book") == [(1,)]


def test_transactions_are_committed_or_not(connection: dbapi.Connection) -> None:
    connection.cursor().execute("insert into book values (2, 'Persuasion')")
    connection.rollback()
    connection.cursor().execute("insert into book values (3, 'Emma')")
    connection.commit()
    connection.rollback()
    assert rows(connection, "select id from book order by id") == [(1,), (3,)]


def test_autocommit_begins_no_transaction(connection: dbapi.Connection) -> None:
    connection.autocommit = True
    connection.cursor().execute("vacuum book")


def test_copy_goes_both_ways(connection: dbapi.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute("copy book from stdin with (format csv)", stream=io.StringIO("2,Emma\n3,Ruth\n"))
    assert cursor.rowcount == 2
    output = io.BytesIO()
    cursor.execute("copy book to stdout", stream=output)
    assert output.getvalue() == b"1\tEmma\n2\tEmma\n3\tRuth\n"


def test_copied_data_that_is_wrong_is_an_error_and_no_more(connection: dbapi.Connection) -> None:
    lines = (f"{number},x\n" for number in (*range(2, 50), "two", *range(50, 5000)))
    with pytest.raises(dbapi.DataError):
        connection.cursor().execute("copy book from stdin with (format csv)", stream=lines)
    connection.rollback()
    assert rows(connection, "select count(*) from book") == [(1,)]


def test_a_source_that_fails_leaves_the_connection_usable(connection: dbapi.Connection) -> None:
    def source() -> Iterator[str]:
        yield "2,Emma\n"
        raise LookupError

    with pytest.raises(LookupError):
        connection.cursor().execute("copy book from stdin with (format csv)", stream=source())
    connection.rollback()
    assert rows(connection, "select count(*) from book") == [(1,)]


class Sink:
    """Counts what it is given, and fails when it is full."""

    def __init__(self, capacity: int) -> None:
        self.size, self._capacity = 0, capacity

    def write(self, data: bytes) -> None:
        self.size += len(data)
        if self.size > self._capacity:
            raise OSError("full")


def test_text_may_be_copied_to_a_text_file(connection: dbapi.Connection) -> None:
    cursor = connection.cursor()
    lines = io.StringIO("".join(f"{number}\té☃\n" for number in range(2, 100_000)))
    cursor.execute("copy book from stdin", stream=lines)
    output = io.StringIO()
    cursor.execute("copy (select * from book where id > 1) to stdout", stream=output)
    assert (cursor.rowcount, output.getvalue()) == (99_998, lines.getvalue())


def test_sql_that_is_no_text_is_refused(connection: dbapi.Connection) -> None:
    sql: Any = b"select 1"
    for call in (connection.execute, connection.cursor("c").execute):
        with pytest.raises(TypeError, match="takes SQL as a str, and not bytes"):
            call(sql)


def test_a_sink_that_fails_leaves_the_connection_usable(connection: dbapi.Connection) -> None:
    big = f"copy ({BIG_SQL.format(rows=20_000)}) to stdout"
    with pytest.raises(OSError, match="full"):
        connection.cursor().execute(big, stream=Sink(100_000))
    connection.rollback()
    sink = Sink(10**9)
    connection.cursor().execute(big, stream=sink)
    assert sink.size == 20_000_000
    assert rows(connection, "select count(*) from book") == [(1,)]


def test_a_long_answer_is_read_in_bounded_memory() -> None:
    program = f"""
import resource
from pglite_native import dbapi

class Sink:
    def write(self, data):
        pass

def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

with dbapi.connect() as connection:
    copy = "copy ({BIG_SQL}) to stdout"
    connection.cursor().execute(copy.format(rows=2000), stream=Sink())
    before_mib = peak_mib()
    connection.cursor().execute(copy.format(rows=100_000), stream=Sink())
    print(peak_mib() - before_mib)
"""
    printed = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    assert float(printed) < 30  # of 100


@pytest.mark.parametrize("size", [1, 1000, 2**18 - 100, 2**18, 2**18 + 1, 2**20])
def test_answers_of_any_size_arrive_whole(connection: dbapi.Connection, size: int) -> None:
    assert rows(connection, "select repeat('y', %s)", size) == [("y" * size,)]
    assert rows(connection, "select 1") == [(1,)]


def test_notices_and_notifications_arrive(connection: dbapi.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute("listen news")
    cursor.execute("do $$ begin raise notice 'told'; end $$")
    cursor.execute("notify news, 'heard'")
    connection.commit()
    cursor.execute("copy book to stdout", stream=io.BytesIO())
    assert connection.notices[-1].message == "told"
    assert [heard[1:] for heard in connection.notifications] == [("news", "heard")]


def test_a_session_that_ends_says_why(connection: dbapi.Connection) -> None:
    with pytest.raises(dbapi.OperationalError) as caught:
        connection.cursor().execute("select pg_terminate_backend(pg_backend_pid())")
    assert caught.value.sqlstate == "57P01"
    with pytest.raises(dbapi.OperationalError) as caught:
        connection.cursor().execute("select 1")
    assert isinstance(caught.value.__cause__, EngineClosed)


def test_a_closed_connection_says_so() -> None:
    connection = dbapi.connect()
    connection.close()
    with pytest.raises(dbapi.InterfaceError, match="connection is closed"):
        connection.cursor().execute("select 1")
    with pytest.raises(dbapi.InterfaceError, match="connection is closed"):
        connection.commit()
    connection.close()


def test_startup_parameters_are_the_sessions() -> None:
    with dbapi.connect(application_name="shop", startup_params={"work_mem": "9MB"}) as connection:
        assert rows(connection, "show application_name") == [("shop",)]
        assert rows(connection, "show work_mem") == [("9MB",)]


def test_a_user_who_does_not_exist_is_refused() -> None:
    with pytest.raises(dbapi.OperationalError) as caught:
        dbapi.connect(user="nobody")
    assert caught.value.sqlstate == "28000"


def test_a_directory_is_durable_and_locked(tmp_path: Path) -> None:
    with dbapi.connect(tmp_path / "data") as connection:
        connection.cursor().execute("create table t as select 1 as a")
        connection.commit()
        with pytest.raises(dbapi.OperationalError) as caught:
            dbapi.connect(tmp_path / "data")
        assert isinstance(caught.value.__cause__, EngineLocked)
    with dbapi.connect(str(tmp_path / "data")) as connection:
        assert rows(connection, "select a from t") == [(1,)]

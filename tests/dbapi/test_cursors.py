"""Cursors: results of several statements, pipelines, and cursors on the server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from pglite_native import Engine, dbapi
from tools import ROOT


def test_several_statements_have_several_results(connection: dbapi.Connection) -> None:
    cursor = connection.execute("select 1; update book set title = 'E'; select 2 as b, 3")
    assert cursor.fetchall() == [(1,)]
    assert cursor.nextset() is True
    assert (cursor.description, cursor.rowcount) == (None, 1)
    with pytest.raises(dbapi.ProgrammingError, match="no rows"):
        cursor.fetchone()
    assert cursor.nextset() is True
    assert cursor.description is not None
    assert cursor.description[0].name == "b"
    assert cursor.fetchall() == [(2, 3)]
    assert cursor.nextset() is None
    connection.rollback()
    assert connection.execute("select title from book").fetchone() == ("Emma",)


def test_several_statements_take_no_parameters(connection: dbapi.Connection) -> None:
    with pytest.raises(dbapi.ProgrammingError) as caught:
        connection.execute("select %s; select 1", (1,))
    assert caught.value.sqlstate == "42601"


def test_a_cursor_goes_back_and_forth(connection: dbapi.Connection) -> None:
    cursor = connection.execute("select generate_series(1, 5)")
    cursor.scroll(3)
    assert (cursor.rownumber, cursor.fetchone()) == (3, (4,))
    cursor.scroll(-2)
    assert cursor.fetchone() == (3,)
    cursor.scroll(0, "absolute")
    cursor.arraysize = 2
    assert cursor.fetchmany() == [(1,), (2,)]
    for value, mode in ((-3, "relative"), (6, "absolute")):
        with pytest.raises(IndexError):
            cursor.scroll(value, mode)  # type: ignore[arg-type]
    assert list(cursor) == [(3,), (4,), (5,)]


def test_a_closed_cursor_says_so(connection: dbapi.Connection) -> None:
    with connection.execute("select 1") as cursor:
        assert cursor.connection is connection
    assert cursor.closed
    for call in (cursor.fetchall, cursor.nextset, lambda: cursor.execute("select 1")):
        with pytest.raises(dbapi.InterfaceError, match="cursor is closed"):
            call()
    cursor.close()


def test_a_procedure_is_called(connection: dbapi.Connection) -> None:
    connection.execute("create procedure twice(inout n int) language sql as 'select 2 * n'")
    cursor = connection.cursor()
    assert cursor.callproc("twice", [4]) == [4]
    assert cursor.fetchall() == [(8,)]


def test_types_of_parameters_can_be_given(connection: dbapi.Connection) -> None:
    cursor = connection.cursor()
    assert cursor.execute("select %s", (5,)).fetchone() == ("5",)
    cursor.setinputsizes([23])
    cursor.setoutputsize(100)
    cursor.execute("select 'without parameters'")
    assert cursor.execute("select %s", (5,)).fetchone() == (5,)
    assert cursor.execute("select %s", (5,)).fetchone() == ("5",)


def test_a_column_is_described(connection: dbapi.Connection) -> None:
    cursor = connection.execute(
        "select 1::numeric(8,-2) as n, 2::numeric, 'a'::varchar(7), now(), 1::int8, 'a'::char(3)"
    )
    assert cursor.description is not None
    assert [tuple(column)[2:6] for column in cursor.description] == [
        (None, None, 8, -2),
        (None, None, None, None),
        (7, None, None, None),
        (None, 8, None, None),
        (None, 8, None, None),
        (3, None, None, None),
    ]
    kinds = [column.type_code for column in cursor.description]
    assert kinds == [
        dbapi.NUMBER, dbapi.NUMBER, dbapi.STRING, dbapi.DATETIME, dbapi.NUMBER, dbapi.STRING
    ]  # fmt: skip
    assert kinds[0] != dbapi.STRING
    assert dbapi.BINARY != dbapi.ROWID


# --- many sets of parameters ----------------------------------------------------------------


def test_many_sets_are_all_or_none(connection: dbapi.Connection) -> None:
    cursor = connection.cursor()
    connection.autocommit = True
    with pytest.raises(dbapi.IntegrityError):
        cursor.executemany("insert into book values (%s, 'x')", [(2,), (3,), (1,), (4,)])
    assert connection.execute("select count(*) from book").fetchone() == (1,)
    cursor.executemany(
        "insert into book values (%(id)s, %(title)s)",
        [{"id": n, "title": None} for n in range(2, 30_002)],
    )
    assert cursor.rowcount == 30_000
    cursor.executemany("delete from book where id > %s returning id", [(29_000,), (28_000,)])
    assert (cursor.rowcount, cursor.description) == (2001, None)
    assert cursor.executemany("delete from book where id = %s", []).rowcount == 0


def test_many_sets_are_one_call(
    connection: dbapi.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    execute = Engine._exec_in_parts

    def counted(self: Engine, message: bytes, take: object) -> None:
        calls.append(message)
        execute(self, message, take)  # type: ignore[arg-type]

    monkeypatch.setattr(Engine, "_exec_in_parts", counted)
    connection.cursor().executemany("insert into book values (%s)", [(n,) for n in range(2, 500)])
    assert len(calls) == 2  # BEGIN and Parse; all else
    for _ in range(3):
        connection.rollback()
        calls.clear()
        connection.execute("select 1")
    assert len(calls) == 1  # BEGIN, and a statement that is prepared


def test_a_value_that_cannot_be_sent_leaves_the_transaction(connection: dbapi.Connection) -> None:
    connection.execute("update book set title = 'E'")
    cursor = connection.cursor()
    for call in (cursor.execute, lambda sql, one: cursor.executemany(sql, [(1,), one])):
        with pytest.raises(dbapi.ProgrammingError, match="no serializer for object"):
            call("select %s::int", (object(),))
    assert connection.status == "T"
    connection.commit()
    assert connection.execute("select title from book").fetchone() == ("E",)


# --- cursors on the server ------------------------------------------------------------------


@pytest.fixture
def numbers(connection: dbapi.Connection) -> Iterator[dbapi.ServerCursor]:
    with connection.cursor('a "name"', scrollable=True) as cursor:
        yield cursor.execute("select n, n::text from generate_series(1, %s) n", (2500,))


def test_a_servers_cursor_fetches_what_it_is_asked_for(numbers: dbapi.ServerCursor) -> None:
    assert numbers.description is not None
    assert [column.name for column in numbers.description] == ["n", "n"]
    assert numbers.rowcount == -1
    assert numbers.fetchone() == (1, "1")
    assert numbers.fetchmany(2) == [(2, "2"), (3, "3")]
    assert next(numbers) == (4, "4")
    assert numbers.fetchmany(2) == [(5, "5"), (6, "6")]
    assert numbers.rownumber == 6
    assert [n for n, _ in numbers] == list(range(7, 2501))
    assert (numbers.fetchone(), numbers.fetchall()) == (None, [])


def test_a_servers_cursor_goes_back_and_forth(numbers: dbapi.ServerCursor) -> None:
    numbers.scroll(10)
    assert next(numbers) == (11, "11")
    numbers.scroll(-3)
    assert numbers.fetchone() == (9, "9")
    numbers.scroll(2499, "absolute")
    assert numbers.fetchall() == [(2500, "2500")]


def test_a_servers_cursor_ends_with_its_transaction(
    connection: dbapi.Connection, numbers: dbapi.ServerCursor
) -> None:
    connection.commit()
    connection.execute("select 1")
    numbers.close()
    assert connection.status == "T"
    held = connection.cursor("held", withhold=True).execute("select 1 union select 2 order by 1")
    connection.commit()
    assert held.fetchall() == [(1,), (2,)]
    held.close()
    assert connection.execute("select name from pg_cursors where name <> ''").fetchall() == []


def test_a_servers_cursor_runs_another_query(numbers: dbapi.ServerCursor) -> None:
    next(numbers)
    assert numbers.execute("select 'a'").fetchall() == [("a",)]


def test_a_servers_cursor_is_for_one_query(numbers: dbapi.ServerCursor) -> None:
    with pytest.raises(dbapi.NotSupportedError):
        numbers.executemany("select %s", [(1,)])
    with pytest.raises(dbapi.NotSupportedError):
        numbers.callproc("p")
    with pytest.raises(dbapi.NotSupportedError):
        numbers.execute("copy book to stdout", stream=[])


def test_a_long_result_is_read_in_bounded_memory() -> None:
    program = """
import resource
from pglite_native import dbapi

def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

def read(connection, rows):
    cursor = connection.cursor("c")
    cursor.execute("select repeat('x', 1000) from generate_series(1, %s)", (rows,))
    cursor.itersize = 500
    assert sum(len(text) for text, in cursor) == rows * 1000
    cursor.close()

with dbapi.connect() as connection:
    read(connection, 2000)
    before_mib = peak_mib()
    read(connection, 100_000)
    print(peak_mib() - before_mib)
"""
    printed = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    assert float(printed) < 30  # of 100

"""Placeholders: where they are, and where there are none."""

from __future__ import annotations

from typing import Any

import pytest

from pglite_native import dbapi
from pglite_native.dbapi import paramstyles


def sql_of(sql: str, parameters: Any) -> str:
    return paramstyles.convert(sql, parameters, "format")[0]


@pytest.mark.parametrize(
    ("sql", "count", "expected"),
    [
        ("select %s, %s", 2, "select $1, $2"),
        ("select %s::int %% %s", 2, "select $1::int % $2"),
        ("select '%s', 'it''s %', %s", 1, "select '%s', 'it''s %', $1"),
        (r"select 'a\', %s", 1, r"select 'a\', $1"),
        (r"select e'a\'%s', E'\\', %s", 1, r"select e'a\'%s', E'\\', $1"),
        ('select "100%s", %s', 1, 'select "100%s", $1'),
        ('select "a""%s", %s', 1, 'select "a""%s", $1'),
        ("select $$%s$$, $a$ $$ %s $a$, %s", 1, "select $$%s$$, $a$ $$ %s $a$, $1"),
        ("select a$b$%s from t", 1, "select a$b$$1 from t"),
        ("select 1 -- %s\n, %s", 1, "select 1 -- %s\n, $1"),
        ("select /* %s /* %s */ ' */ %s", 1, "select /* %s /* %s */ ' */ $1"),
        ("select /* %s", 0, "select /* %s"),
        ("select '%s", 1, "select '$1"),
    ],
)
def test_placeholders_are_found_outside_of_quotes_and_comments(
    sql: str, count: int, expected: str
) -> None:
    assert sql_of(sql, [None] * count) == expected


def test_names_are_numbered_once_each() -> None:
    assert paramstyles.convert(
        "select %(a)s, %(b c)s, %(a)s, '%(d)s'", {"a": 1, "b c": 2, "d": 3}, "format"
    ) == ("select $1, $2, $1, '%(d)s'", [1, 2])


def test_the_servers_own_placeholders_are_taken_as_they_are() -> None:
    sql = "select $2 %% $1, '%s'"
    assert paramstyles.convert(sql, (1, 2), "numeric_dollar") == (sql, (1, 2))


@pytest.mark.parametrize(
    ("sql", "parameters", "message"),
    [
        ("select %d", (1,), "'%d' is no placeholder here: it must be %s"),
        ("select 5 % 2, %s", (1,), "'% ' is no placeholder"),
        ("select %", (1,), "'%' is no placeholder"),
        ("select %(a)s", (1,), r"'%\(a\)s' is no placeholder here: it must be %s"),
        ("select %s", {"a": 1}, r"'%s' is no placeholder here: it must be %\(name\)s"),
        ("select %(b)s", {"a": 1}, "there is no parameter 'b'"),
        ("select %s", (1, 2), r"1 placeholders, and there are 2 parameters: .* %s, or %\(name\)s"),
        ("select '%s'", (1,), r"0 placeholders, .*, and outside of quotation marks"),
        ("select ?, ?", (1, 2), r"0 placeholders, .* with a mapping, and not \?"),
        ("select :id", (1,), r"0 placeholders, .*, and not :id"),
        ("select %s", "a", "a sequence or a mapping, and not str"),
        ("select %s", {1}, "a sequence or a mapping, and not set"),
    ],
)
def test_what_does_not_fit_is_said(
    connection: dbapi.Connection, sql: str, parameters: Any, message: str
) -> None:
    with pytest.raises(dbapi.ProgrammingError, match=message):
        connection.execute(sql, parameters)
    assert connection.status == "I"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select 1;", False),
        ("select 1 ; -- and no more; really", False),
        ("select ';x', $$;$$ /* ; */", False),
        (";;", False),
        ("select 1; select 2", True),
        ("select 1;\n'", True),
        ("select 1; $$", True),
    ],
)
def test_more_than_one_statement_is_a_script(sql: str, expected: bool) -> None:
    assert paramstyles.is_script(sql) is expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("copy t TO  stdout", True),
        ("copy (select ' from stdin') to stdout with (format csv)", True),
        ("copy t from stdin with (null ' to stdout')", False),
        ("copy t /* to stdout */ from stdin", False),
    ],
)
def test_the_direction_of_a_copy_is_known(sql: str, expected: bool) -> None:
    assert paramstyles.copies_out(sql) is expected


def test_without_parameters_a_percent_sign_is_one(connection: dbapi.Connection) -> None:
    empty: list[Any] = [None, (), [], {}]
    for parameters in empty:
        assert connection.execute("select 5 % 3, '%%'", parameters).fetchall() == [(2, "%%")]


def test_a_connection_may_take_the_servers_placeholders() -> None:
    with dbapi.connect(paramstyle="numeric_dollar") as connection:
        cursor = connection.execute("select $1::int % 3, $1", (5,))
        assert cursor.fetchone() == (2, 5)
        cursor.execute("select %(a)s::int", {"a": 1})
        assert cursor.fetchone() == (1,)


@pytest.mark.parametrize(
    ("sql", "parameters", "advice"),
    [
        ("select 1 where 1 in %s", ((1, 2),), "write = any(%s), and give a list"),
        ("select 1 where 1 in %(a)s", {"a": (1, 2)}, "write = any(%s), and give a list"),
        ("select 1; select %s", (1,), "several statements only where there are no parameters"),
        ("insert into pg_class values %s", ((1,),), "a placeholder for each value: values (%s"),
        ("table %s", ("pg_class",), "Names, keywords and what CREATE"),
        ("select interval %s", ("1 day",), "a cast, %s::interval"),
        ("select :id", {"id": 1}, "placeholders are %s, or %(name)s with a mapping, and not :id"),
        ("\\d", None, "\\d is a command of psql's, and no SQL: `pglite-native shell`"),
    ],
)
def test_errors_advise_in_words_of_the_style(
    connection: dbapi.Connection, sql: str, parameters: Any, advice: str
) -> None:
    with pytest.raises(dbapi.ProgrammingError) as caught:
        connection.execute(sql, parameters)
    assert advice in str(caught.value).partition("HINT: ")[2]
    connection.rollback()


def test_a_tuple_is_a_list_of_values(connection: dbapi.Connection) -> None:
    sql = "select array_agg(i) from generate_series(1, 5) i where i = any(%s)"
    assert connection.execute(sql, ((2, 4, 9),)).fetchone() == ([2, 4],)
    with pytest.raises(dbapi.ProgrammingError, match=r"`= any\(...\)` takes a list"):
        connection.execute("select 1 where 1 in (%s)", ((1, 2),))

"""Names that users of other tools guess: what they are told."""

from __future__ import annotations

import copy
import pickle
import re
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path

import pytest

import pglite_native
import pglite_native.sqlalchemy
from pglite_native import AsyncPGlite, DatabaseError, PGlite, Server, dbapi, guesses


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("execute", "query(sql, params) runs a statement"),
        ("fetchall", "the rows are query(...).rows"),
        ("commit", "each call is a transaction of its own"),
        ("snapshot", "engine.snapshot() takes one"),
        ("describeQuery", "it is describe_query here"),
        ("execProtocolRaw", "session.exec_protocol_raw() takes the protocol's bytes"),
        ("waitReady", "it is ready when it is made"),
        ("nothing_like_it", "'PGlite' object has no attribute 'nothing_like_it'"),
    ],
)
def test_names_that_are_guessed_are_answered(db: PGlite, name: str, said: str) -> None:
    assert not hasattr(db, name)
    with pytest.raises(AttributeError) as caught:
        getattr(db, name)
    assert said in str(caught.value)
    assert caught.value.name == name


def test_python_adds_no_guess_to_ours(db: PGlite) -> None:
    with pytest.raises(AttributeError) as caught:
        db.cancel()  # type: ignore[attr-defined]
    shown = "".join(traceback.format_exception(caught.value))
    assert "session.cancel() ends the statement" in shown
    assert "Did you mean" not in shown and "_cancel" not in shown


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("row_factory", r"'PGlite' .*query\(\) returns dicts"),
        ("on_notice", r"it is an argument: PGlite\(on_notice=\.\.\.\)"),
        ("conect", r"did you mean connect\?"),
        ("nothing_like_it", r"has no attribute 'nothing_like_it' that could be set\Z"),
    ],
)
def test_attributes_that_nothing_reads_cannot_be_set(db: PGlite, name: str, said: str) -> None:
    with pytest.raises(AttributeError, match=said):
        setattr(db, name, None)
    with pytest.raises(AttributeError, match=said.replace("'PGlite'", "'AsyncPGlite'")):
        setattr(AsyncPGlite(), name, None)


def test_attributes_of_a_connection_that_nothing_reads_cannot_be_set(db: PGlite) -> None:
    with dbapi.connect(db) as connection:
        connection.autocommit = True
        with pytest.raises(AttributeError, match=r"did you mean autocommit\?"):
            connection.autocomit = True  # type: ignore[attr-defined]
        with pytest.raises(AttributeError, match=r"a cursor's rows are tuples"):
            connection.row_factory = dict  # type: ignore[attr-defined]


def test_what_can_be_set_is_the_user_s_in_a_class_of_theirs_and_in_a_test(
    db: PGlite, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Shop(PGlite):
        pass

    with Shop() as shop:
        shop.name = "corner"  # type: ignore[attr-defined]
        assert shop.name == "corner"  # type: ignore[attr-defined]
    monkeypatch.setattr(db, "query", len)
    assert db.query("four") == 4


def test_names_that_are_guessed_of_a_table(db: PGlite) -> None:
    table = db.query_arrow("select 1 as a")
    assert table.num_rows == 1 and not hasattr(table, "__dataframe__")
    with pytest.raises(AttributeError, match=r"'ArrowTable' .*: pandas\.DataFrame\.from_arrow"):
        table.to_pandas()  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match=r"no attribute 'nothing_like_it'\Z"):
        table.nothing_like_it  # type: ignore[attr-defined]  # noqa: B018


def test_names_that_are_guessed_of_other_objects(db: PGlite) -> None:
    with pytest.raises(AttributeError, match=r"'Results' object .*: rows is the list of rows"):
        db.query("select 1").fetchall()  # type: ignore[attr-defined]
    with (
        db.transaction() as transaction,
        pytest.raises(AttributeError, match=r"'Transaction'.*query"),
    ):
        transaction.execute("select 1")  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match=r"'AsyncPGlite' object .*: query"):
        AsyncPGlite().execute("select 1")  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["constraint_name", "pgcode", "diag"])
def test_the_fields_of_an_error_by_the_names_of_other_drivers(db: PGlite, name: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        db.query("select 1/0")
    with pytest.raises(AttributeError, match=rf"'DatabaseError' .*{name}.*: "):
        getattr(caught.value, name)


@pytest.mark.parametrize("name", ["constraint_name", "message_primary", "source_function"])
def test_the_fields_of_a_diagnostic_by_psycopg_s_names(db: PGlite, name: str) -> None:
    with dbapi.connect(db) as connection, pytest.raises(dbapi.DatabaseError) as caught:
        connection.execute("select 1/0")
    with pytest.raises(AttributeError, match=rf"'Diagnostic' .*{name}.*: it is "):
        getattr(caught.value.diag, name)


@pytest.mark.parametrize("name", ["pgcode", "constraint", "pgerror"])
def test_the_fields_of_an_error_of_db_api_by_other_names(db: PGlite, name: str) -> None:
    with dbapi.connect(db) as connection, pytest.raises(dbapi.DatabaseError) as caught:
        connection.execute("select 1/0")
    with pytest.raises(AttributeError, match=rf"'DataError' .*{name}.*: "):
        getattr(caught.value, name)


def test_the_names_of_what_is_not_begun_by_hand(db: PGlite) -> None:
    with db.transaction() as transaction:
        for name in ("commit", "savepoint", "live_query"):
            with pytest.raises(AttributeError, match=r"'Transaction' .*: (the end of|trans|it is)"):
                getattr(transaction, name)
    with Server() as server, pytest.raises(AttributeError, match="it listens from when it is made"):
        server.start()  # type: ignore[attr-defined]
    with dbapi.connect(db) as connection:
        with pytest.raises(AttributeError, match=r"cursor\(\)\.executemany\(\) does"):
            connection.executemany("select %s", [])  # type: ignore[attr-defined]
        with pytest.raises(AttributeError, match=r"execute\(sql, stream=file\) does"):
            connection.cursor().copy("copy t to stdout")  # type: ignore[attr-defined]


def test_the_version_is_that_of_what_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    information = tmp_path / "pglite_native-4.5.6.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Name: pglite-native\nVersion: 4.5.6\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert pglite_native.__version__ == "4.5.6"
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(AttributeError, match="a source tree that is not installed"):
        pglite_native.__version__  # noqa: B018


def test_the_package_s_own_names() -> None:
    assert pglite_native.Server is Server
    with pytest.raises(AttributeError, match=r"has no attribute 'connect': PGlite\(\) opens"):
        pglite_native.connect  # noqa: B018
    with pytest.raises(AttributeError, match=r"has no attribute 'nothing_like_it'\Z"):
        pglite_native.nothing_like_it  # noqa: B018


def test_what_lives_in_a_process_is_neither_pickled_nor_copied(db: PGlite) -> None:
    for value, instead in (
        (db, r"clone\(\) is a copy"),
        (AsyncPGlite(), r"clone\(\) is a copy"),
        (db.engine, r"fork\(\) is a copy"),
        (db.engine.snapshot(), r"save\(path\) writes it to a file"),
    ):
        for way in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match=f"neither pickled nor copied.*{instead}"):
                way(value)


def test_names_that_are_advised_exist(db: PGlite) -> None:
    results = db.query("select 1 as a")
    modules = (pglite_native, dbapi, pglite_native.sqlalchemy)
    theirs = ("unnest", "pg_notify", "str", "DataFrame", "from_arrow", "table", "to_pandas")
    with db.transaction() as transaction, dbapi.connect(db) as connection, Server() as server:
        beside = (db, db.session, db.engine, results, transaction, connection.cursor(), *modules)
        tables: tuple[tuple[Mapping[str, str], object], ...] = (
            (guesses.OF_QUERIES, db),
            (guesses.OF_TRANSACTIONS, transaction),
            (guesses.OF_RESULTS, results),
            (guesses.OF_TABLES, db.query_arrow("select 1 as a")),
            (guesses.OF_CONNECTIONS, connection),
            (guesses.OF_CURSORS, connection.cursor()),
            (guesses.OF_SERVERS, server),
            (guesses.OF_ERRORS, DatabaseError({"C": "", "M": "", "V": ""}, "")),
            (guesses.OF_DBAPI_ERRORS, dbapi.Error()),
            (pglite_native._GUESSES, pglite_native),
        )
        for table, owner in tables:
            for guess, advice in table.items():
                assert not hasattr(owner, guess), guess
                for name in re.findall(r"(\w+)\(", advice):
                    if name not in theirs:
                        assert any(hasattr(place, name) for place in (owner, *beside)), name


def test_all_names_of_the_package_are_listed() -> None:
    assert set(pglite_native.__all__) <= set(dir(pglite_native))

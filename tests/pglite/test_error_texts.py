"""What errors say: what failed, where in the statement, and what to do."""

from __future__ import annotations

import pickle
import re
import resource
import shutil
import subprocess
import sys
from datetime import date, datetime, timezone
from pathlib import Path

import psycopg
import pytest

from pglite_native import DatabaseError, EngineError, EngineLocked, PGlite
from pglite_native.pytest_plugin.databases import Databases
from tests.oracle.native import NativeServer
from tools import ROOT


def text_of(db: PGlite, sql: str, params: list[object] | None = None) -> str:
    with pytest.raises(DatabaseError) as caught:
        db.query(sql, params)
    return str(caught.value)


def test_the_line_and_a_caret_are_shown(db: PGlite) -> None:
    assert text_of(db, "select 1,\n       nope\n  from pg_class") == (
        '42703: column "nope" does not exist\nLINE 2:        nope\n               ^'
    )


def test_the_line_is_psql_s(db: PGlite) -> None:
    """Byte for byte, of long lines and of wide characters too."""
    statements = (
        f"select {'1, ' * 40}nope{', 2' * 40}",
        "select '数据库' as 名, nope",
        "select\tnope",
    )
    with NativeServer() as server:
        for sql in statements:
            _, errors = server.psql(sql)
            assert text_of(db, sql).splitlines()[1:3] == errors.splitlines()[1:3]


def test_an_error_within_a_function_shows_its_statement_and_the_context(db: PGlite) -> None:
    db.exec(
        "create function f() returns int language plpgsql as $$ begin return (select nope); end $$"
    )
    shown = text_of(db, "select f()").splitlines()
    assert shown[1] == "LINE 1: (select nope)"
    assert shown[-2] == "QUERY: (select nope)"
    assert shown[-1].startswith("CONTEXT: PL/pgSQL function f() line 1 at RETURN")


def test_the_text_survives_pickling(db: PGlite) -> None:
    with pytest.raises(DatabaseError) as caught:
        db.query("select nope")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("select * from pg_class where relname = %s", "%s"),
        ("select * from pg_class where relname=%s", "%s"),
        ("select %s", "%s"),
        ("insert into pg_class values (%s, %s)", "%s"),
        ("select * from pg_class where relname = %(name)s", "%(name"),
        ("select * from pg_class where relname = :name", ":name"),
        ("select * from pg_class where relname = ?", "?"),
        ("select * from pg_class where relname = ? and oid = ?", "?"),
        ("insert into pg_class values (?, ?)", "?"),
    ],
)
def test_placeholders_of_other_drivers_are_named(db: PGlite, sql: str, found: str) -> None:
    shown = text_of(db, sql, ["x"])
    assert f"HINT: placeholders are $1, $2, ... in PostgreSQL's own SQL, and not {found}" in shown


def test_parameters_without_a_placeholder_are_told_of_them(db: PGlite) -> None:
    shown = text_of(db, "select * from pg_class where relname = '%s'", ["x"])
    assert "HINT: Each parameter wants a placeholder: placeholders are $1, $2" in shown


@pytest.mark.parametrize(
    ("sql", "advice"),
    [
        ("select 1 where 1 in $1", "write = any($1), and give a list"),
        ("insert into pg_class values $1", "values ($1, ...)"),
        ("table $1", "Names, keywords and what CREATE"),
        ("select date $1", "a type is given by a cast, $1::interval"),
        ("select 1; select 2", "exec() runs several, without parameters"),
        ("\\d author", "\\d is a command of psql's, and no SQL: `pglite-native shell`"),
        ("select 1 \\gx", "\\gx is a command of psql's"),
        ("--\n\\restrict abc\n", "exec_file(io.StringIO(text)), runs one"),
        ("create schema s authorization me", "--no-owner --no-privileges"),
    ],
)
def test_what_is_no_sql_where_it_stands_is_named(db: PGlite, sql: str, advice: str) -> None:
    assert advice in text_of(db, sql, [1] if "$1" in sql else None).partition("HINT: ")[2]


def test_methods_without_parameters_name_the_one_that_has_them(db: PGlite) -> None:
    wanted = r"exec\(\) runs any number .*: query\(sql, params\) runs one"
    for options in ({"params": [1]}, {"parameters": [1]}):
        with pytest.raises(TypeError, match=wanted):
            db.exec("select $1", **options)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=wanted):
        db.exec("select $1", [1])  # type: ignore[call-overload]
    with pytest.raises(DatabaseError) as caught:
        db.exec("select $1::int")
    assert "HINT: query(sql, params) takes parameters, exec(sql) takes none" in str(caught.value)


def test_other_errors_have_no_such_hint(db: PGlite) -> None:
    for sql in ("select nope", "select 1::nope", "selec 1", "select 5 % 'x'::text"):
        assert "placeholders" not in text_of(db, sql)


def test_extensions_by_the_name_of_their_project(db: PGlite) -> None:
    assert text_of(db, "create extension pgvector").endswith("HINT: Did you mean vector?")
    shown = text_of(db, "create extension postgis")
    assert "`pglite-native extension list`" in shown and "installed on the system" not in shown


def test_names_that_are_advised_are_there(db: PGlite) -> None:
    from pglite_native.extension_objects import PROJECTS

    available = {row["name"] for row in db.query("select name from pg_available_extensions")}
    assert set(PROJECTS.values()) - {"vector"} <= available
    assert not set(PROJECTS) & available
    db.exec("create extension vector")


def test_a_database_in_use_says_how_to_end_that(db: PGlite) -> None:
    db.exec("create database shop")
    with db.connect("shop"):
        assert "DROP DATABASE ... WITH (FORCE)" in text_of(db, "drop database shop")
    with Databases() as databases:
        database = databases.create()
        with (
            psycopg.connect(database.url),
            pytest.raises(ValueError, match=r"force=True") as caught,
        ):
            databases._server.drop(database.name)
    assert "close them" in str(caught.value)


# --- files ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("create table t ();\n\n-- again\ncreate table t ();\n", r"schema\.sql:4: 42P07"),
        ("create table t ();\nselect 1,\n  nope;\n", r"schema\.sql:3: 42703"),
        ("select 1; select 2;\nselect 1/0; select 3;", r"schema\.sql:2: 22012"),
        (
            "create function f() returns int language plpgsql as $$ begin\n  return 1;\nend $$;\n"
            "select 1;\nselect f()/0;\n",
            r"schema\.sql:5: 22012",
        ),
        (
            "create table t (a int);\ncopy t from stdin;\n1\n\\.\n\ntable nope;",
            r"schema\.sql:6: 42P01",
        ),
    ],
)
def test_errors_of_a_file_name_it_and_the_line(
    db: PGlite, tmp_path: Path, text: str, place: str
) -> None:
    file = tmp_path / "schema.sql"
    file.write_text(text)
    with pytest.raises(DatabaseError, match=place):
        db.exec_file(file)


# --- starting -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def directory_of_a_server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that a native, 64-bit PostgreSQL has made."""
    place = tmp_path_factory.mktemp("native") / "data"
    with NativeServer() as server:
        made = server.directory / "data"
        shutil.copytree(made, place, ignore=lambda *_: ["postmaster.pid"])
    place.chmod(0o700)
    return place


def test_a_directory_of_a_server_s_says_to_import_it(directory_of_a_server: Path) -> None:
    with pytest.raises(EngineError) as caught:
        PGlite(directory_of_a_server)
    first, advice, *_ = str(caught.value).splitlines()
    assert first == "PostgreSQL did not start: database files are incompatible with server"
    assert advice.startswith(f"{directory_of_a_server} was made by a PostgreSQL server")
    assert "64-bit" in advice and "`pglite-native import --from URL --data-dir DIR" in advice


def test_a_directory_of_a_server_s_user_says_so_too(tmp_path: Path) -> None:
    PGlite(tmp_path / "data").close()
    (tmp_path / "data" / "postmaster.opts").touch()
    (tmp_path / "data").chmod(0o755)
    with pytest.raises(EngineError, match="has invalid permissions") as caught:
        PGlite(tmp_path / "data")
    assert "was made by a PostgreSQL server: start that server" in str(caught.value)


def test_another_major_version_is_named(tmp_path: Path) -> None:
    PGlite(tmp_path / "data").close()
    (tmp_path / "data" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EngineError, match=r"was made by PostgreSQL 17, .* another version: start"):
        PGlite(tmp_path / "data")


@pytest.mark.parametrize(
    ("options", "cause", "advice"),
    [
        ({"settings": {"nope": "1"}}, 'unrecognized configuration parameter "nope"', "`settings`"),
        ({"settings": {"port": "x"}}, 'invalid value for parameter "port": "x"', "Its log:"),
        ({"database": "shop"}, 'database "shop" does not exist', "run CREATE DATABASE"),
        ({"user": "me"}, 'role "me" does not exist', "run CREATE ROLE"),
    ],
)
def test_the_cause_comes_before_the_log(
    options: dict[str, object], cause: str, advice: str
) -> None:
    with pytest.raises(EngineError) as caught:
        PGlite(**options)  # type: ignore[arg-type]
    lines = str(caught.value).splitlines()
    assert lines[0] == f"PostgreSQL did not start: {cause}"
    assert advice in lines[1]
    assert re.search(rf"FATAL:  {re.escape(cause)}", lines[-1])


@pytest.mark.parametrize("option", ["memory_limit", "buffer_size"])
def test_amounts_of_memory_have_postgresql_s_units(option: str) -> None:
    wanted = f'{option} is a number of bytes, or text with a unit of B, kB, MB, GB, TB: "64MB"'
    for given, error in (
        ("64 mb", ValueError),
        ("64", ValueError),
        (-1, ValueError),
        (6.4, TypeError),
    ):
        with pytest.raises(error, match=wanted):
            PGlite(**{option: given})  # type: ignore[arg-type]
    with PGlite(**{option: "16MB"}) as db:  # type: ignore[arg-type]
        assert db.query("select 1 as a").scalar() == 1


def test_options_of_another_type_are_named(db: PGlite) -> None:
    for option, given, error in (
        ("seed", "7", ValueError),
        ("clock", "2024-01-01", TypeError),
        ("clock", date(2024, 1, 1), TypeError),
    ):
        with pytest.raises(error, match=rf"{option}.*{given!r}|{option}.*{re.escape(repr(given))}"):
            PGlite(**{option: given})  # type: ignore[arg-type]
    with PGlite(clock=datetime(2024, 1, 1, tzinfo=timezone.utc)) as frozen:
        with pytest.raises(TypeError, match="advances by a timedelta, and not by int: 60"):
            frozen.engine.advance(60)  # type: ignore[arg-type]


def test_address_space_that_is_limited_is_named(tmp_path: Path) -> None:
    limit = 3_000_000 * 1024
    program = "from pglite_native import PGlite; PGlite()"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert "EngineMemoryError: no address space" in done.stderr
    assert "`ulimit -v` is 3000000 here" in done.stderr
    assert "`ulimit -v unlimited`" in done.stderr


def test_a_directory_in_use_says_how_several_have_it(tmp_path: Path) -> None:
    with PGlite(tmp_path / "data"), pytest.raises(EngineLocked) as caught:
        PGlite(tmp_path / "data")
    assert "close it there, or let one process serve it to all" in str(caught.value)


CHILD = """
import os
from pglite_native import EngineError, PGlite
db = PGlite()
child = os.fork()
if child:
    os.waitpid(child, 0)
else:
    try:
        db.query("select 1")
    except EngineError as error:
        print(error, flush=True)
    os._exit(0)
"""


def test_a_child_of_fork_is_told_the_line_that_opens_one() -> None:
    said = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True).stdout
    assert said.startswith("the engine belongs to the parent process: open one after the fork")
    assert "def post_fork(server, worker): app.db = PGlite(...)" in said
    page = (ROOT / "docs" / "WEB.md").read_text(encoding="utf-8")
    assert "def post_fork(server, worker):\n    app.db = PGlite(" in page


# --- what is not installed ------------------------------------------------------------------


def test_what_is_missing_is_said_to_be() -> None:
    program = "import sys; sys.modules['sqlalchemy'] = None; import pglite_native.sqlalchemy"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "needs SQLAlchemy" in done.stderr
    assert "pip install 'pglite-native[sqlalchemy]'" in done.stderr


def test_system_errors_are_words(db: PGlite, tmp_path: Path) -> None:
    """Not the numbers of WASI, which are others than Linux's."""
    for sql, words in (
        ("copy pg_class to '/nope/file'", "No such file or directory"),
        ("select pg_read_file('/nope')", "No such file or directory"),
        ("select pg_ls_dir('/nope')", "No such file or directory"),
        ("load 'nope'", "No such file or directory"),
    ):
        assert words in text_of(db, sql)
    (tmp_path / "file").touch()
    with pytest.raises(EngineError, match=r"a database is a directory, and .*file is a file"):
        PGlite(tmp_path / "file")
    with pytest.raises(EngineError, match="not a directory"):
        PGlite(tmp_path / "file" / "below")


def test_a_panic_says_that_the_engine_has_failed() -> None:
    fields = {"S": "PANIC", "V": "PANIC", "C": "53100", "M": "could not write to file"}
    assert str(DatabaseError(fields, "select 1", 0)) == (
        "53100: could not write to file\n"
        "HINT: The engine has failed: close it, and open the database again, which recovers it"
    )


def test_a_transaction_that_has_failed_says_so(db: PGlite) -> None:
    with pytest.raises(DatabaseError) as caught, db.transaction() as transaction:
        for sql in ("select 1/0", "select 1"):
            try:
                transaction.query(sql)
            except DatabaseError as error:
                if error.sqlstate != "22012":
                    raise
    assert "HINT: An earlier statement of the transaction has failed" in str(caught.value)


def test_a_str_is_json_s_text(db: PGlite) -> None:
    assert "HINT: A str is taken for JSON's text" in text_of(db, "select $1::jsonb", ["hello"])


# --- limits ---------------------------------------------------------------------------------


def test_a_file_of_this_machine_is_not_postgresql_s(db: PGlite, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1\n")
    db.exec("create table t (a int)")
    shown = text_of(db, f"copy t from '{tmp_path}/a.csv'")
    assert "HINT: PostgreSQL sees its own files here" in shown and "copy_from" in shown
    shown = text_of(db, f"copy t to '{tmp_path}/b.csv'")
    assert "HINT: PostgreSQL sees its own files here" in shown and "copy_to" in shown


def test_a_full_memory_names_its_limit() -> None:
    with PGlite(memory_limit="40MB") as db:
        db.exec("create table t (a text)")
        shown = text_of(db, "insert into t select repeat('x', 1000) from generate_series(1, 99999)")
    assert shown.startswith("53100: ") and 'PGlite(memory_limit="32GB")' in shown


def test_parameters_that_are_missing_are_told_apart_from_placeholders(db: PGlite) -> None:
    shown = text_of(db, "select $1::int, $2::int", [1])
    assert "HINT: Each placeholder wants a parameter" in shown


def test_a_context_that_repeats_itself_is_counted() -> None:
    """As that of a function without an end."""
    where = "\n".join(['SQL function "f" statement 1'] * 30_000 + ["at last"])
    fields = {"S": "ERROR", "V": "ERROR", "C": "54001", "M": "too deep", "W": where}
    assert str(DatabaseError(fields, "select f(1)")) == (
        '54001: too deep\nCONTEXT: SQL function "f" statement 1 (30000 times)\nat last'
    )

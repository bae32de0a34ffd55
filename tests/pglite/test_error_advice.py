"""What errors advise those who come from another database, or forget an extension."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from pglite_native import DatabaseError, PGlite, foreign_sql
from pglite_native.extension_objects import EXTENSIONS
from tests.pglite.test_error_texts import text_of


@pytest.fixture
def shop(db: PGlite) -> PGlite:
    db.exec('create table "Item" ("Name" text, n int)')
    return db


@pytest.mark.parametrize(
    ("sql", "advice"),
    [
        ("create table t (id integer primary key autoincrement)", "generated always as identity"),
        ("create table t (id int auto_increment)", "generated always as identity"),
        ("create table t (at datetime)", "timestamp, or timestamptz"),
        ("create table t (n int unsigned)", "no unsigned numbers"),
        ("create table t (n int) engine=InnoDB", "no ENGINE"),
        ("create table `t` (n int)", "double quotation marks"),
        ("select `n` from t", "double quotation marks"),
        ("insert or replace into t values (1)", "ON CONFLICT"),
        ("insert ignore into t values (1)", "ON CONFLICT"),
        ("select ifnull(1, 2)", "COALESCE"),
        ("select group_concat('a')", "string_agg"),
        ("use shop", "connect(name)"),
        ("show tables", "information_schema"),
        ("describe t", "information_schema"),
        ("pragma table_info(t)", "information_schema"),
        ('select "x"', "'Single quotation marks' are for strings"),
        ("select * from Item", '"Item" is as it is written'),
        ("select 'a' < 'b' collate \"de_DE\"", '"de-DE-x-icu", or "de-x-icu"'),
        ("select 'a' < 'b' collate \"sv_SE.utf8\"", '"sv-SE-x-icu"'),
    ],
)
def test_what_other_databases_have_is_said_in_postgresql_s_terms(
    shop: PGlite, sql: str, advice: str
) -> None:
    assert advice in text_of(shop, sql).partition("HINT: ")[2]


@pytest.mark.parametrize(
    ("sql", "advice"),
    [
        ("select '[1]'::vector", "create extension vector"),
        ("create table t (e vector(3))", "create extension vector"),
        ("select similarity('a', 'b')", "create extension pg_trgm"),
        ("select uuid_generate_v4()", 'create extension "uuid-ossp"'),
        ('create index on "Item" using gin ("Name" gin_trgm_ops)', "create extension pg_trgm"),
        ("table pg_stat_statements", "create extension pg_stat_statements"),
        ("create extension uuid-ossp", 'create extension "uuid-ossp"'),
        ("create extension if not exists uuid-ossp", 'create extension "uuid-ossp"'),
    ],
)
def test_what_an_extension_has_names_it(shop: PGlite, sql: str, advice: str) -> None:
    assert advice in text_of(shop, sql).partition("HINT: ")[2]


def test_settings_of_the_start_are_set_there(db: PGlite) -> None:
    shown = text_of(db, "set shared_buffers = '1GB'")
    assert 'settings={"shared_buffers": ...}' in shown
    db.exec("create extension pg_stat_statements")
    shown = text_of(db, "table pg_stat_statements")
    assert 'settings={"shared_preload_libraries": "pg_stat_statements"}' in shown


@pytest.mark.parametrize(
    ("sql", "value", "advice"),
    [
        ("select $1::int", True, "int(value)"),
        ("select $1::numeric", False, "A bool is no number"),
        ("select $1::bigint", 1.0, "round(value)"),
        ("notify jobs, $1", "one", "pg_notify($1, ...)"),
        ("set work_mem = $1", "1MB", "set_config('name', $1, false)"),
        ("set local work_mem to $1", "1MB", "set_config('name', $1, false)"),
        ("select $2::int", 1, "by a cast, $1::int"),
        ("select now() - $1", timedelta(1), "$1::interval"),
        ("select now() > now() - $1", timedelta(1), "a cast gives it, $1::interval"),
        ("select $1 + interval '1 day'", date(2020, 1, 1), "$1::timestamp"),
        ("select daterange('2020-01-01', null) @> $1", date(2020, 1, 1), "$1::date"),
    ],
)
def test_parameters_that_do_not_fit(db: PGlite, sql: str, value: object, advice: str) -> None:
    for _ in range(3):  # also where it is prepared
        assert advice in text_of(db, sql, [value]).partition("HINT: ")[2]


def test_operators_of_no_times_keep_postgresql_s_hint(db: PGlite) -> None:
    shown = text_of(db, "select 1 + 'a'::text || $1::int", [1])
    assert "HINT: No operator matches the given name and argument types" in shown


def test_what_must_be_alone_says_so(db: PGlite) -> None:
    with pytest.raises(DatabaseError) as caught:
        db.exec("select 1; vacuum")
    assert "HINT: Run it by itself" in str(caught.value)


def test_what_must_be_outside_of_a_transaction_says_so(db: PGlite) -> None:
    with pytest.raises(DatabaseError) as caught, db.transaction() as transaction:
        transaction.query("vacuum")
    assert "outside of `with db.transaction()`" in str(caught.value)
    with pytest.raises(DatabaseError) as caught, db.transaction() as outer:
        with outer.transaction() as inner:
            inner.query("vacuum")
    assert "outside of `with db.transaction()`" in str(caught.value)


def test_other_errors_keep_postgresql_s_words(shop: PGlite) -> None:
    for sql in ("selec 1", "select 1 from", "select nope", "select 1::nope", "create nope x"):
        assert "HINT" not in text_of(shop, sql)
    assert "HINT: No function matches" in text_of(shop, "select nope(1)")
    assert 'HINT: Perhaps you meant to reference the column "Item.Name"' in text_of(
        shop, 'select Name from "Item"'
    )
    assert "HINT: Use separate LIMIT and OFFSET" in text_of(shop, "select 1 limit 1, 2")


MEMBERS = """
    select proname from pg_proc where oid in (select objid from members)
    union select typname from pg_type where oid in (select objid from members)
    union select opcname from pg_opclass where oid in (select objid from members)
    union select relname from pg_class where oid in (select objid from members)"""


def test_the_extensions_have_what_is_said_to_be_theirs(db: PGlite) -> None:
    members = "with members as (select objid from pg_depend where deptype = 'e' and refobjid ="
    for extension in sorted(set(EXTENSIONS.values())):
        db.exec(f'create extension if not exists "{extension}" cascade')
        which = f"{members} (select oid from pg_extension where extname = $1)) {MEMBERS}"
        theirs = {name for (name,) in db.query(which, [extension], row_mode="array").rows}
        said = {name for name, owner in EXTENSIONS.items() if owner == extension}
        assert said <= theirs, (extension, said - theirs)


def test_postgresql_has_not_itself_what_others_have(db: PGlite) -> None:
    types = db.query("select typname from pg_type", row_mode="array").rows
    assert not {name for (name,) in types} & set(foreign_sql._TYPES)
    functions = db.query("select proname from pg_proc", row_mode="array").rows
    assert not {name for (name,) in functions} & set(foreign_sql._FUNCTIONS)

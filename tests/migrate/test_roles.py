"""Owners, privileges and roles, of large objects too: what moves, by which options."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pglite_native import PGlite
from pglite_native.cli import main
from tests.migrate.test_moving import execute, export, query

ROLES = ("keeper", "reader", "app", "staff")

SOURCE = """
CREATE ROLE keeper CREATEDB CONNECTION LIMIT 3;
CREATE ROLE reader NOINHERIT; CREATE ROLE staff;
CREATE ROLE app LOGIN PASSWORD 'secret' VALID UNTIL '2040-01-01';
CREATE ROLE stranger;
COMMENT ON ROLE keeper IS 'keeps "it"';
GRANT reader TO app WITH INHERIT FALSE;
GRANT staff TO reader WITH ADMIN OPTION;
GRANT pg_monitor TO app;
ALTER TABLE t OWNER TO keeper;
GRANT SELECT (a) ON t TO reader; GRANT SELECT ON t TO keeper WITH GRANT OPTION;
CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT '
ALTER TABLE t OWNER TO postgres;
'::text $$;
SELECT lo_from_bytea(7, 'seven'), lo_from_bytea(8, 'eight');
COMMENT ON LARGE OBJECT 7 IS 'it''s seven';
ALTER LARGE OBJECT 7 OWNER TO keeper;
GRANT SELECT ON LARGE OBJECT 7 TO reader WITH GRANT OPTION;
GRANT UPDATE ON LARGE OBJECT 8 TO PUBLIC;
"""

LARGE_OBJECTS = """
SELECT oid::int, obj_description(oid, 'pg_largeobject'), pg_get_userbyid(lomowner), lomacl::text
FROM pg_largeobject_metadata ORDER BY 1"""


OF_ROLES = (
    "SELECT rolname, rolcanlogin, rolcreatedb, rolinherit, rolconnlimit, rolvaliduntil::text,"
    " shobj_description(oid, 'pg_authid') FROM pg_roles"
    " WHERE rolname = any('{keeper,reader,app,staff}') ORDER BY 1",
    "SELECT roleid::regrole::text, member::regrole::text, admin_option, inherit_option, set_option"
    " FROM pg_auth_members"
    " WHERE member = any('{keeper,reader,app,staff}'::regrole[]) ORDER BY 1, 2",
    "SELECT rolpassword FROM pg_authid WHERE rolname = 'app'",
    "SELECT relowner::regrole::text, relacl::text FROM pg_class WHERE relname = 't'",
    "SELECT attacl::text FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'a'",
    "SELECT prosrc, proowner::regrole::text FROM pg_proc WHERE proname = 'f'",
)

WITH_ALL = ("--with-owners", "--with-roles")


@pytest.fixture
def owned(small: Path) -> Path:
    with PGlite(small) as db:
        db.exec(SOURCE)
    return small


@pytest.fixture
def there(new_database: Callable[[], str]) -> Iterator[str]:
    url = new_database()
    yield url
    for role in ROLES:
        if query(url, f"SELECT 1 FROM pg_roles WHERE rolname = '{role}'"):
            execute(url, f"DROP OWNED BY {role}")
    execute(url, f"DROP ROLE IF EXISTS {', '.join(ROLES)}")


def test_comments_of_large_objects_always_move(owned: Path, there: str) -> None:
    assert export(owned, there) == 0
    assert query(there, LARGE_OBJECTS) == [
        (7, "it's seven", "postgres", None),
        (8, None, "postgres", None),
    ]
    assert query(there, "SELECT convert_from(lo_get(7), 'UTF8')") == [("seven",)]


def test_everything_of_roles_moves_there_and_back(owned: Path, there: str, tmp_path: Path) -> None:
    assert export(owned, there, *WITH_ALL) == 0
    assert query(there, LARGE_OBJECTS) == [
        (7, "it's seven", "keeper", "{keeper=rw/keeper,reader=r*/keeper}"),
        (8, None, "postgres", "{postgres=rw/postgres,=w/postgres}"),
    ]
    back = tmp_path / "back"
    assert main(["import", "--from", there, "--data-dir", str(back), *WITH_ALL]) == 0
    with PGlite(owned) as left, PGlite(back) as returned:
        for sql in (*OF_ROLES, LARGE_OBJECTS):
            expected = left.query(sql, row_mode="array").rows
            assert query(there, sql) == expected, sql
            assert returned.query(sql, row_mode="array").rows == expected, sql
    assert query(there, "SELECT to_regrole('stranger')") == [
        (None,)
    ]  # it has nothing to do with it


def test_privileges_move_without_owners(owned: Path, there: str) -> None:
    assert export(owned, there, "--with-privileges", "--with-roles") == 0
    assert query(there, "SELECT relowner::regrole::text FROM pg_class WHERE relname = 't'") == [
        ("postgres",)
    ]
    assert query(there, "SELECT has_column_privilege('reader', 't', 'a', 'SELECT')") == [(True,)]
    assert query(there, LARGE_OBJECTS)[0][2:] == (
        "postgres",
        "{postgres=rw/postgres,reader=r*/postgres}",
    )


def test_roles_that_are_there_are_left_alone(owned: Path, there: str) -> None:
    execute(there, "CREATE ROLE app NOLOGIN")
    assert export(owned, there, *WITH_ALL) == 0
    assert query(there, "SELECT rolcanlogin FROM pg_roles WHERE rolname = 'app'") == [(False,)]
    assert query(there, "SELECT pg_has_role('app', 'reader', 'MEMBER')") == [(True,)]


def test_roles_are_wanted_or_made(
    owned: Path, there: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(owned, there, "--with-owners") == 1
    error = capsys.readouterr().err
    assert "lacks roles that the schema names: keeper, reader. " in error
    assert "or say --with-roles" in error

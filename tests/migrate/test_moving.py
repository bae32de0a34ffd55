"""`export` and `import`, to and from native PostgreSQL: what arrives, and what is refused."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from pglite_native import Engine, PGlite
from pglite_native.cli import main
from pglite_native.server import Server
from tests.clients.programs import without_versions
from tests.migrate.conftest import url_of
from tests.oracle.native import NativeServer, programs

OLDER = Path("/usr/lib/postgresql/15/bin")


def dumped(url: str) -> list[str]:
    """All that pg_dump sees of a database, but for what is another one each time.

    Sorted, as what is partitioned by the hash of an enum lies in other partitions elsewhere.
    """
    command: list[str | Path] = [programs() / "pg_dump", "--no-owner", "--no-tablespaces", url]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    text = without_versions(done.stdout)
    return sorted(re.sub(r"^\\(un)?restrict \w+$", "", text, flags=re.M).splitlines())


def dumped_directory(folder: Path) -> list[str]:
    with Engine(folder) as engine, Server(engine) as server:
        return dumped(server.url)


def query(url: str, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(sql.encode()).fetchall()


def execute(url: str, sql: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.encode())


def export(folder: Path, url: str, *options: str) -> int:
    return main(["export", "--data-dir", str(folder), "--to", url, *options])


def test_everything_moves_there_and_back(
    everything: Path,
    new_database: Callable[[], str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    there = new_database()
    before = dumped_directory(everything)
    assert export(everything, there, "--checksum") == 0
    output, errors = capsys.readouterr()
    assert errors == ""
    assert output.endswith("Both sides have the same rows and hashes.\n")
    assert "large objects: 2\n" in output
    assert dumped(there) == before
    assert dumped_directory(everything) == before  # the source is as it was
    assert query(there, "SELECT relispopulated FROM pg_class WHERE relname = 'counted'")[0][0]

    back = tmp_path / "back"
    assert main(["import", "--from", there, "--data-dir", str(back)]) == 0
    assert capsys.readouterr().out.endswith("Both sides have the same rows.\n")
    assert dumped_directory(back) == before
    with PGlite(back) as db:  # it continues where the other ended
        (row,) = db.query("INSERT INTO author (name) VALUES ('next') RETURNING id, stamped").rows
        assert row["id"] == 10 + 5 * 100 and row["stamped"] is not None


def test_an_image_is_exported(new_database: Callable[[], str], tmp_path: Path) -> None:
    with PGlite() as db:
        db.exec("CREATE TABLE t AS SELECT 42 AS a")
        db.engine.snapshot().save(tmp_path / "image")
    there = new_database()
    assert main(["export", "--image", str(tmp_path / "image"), "--to", there]) == 0
    assert query(there, "TABLE t") == [(42,)]


def test_owners_and_privileges_move_if_wanted(
    small: Path, new_database: Callable[[], str], capsys: pytest.CaptureFixture[str]
) -> None:
    with PGlite(small) as db:
        db.exec("CREATE ROLE keeper; CREATE ROLE reader; ALTER TABLE t OWNER TO keeper")
        db.exec("GRANT SELECT ON t TO reader")
    there = new_database()
    assert export(small, there, "--with-owners") == 1
    assert "lacks roles that the schema names: keeper, reader" in capsys.readouterr().err
    execute(there, "CREATE ROLE keeper; CREATE ROLE reader")
    try:
        assert export(small, there, "--with-owners") == 0
        owner = "SELECT relowner::regrole::text FROM pg_class WHERE relname = 't'"
        assert query(there, owner) == [("keeper",)]
        assert query(there, "SELECT has_table_privilege('reader', 't', 'SELECT')") == [(True,)]
        plain = new_database()
        assert export(small, plain) == 0
        assert query(plain, owner) == [("postgres",)]
    finally:
        execute(there, "DROP OWNED BY keeper, reader; DROP ROLE keeper, reader")


# --- refused, and nothing changed -----------------------------------------------------------


def is_untouched(url: str) -> bool:
    return query(url, "SELECT count(*) FROM pg_class WHERE relnamespace > 16383") == [(0,)]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("CREATE EXTENSION pgcrypto", "lacks extensions that the source uses: pgcrypto"),
        (
            "CREATE ROLE guest; CREATE POLICY p ON t TO guest",
            "lacks roles that the schema names: guest",
        ),
    ],
)
def test_what_the_target_lacks_is_told_first(
    small: Path,
    new_database: Callable[[], str],
    sql: str,
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with PGlite(small) as db:
        db.exec(sql)
    there = new_database()
    assert export(small, there) == 1
    assert reason in capsys.readouterr().err
    assert query(there, "SELECT count(*) FROM pg_namespace WHERE nspname ~ 'pglite'") == [(0,)]


def test_a_target_that_is_not_empty_is_refused_unless_told(
    small: Path, new_database: Callable[[], str], capsys: pytest.CaptureFixture[str]
) -> None:
    there = new_database()
    execute(there, "CREATE SCHEMA other; CREATE VIEW other.v AS SELECT 1 AS a")
    assert export(small, there) == 1
    assert "not empty: it has relation other.v" in capsys.readouterr().err
    assert export(small, there, "--allow-non-empty") == 0
    assert query(there, "SELECT sum(t.a) FROM public.t, other.v") == [(3,)]

    assert export(small, there, "--allow-non-empty") == 1  # t is there already
    error = capsys.readouterr().err
    assert 'making the schema: 42P07: relation "t" already exists' in error
    assert query(there, "SELECT count(*) FROM t") == [(2,)]


def test_a_target_in_another_encoding_is_refused(
    small: Path,
    native: NativeServer,
    new_database: Callable[[], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    new_database()
    with psycopg.connect(url_of(native, "postgres"), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS latin")
        connection.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    assert export(small, url_of(native, "latin")) == 1
    assert "the target's encoding is LATIN1" in capsys.readouterr().err


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:secret@127.0.0.1:1/nowhere",
        "postgresql://me:secret@/nowhere?host=/nonexistent",
        "host=127.0.0.1 port=1 password=secret",
        "not a connection string",
    ],
)
def test_a_wrong_address_is_told_without_its_password(
    small: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(small, url) == 1
    error = capsys.readouterr().err
    assert error.startswith("pglite-native: cannot connect to ") and "secret" not in error


def test_a_directory_without_a_database_is_not_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(tmp_path / "none", "postgresql:///x") == 1
    assert "has no database" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_a_pg_dump_that_is_too_old_is_told(
    new_database: Callable[[], str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    program = tmp_path / "pg_dump"
    program.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 17.10'\n")
    program.chmod(0o755)
    here = ["--data-dir", str(tmp_path / "here"), "--from", new_database()]
    for path, reason in ((program, "is 17"), (tmp_path / "missing", "does not run")):
        assert main(["import", *here, "--pg-dump", str(path)]) == 1
        error = capsys.readouterr().err
        assert "pg_dump 18 or newer is wanted" in error and f"{path} {reason}" in error
        assert "Install" in error


def test_an_export_needs_no_program_of_postgresql_s(
    small: Path, new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*arguments: object, **options: object) -> None:
        raise AssertionError(f"a program is run: {arguments}")

    monkeypatch.setattr(subprocess, "run", run)
    there = new_database()
    assert export(small, there) == 0
    assert query(there, "select count(*) from t") == [(2,)]


def test_libraries_that_are_missing_are_named(small: Path, tmp_path: Path) -> None:
    """The base install has neither psycopg nor tqdm."""
    (tmp_path / "psycopg.py").write_text("raise ImportError('No module named psycopg')")
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r});"
        "from pglite_native.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    command = ["-c", program, "export", "--data-dir", str(small), "--to", "postgresql:///x"]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install 'pglite-native[migrate]'" in done.stderr and "Traceback" not in done.stderr


# --- other versions -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def older() -> Iterator[str]:
    if not (OLDER / "postgres").exists():
        pytest.skip("PostgreSQL 15 is not installed")
    with NativeServer(OLDER) as server:
        yield url_of(server, "postgres")


def test_an_older_server_is_imported(older: str, tmp_path: Path) -> None:
    execute(
        older,
        "DROP SCHEMA public CASCADE; CREATE SCHEMA public;"
        "CREATE TABLE t (id serial PRIMARY KEY, s text NOT NULL);"
        "INSERT INTO t (s) SELECT 'row ' || n FROM generate_series(1, 500) n",
    )
    folder = tmp_path / "data"
    assert main(["import", "--from", older, "--data-dir", str(folder), "--checksum"]) == 0
    with PGlite(folder) as db:
        (row,) = db.query("INSERT INTO t (s) VALUES ('next') RETURNING id").rows
        assert row == {"id": 501}


def test_policies_find_their_roles_in_a_directory(older: str, tmp_path: Path) -> None:
    execute(
        older,
        "DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP ROLE IF EXISTS guest;"
        "CREATE ROLE guest; CREATE TABLE t (a int); INSERT INTO t VALUES (1);"
        "CREATE POLICY p ON t TO guest; ALTER TABLE t ENABLE ROW LEVEL SECURITY",
    )
    folder = str(tmp_path / "data")
    assert main(["import", "--from", older, "--data-dir", folder]) == 1
    assert main(["sql", "--data-dir", folder, "create role guest"]) == 0
    assert main(["import", "--from", older, "--data-dir", folder]) == 0
    with PGlite(folder) as db:
        assert db.query("SELECT roles::text[] FROM pg_policies").rows == [{"roles": ["guest"]}]


def test_an_older_target_is_refused_unless_told(
    older: str, small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    execute(older, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    assert export(small, older) == 1
    assert "the target is PostgreSQL 15, older than the source" in capsys.readouterr().err
    with PGlite(small) as db:
        db.exec("CREATE TABLE newer (a int, b int GENERATED ALWAYS AS (a + 1))")
    assert export(small, older, "--allow-older") == 1
    assert "making the schema: 42601: syntax error" in capsys.readouterr().err
    assert query(older, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]
    with PGlite(small) as db:
        db.exec("DROP TABLE newer")
    assert export(small, older, "--allow-older") == 0
    assert query(older, "SELECT count(*) FROM t") == [(2,)]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (
            "./other",
            "cannot connect to './other': it is not the address of a server: postgresql://",
        ),
        ("mysql://me:secret@h/d", "'mysql://me:***@h/d': it is not the address of a server"),
        ("postgresql://localhost:1/shop", "cannot connect to shop at localhost"),
    ],
)
def test_an_address_that_is_none_leaves_no_directory(
    address: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new"
    assert main(["import", "--from", address, "--data-dir", str(folder)]) == 1
    assert said in capsys.readouterr().err
    assert not folder.exists()

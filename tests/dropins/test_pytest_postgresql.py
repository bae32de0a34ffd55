"""pytest-postgresql's README, on the drop-in."""

from __future__ import annotations

import textwrap

import pytest

from tools import ROOT

CONFTEST = 'pytest_plugins = ["pglite_native.testing.pytest_postgresql"]\n'


def run(
    pytester: pytest.Pytester, files: dict[str, str], *arguments: str, ini: str = ""
) -> pytest.RunResult:
    texts = {"conftest.py": CONFTEST, "pytest.ini": f"[pytest]\n{ini}", **files}
    for name, text in texts.items():
        (pytester.path / name).write_text(textwrap.dedent(text), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{ROOT}:{pytester.path}")
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        return pytester.runpytest_subprocess(*arguments)


def test_each_test_has_a_database_with_the_name_and_the_address_of_the_options(
    pytester: pytest.Pytester,
) -> None:
    test = """
        import psycopg
        import pytest

        @pytest.mark.parametrize("_", range(2))
        def test_it(postgresql, postgresql_proc, _):
            with postgresql.cursor() as cur:
                cur.execute("CREATE TABLE test (id serial PRIMARY KEY, num integer, data varchar);")
                postgresql.commit()
            server = postgresql_proc
            address = f"postgresql://{server.user}@{server.host}:{server.port}/shop"
            with psycopg.connect(address) as other:
                assert other.execute("select count(*) from test").fetchone() == (0,)
            assert (server.dbname, server.version.major) == ("shop", 18)
            assert postgresql.info.user == "ann"
    """
    ini = "postgresql_dbname = shop\npostgresql_user = ann\n"
    run(pytester, {"test_it.py": test}, ini=ini).assert_outcomes(passed=2)


def test_the_original_beside_it_is_named(pytester: pytest.Pytester) -> None:
    both = '["pytest_postgresql", "pglite_native.testing.pytest_postgresql"]'
    files = {"conftest.py": f"pytest_plugins = {both}\n", "pytest_postgresql.py": ""}
    result = run(pytester, files)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines("ERROR: pytest-postgresql itself is installed*")


def test_fixtures_without_the_plugin_name_it(pytester: pytest.Pytester) -> None:
    conftest = """
        from pglite_native.testing.pytest_postgresql import factories

        proc = factories.postgresql_proc()
        client = factories.postgresql("proc")
    """
    result = run(pytester, {"conftest.py": conftest, "test_it.py": "def test_it(client): ...\n"})
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines("*pytest_plugins = *pglite_native.testing.pytest_postgresql*")


def test_coroutines(pytester: pytest.Pytester) -> None:
    test = """
        import pytest

        @pytest.mark.asyncio
        async def test_it(postgresql_async):
            async with postgresql_async.cursor() as cur:
                await cur.execute("create table test ()")
                await postgresql_async.commit()
    """
    result = run(pytester, {"test_it.py": test}, "-p", "pytest_asyncio.plugin")
    result.assert_outcomes(passed=1)


def test_a_janitor_for_coroutines(pytester: pytest.Pytester) -> None:
    test = """
        import psycopg
        import pytest
        from pglite_native.testing.pytest_postgresql.janitor import AsyncDatabaseJanitor

        async def load(**address):
            async with await psycopg.AsyncConnection.connect(**address) as connection:
                await connection.execute("insert into test values (2)")

        def load_too(**address):
            with psycopg.connect(**address) as connection:
                connection.execute("insert into test values (3)")

        @pytest.mark.asyncio
        async def test_it(postgresql_proc, tmp_path):
            server = postgresql_proc
            address = dict(user=server.user, host=server.host, port=server.port)
            (tmp_path / "schema.sql").write_text("create table test as select 1 as a")
            async with AsyncDatabaseJanitor(**address, dbname="mine", as_template=True) as janitor:
                assert janitor.dbname == "mine" and janitor.is_template()
                await janitor.load(tmp_path / "schema.sql")
                await janitor.load(load)
                await janitor.load(load_too)
                async with janitor.cursor("mine") as cursor:
                    await cursor.execute("select sum(a) from test")
                    assert await cursor.fetchone() == (6,)
                copy = AsyncDatabaseJanitor(**address, dbname="copy", template_dbname="mine")
                async with copy, copy.cursor("copy") as cursor:
                    await cursor.execute("select count(*) from test")
                    assert await cursor.fetchone() == (3,)
            async with janitor.cursor() as cursor:
                await cursor.execute("select from pg_database where datname in ('mine', 'copy')")
                assert cursor.rowcount == 0
            await janitor.drop()
    """
    result = run(pytester, {"test_it.py": test}, "-p", "pytest_asyncio.plugin")
    result.assert_outcomes(passed=1)


def test_fixtures_are_filled_layer_by_layer(pytester: pytest.Pytester) -> None:
    files = {
        "schema.sql": "create table t (a int);",
        "loading.py": """
            import psycopg

            def one(**address):
                with psycopg.connect(**address) as connection:
                    connection.execute("insert into t values (1)")

            def two(host, port, user, dbname, password):
                one(host=host, port=port, user=user, dbname=dbname, password=password)
        """,
        "test_it.py": """
            from pathlib import Path
            import loading
            from pglite_native.testing.pytest_postgresql import factories

            base = factories.postgresql_proc(
                port=None, password="secret", load=[Path("schema.sql"), "loading.one"]
            )
            layer = factories.postgresql_noproc(depends_on="base", load=[loading.two])
            of_base = factories.postgresql("base")
            of_layer = factories.postgresql("layer")

            def count(connection):
                return connection.execute("select count(*) from t").fetchone()

            def test_it(of_base, of_layer):
                assert (count(of_base), count(of_layer)) == ((1,), (2,))
        """,
    }
    run(pytester, files).assert_outcomes(passed=1)


def test_a_statement_that_wants_no_transaction_is_loaded_by_autocommit(
    pytester: pytest.Pytester,
) -> None:
    files = {
        "other.sql": "create database other",
        "test_it.py": """
            def test_it(postgresql):
                found = postgresql.execute("select from pg_database where datname = 'other'")
                assert found.rowcount == 1
        """,
    }
    arguments = ["--postgresql-load=other.sql", "--postgresql-load-autocommit"]
    run(pytester, files, *arguments).assert_outcomes(passed=1)


def test_a_port_that_is_taken_is_said(pytester: pytest.Pytester) -> None:
    test = """
        import socket
        from pglite_native.testing.pytest_postgresql import factories

        taken = socket.create_server(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        proc = factories.postgresql_proc(port=port)
        other = factories.postgresql_proc(port=[{port}, (port, port)])
        client = factories.postgresql("proc")
        client_of_other = factories.postgresql("other")

        def test_one(client): ...
        def test_several(client_of_other): ...
    """
    result = run(pytester, {"test_it.py": test})
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines("*postgresql_proc: in use by others: port *")

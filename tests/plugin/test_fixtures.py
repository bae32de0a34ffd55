"""What each fixture gives to a test."""

from __future__ import annotations

from tests.plugin.conftest import Run

SCHEMA = "create table book (id int generated always as identity, title text);"


def test_each_test_has_a_fresh_database(run: Run) -> None:
    test = """
        import pytest

        INSERT = "insert into book (title) values ('Emma') returning id"

        @pytest.mark.parametrize("round", [1, 2])
        def test_in_process(pglite, round):
            assert pglite.query(INSERT).rows == [{"id": 1}]

        @pytest.mark.parametrize("round", [1, 2])
        def test_by_connection(pglite_connection, round):
            assert pglite_connection.execute(INSERT).fetchall() == [(1,)]
            pglite_connection.commit()

        @pytest.mark.parametrize("round", [1, 2])
        def test_by_session(pglite_session, round):
            from sqlalchemy import text

            assert pglite_session.execute(text(INSERT)).all() == [(1,)]
            pglite_session.commit()
    """
    result = run({"schema.sql": SCHEMA, "test_it.py": test}, ini="pglite_schema = schema.sql")
    result.assert_outcomes(passed=6)


def test_connections_of_a_test_share_its_database(run: Run) -> None:
    test = """
        import asyncpg, asyncio, psycopg

        def test_it(pglite_url, pglite_dsn, pglite_connection):
            pglite_connection.execute("create table t as select 1 as a")
            pglite_connection.commit()
            pglite_connection.close()
            with psycopg.connect(pglite_url) as connection:
                assert connection.execute("insert into t values (2) returning a").fetchone() == (2,)
            with psycopg.connect(pglite_dsn) as connection:
                assert connection.execute("table t").fetchall() == [(1,), (2,)]
            asyncio.run(fetch(pglite_url))

        async def fetch(url):
            connection = await asyncpg.connect(url)
            assert len(await connection.fetch("table t")) == 2
            await connection.close()

        def test_a_connection_left_open_does_not_matter(pglite_url):
            global left
            left = psycopg.connect(pglite_url)

        def test_sqlalchemy(pglite_engine, pglite_session, pglite_database):
            from sqlalchemy import text

            pglite_session.execute(text("create table t as select 1 as a"))
            pglite_session.commit()
            with pglite_engine.connect() as connection:
                assert connection.execute(text("table t")).all() == [(1,)]
            assert pglite_database.name in str(pglite_engine.url)
    """
    run({"test_it.py": test}).assert_outcomes(passed=3)


def test_a_database_serves_several_connections_at_once(run: Run) -> None:
    test = """
        import psycopg, pytest
        from sqlalchemy import text

        @pytest.mark.parametrize("round", [1, 2])
        def test_it(pglite_connection, pglite_url, pglite_engine, round):
            pglite_connection.execute("create table t as select 1 as a")
            pglite_connection.commit()
            with psycopg.connect(pglite_url) as other, pglite_engine.connect() as one:
                other.execute("set work_mem = '7MB'")
                other.commit()
                assert one.execute(text("table t")).all() == [(1,)]
                assert one.execute(text("show work_mem")).scalar() == "4MB"
    """
    run({"test_it.py": test}).assert_outcomes(passed=2)


def test_a_transaction_of_one_connection_does_not_hold_up_another(run: Run) -> None:
    test = """
        import psycopg, pytest

        def test_it(pglite_connection, pglite_url):
            pglite_connection.execute("create table t as select 1 as a")
            pglite_connection.commit()
            pglite_connection.execute("update t set a = 2")
            with psycopg.connect(pglite_url) as other:
                assert other.execute("table t").fetchall() == [(1,)]
                with pytest.raises(psycopg.errors.LockNotAvailable):
                    other.execute("select from t for update nowait")
    """
    run({"test_it.py": test}).assert_outcomes(passed=1)


def test_pglite_shared_is_taken_with_a_notice(run: Run) -> None:
    test = "def test_it(pglite_connection): pass"
    result = run({"test_it.py": test}, ini="pglite_shared = true\n")
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines("*pglite_shared has no effect*remove it*")
    run({"test_it.py": test}, ini="pglite_shared = false\n").assert_outcomes(passed=1, warnings=0)


def test_the_log_of_a_failed_test_has_nothing_about_other_sessions(run: Run) -> None:
    test = """
        import psycopg

        def test_it(pglite_url):
            for _ in range(2):
                psycopg.connect(pglite_url).close()
            assert False
    """
    result = run({"test_it.py": test})
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*Captured log*")


def test_databases_are_gone_after_their_test(run: Run) -> None:
    test = """
        def test_first(pglite, pglite_database):
            global db, database
            db, database = pglite, pglite_database
            database.snapshot()

        def test_second():
            from pglite_native import EngineClosed
            import psycopg, pytest

            assert db.closed
            with pytest.raises(EngineClosed):
                db.query("select 1")
            with psycopg.connect(database.url) as connection:  # another of that name
                assert connection.execute("select to_regclass('t')").fetchone() == (None,)
    """
    template = """
        import pytest

        @pytest.fixture(scope="session")
        def pglite_template(pglite_template):
            pglite_template.exec("create table t (a int)")
            return pglite_template
    """
    run({"test_it.py": test, "conftest.py": template}).assert_outcomes(passed=2)


ASYNCHRONOUS = """
    import pytest

    pytestmark = pytest.mark.{mark}

    @pytest.fixture
    def anyio_backend():
        return "asyncio"

    async def test_it(pglite_async_connection):
        cursor = await pglite_async_connection.execute("select 7")
        assert await cursor.fetchone() == (7,)
        await pglite_async_connection.execute("create table t (a int)")

    async def test_again(pglite_async_connection):
        cursor = await pglite_async_connection.execute("select to_regclass('t')")
        assert await cursor.fetchone() == (None,)
"""


def test_asynchronous_connections_by_pytest_asyncio(run: Run) -> None:
    test = {"test_it.py": ASYNCHRONOUS.format(mark="asyncio")}
    run(test, plugins=["asyncio"]).assert_outcomes(passed=2)
    run(test, "-o", "asyncio_mode=auto", plugins=["asyncio"]).assert_outcomes(passed=2)


def test_asynchronous_connections_by_anyio(run: Run) -> None:
    test = {"test_it.py": ASYNCHRONOUS.format(mark="anyio")}
    result = run(test, plugins=["anyio"])
    result.assert_outcomes(passed=2)


def test_without_a_plugin_for_coroutines_the_error_names_one(run: Run) -> None:
    test = {"test_it.py": "def test_it(pglite_async_connection): pass"}
    result = run(test)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines("*pip install pytest-asyncio*")


def test_where_psycopg_is_missing_asyncpg_serves_and_else_the_error_says_what_to_install(
    run: Run,
) -> None:
    conftest = """
        import sys

        for name in ("psycopg", "psycopg2"):
            sys.modules[name] = None
    """
    test = """
        import pytest

        @pytest.mark.asyncio
        async def test_asyncpg(pglite_async_connection):
            assert await pglite_async_connection.fetchval("select 7") == 7

        def test_in_process(pglite):
            assert pglite.query("select 7 as a").rows == [{"a": 7}]

        def test_connection(pglite_connection):
            pass

        def test_engine(pglite_engine):
            pass
    """
    result = run({"conftest.py": conftest, "test_it.py": test}, plugins=["asyncio"])
    result.assert_outcomes(passed=2, errors=2)
    result.stdout.fnmatch_lines("*pglite_connection needs psycopg: pip install 'psycopg?binary?'*")
    result.stdout.fnmatch_lines("*pglite_engine needs psycopg or psycopg2: pip install*")

"""SQLAlchemy's and SQLModel's asynchronous fixtures."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Run

BACKEND = """
    import pytest

    @pytest.fixture
    def anyio_backend():
        return "asyncio"
"""
TEST = """
    import pytest
    import sqlalchemy
    {imported}

    @pytest.mark.{mark}
    @pytest.mark.parametrize("_", range(2))
    async def test_it(pglite_async_session, pglite_async_engine, pglite_session, _):
        for session in (pglite_async_session, pglite_session):
            assert hasattr(session, "exec") is {is_sqlmodel}
        async with pglite_async_engine.begin() as connection:
            await connection.execute(sqlalchemy.text("create table t (a int)"))
        await pglite_async_session.execute(sqlalchemy.text("insert into t values (1)"))
        await pglite_async_session.commit()
        assert pglite_session.scalar(sqlalchemy.text("select a from t")) == 1
"""


@pytest.mark.parametrize("imported", ["", "import sqlmodel"], ids=["SQLAlchemy", "SQLModel"])
@pytest.mark.parametrize("mark", ["asyncio", "anyio"])
def test_a_session_is_in_the_test_s_database(run: Run, mark: str, imported: str) -> None:
    test = TEST.format(mark=mark, imported=imported, is_sqlmodel=bool(imported))
    files = {"test_it.py": test, "conftest.py": BACKEND}
    run(files, plugins=[mark]).assert_outcomes(passed=2)


@pytest.mark.parametrize("name", ["pglite_async_engine", "pglite_async_session"])
def test_without_a_plugin_for_coroutines_the_error_says_what_to_install(
    run: Run, name: str
) -> None:
    result = run({"test_it.py": f"def test_it({name}): pass"})
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(f"*{name} needs a plugin that runs coroutines*pytest-asyncio*")

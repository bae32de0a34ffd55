"""py-pglite's README, on the drop-in."""

from __future__ import annotations

import textwrap

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from pglite_native.testing.py_pglite import (
    PGliteConfig,
    PGliteManager,
    SQLAlchemyAsyncPGliteManager,
    SQLAlchemyPGliteManager,
)
from tests.dropins.test_containers import free_port
from tools import ROOT


def test_a_session_makes_the_tables_and_empties_them(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "conftest.py": 'pytest_plugins = ["pglite_native.testing.py_pglite"]\n',
        "pytest.ini": "[pytest]\n",
        "test_it.py": """
            import pytest
            from sqlmodel import Field, Session, SQLModel, select

            class User(SQLModel, table=True):
                id: int | None = Field(default=None, primary_key=True)
                name: str

            @pytest.mark.parametrize("_", range(2))
            def test_it(pglite_session, pglite_engine, _):
                user = User(name="Alice")
                pglite_session.add(user)
                pglite_session.commit()
                assert user.id == 1
                with Session(pglite_engine) as other:
                    assert len(other.exec(select(User)).all()) == 1
        """,
    }
    for name, content in files.items():
        (pytester.path / name).write_text(textwrap.dedent(content), encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    # Where our plugin is installed, it has fixtures of these names, too.
    for plugins in ((), ("-p", "pglite_native.pytest_plugin")):
        pytester.runpytest_subprocess(*plugins).assert_outcomes(passed=2)


def test_a_manager_s_addresses_lead_to_it() -> None:
    for config in (PGliteConfig(), PGliteConfig(use_tcp=True, tcp_port=free_port())):
        with PGliteManager(config) as manager:
            for address in (manager.get_dsn(), manager.get_psycopg_uri()):
                with psycopg.connect(address) as connection:
                    assert connection.execute("select 1").fetchone() == (1,)
            manager.restart()
            assert manager.is_running()
        with pytest.raises(RuntimeError, match="not running"):
            manager.get_dsn()


def test_an_engine_has_any_number_of_connections() -> None:
    with SQLAlchemyPGliteManager() as manager:
        engine = manager.get_engine()
        assert manager.get_engine() is engine
        with engine.connect() as one, engine.connect() as other:
            assert one.scalar(text("select pg_backend_pid()")) != other.scalar(
                text("select pg_backend_pid()")
            )


async def _ask(engine: AsyncEngine) -> object:
    async with engine.connect() as connection:
        return await connection.scalar(text("select 1"))


def test_an_asynchronous_engine() -> None:
    import asyncio

    async def main() -> object:
        async with SQLAlchemyAsyncPGliteManager() as manager:
            assert await manager.wait_for_ready()
            return await _ask(manager.get_engine())

    assert asyncio.run(main()) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": 0},
        {"log_level": "LOUD"},
        {"extensions": ["postgis"]},
        {"use_tcp": True, "tcp_port": 0},
        {"use_tcp": True, "tcp_host": ""},
    ],
    ids=lambda options: next(reversed(options)),
)
def test_what_py_pglite_refuses_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"timeout|log_level|extension|TCP"):
        PGliteConfig(**options)  # type: ignore[arg-type]

"""docs/FASTAPI.md: an application whose session is a dependency gets the test's."""

from __future__ import annotations

import re
import textwrap

from tests.plugin.conftest import Run
from tools import ROOT

PAGE = (ROOT / "docs" / "FASTAPI.md").read_text(encoding="utf-8")
FIXTURES = "".join(
    textwrap.dedent(block)
    for block in re.findall(r"(?:^    .*\n|^\n)+", PAGE, re.MULTILINE)
    if "def pglite_template" in block or "pglite_async_session" in block
)
APP = """
    from fastapi import Depends, FastAPI
    from sqlmodel import Field, SQLModel, select
    from sqlmodel.ext.asyncio.session import AsyncSession

    class Item(SQLModel, table=True):
        id: int | None = Field(default=None, primary_key=True)
        name: str

    async def get_session():
        raise AssertionError("not the test's")
        yield

    app = FastAPI()

    @app.post("/items")
    async def create(name: str, session: AsyncSession = Depends(get_session)) -> Item:
        item = Item(name=name)
        session.add(item)
        await session.commit()
        return item

    @app.get("/items")
    async def items(session: AsyncSession = Depends(get_session)) -> list[Item]:
        return (await session.exec(select(Item))).all()
"""
CONFTEST = """
import pytest
from httpx2 import ASGITransport, AsyncClient
from sqlmodel import SQLModel
from app import app, get_session
from pglite_native.sqlalchemy import create_engine
"""
TEST = """
    import pytest

    @pytest.mark.asyncio
    @pytest.mark.parametrize("_", range(2))
    async def test_it(client, _):
        made = await client.post("/items", params={"name": "tea"})
        assert made.json() == {"id": 1, "name": "tea"}
        assert len((await client.get("/items")).json()) == 1
"""


def test_a_request_is_in_the_test_s_session(run: Run) -> None:
    assert FIXTURES.count("@pytest.fixture") == 2
    files = {"app.py": APP, "conftest.py": CONFTEST + FIXTURES, "test_it.py": TEST}
    run(files, plugins=["asyncio"], ini="pythonpath = .\n").assert_outcomes(passed=2)

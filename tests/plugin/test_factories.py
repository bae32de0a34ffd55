"""Fixtures made to order."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Run

CONFTEST = """
    import pathlib
    from pglite_native import PGlite
    from pglite_native.pytest_plugin import factories

    @factories.template
    def shop_template():
        pathlib.Path(__file__).with_name("made").mkdir()  # fails the second time
        db = PGlite()
        db.exec("create table item as select 'tea' as name")
        return db

    shop = factories.pglite("shop_template")
    shop_database = factories.database("shop_template")
    shop_url = factories.url("shop_database")
    shop_dsn = factories.dsn("shop_database")
    shop_connection = factories.connection("shop_database")
    shop_engine = factories.engine("shop_database")
    shop_session = factories.session("shop_engine")
    shop_copy = factories.database("shop_template")
    copy_connection = factories.connection("shop_copy")
"""
TEST = """
    from sqlalchemy import text

    def test_in_process(shop, pglite):
        assert shop.query("delete from item returning name").rows == [{"name": "tea"}]
        assert pglite.query("select to_regclass('item') as a").rows == [{"a": None}]

    def test_two_databases(shop_connection, copy_connection):
        shop_connection.execute("delete from item")
        shop_connection.commit()
        assert copy_connection.execute("table item").fetchall() == [("tea",)]

    def test_session(shop_session, shop_engine, shop_url, shop_dsn):
        assert shop_session.execute(text("table item")).all() == [("tea",)]
        assert shop_engine.url.database in shop_url
        assert shop_engine.url.database in shop_dsn
"""


def test_a_family_of_one_s_own(run: Run, pytester: pytest.Pytester) -> None:
    run({"conftest.py": CONFTEST, "test_it.py": TEST}).assert_outcomes(passed=3)
    assert (pytester.path / "made").is_dir()

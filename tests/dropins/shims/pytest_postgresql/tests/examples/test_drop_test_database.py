"""A database that is there from before is dropped."""

from pytest_postgresql import factories

postgresql_external = factories.postgresql("postgresql_noproc")


def test_content(postgresql_external):
    assert postgresql_external.execute("select * from test_load").fetchall() == [(1,)]

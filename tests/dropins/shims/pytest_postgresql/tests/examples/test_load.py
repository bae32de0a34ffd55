"""The database has what the file holds."""


def test_content(postgresql):
    assert postgresql.execute("select * from test_load").fetchall() == [(1,)]

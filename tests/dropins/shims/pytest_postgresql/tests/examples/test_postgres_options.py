"""The server has the option that the run was given."""


def test_option(postgresql):
    assert postgresql.execute("show max_connections").fetchone() == ("16",)

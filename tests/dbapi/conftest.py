"""A connection to a database with a table in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pglite_native import dbapi


@pytest.fixture
def connection() -> Iterator[dbapi.Connection]:
    with dbapi.connect() as opened:
        opened.execute("create table book (id int primary key, title text)")
        opened.execute("insert into book values (1, 'Emma')")
        opened.commit()
        yield opened

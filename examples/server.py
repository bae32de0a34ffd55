"""A server: of one engine for all connections, or of a fork for each; by any PostgreSQL driver.

Wanted: pip install "psycopg[binary]".
"""

from __future__ import annotations

import psycopg
from messages import query

from pglite_native import Engine
from pglite_native.server import Server

with Engine() as engine:
    engine.exec_protocol_raw(query("create table book (title text)"))
    engine.exec_protocol_raw(query("insert into book values ('Middlemarch')"))
    template = engine.snapshot()

    with (
        Server(engine) as server,  # all connections have sessions of this engine
        psycopg.connect(server.dsn) as one,
        psycopg.connect(server.dsn) as other,
    ):
        one.execute("insert into book values ('Emma')")
        print(other.execute("table book").fetchall())  # one has not committed yet
        one.commit()
        print(other.execute("table book").fetchall())

with Server(template, shared=False) as server:  # each connection has a fork of its own
    with psycopg.connect(server.dsn) as one, psycopg.connect(server.dsn) as other:
        one.execute("insert into book values ('Persuasion')")
        one.commit()
        print(other.execute("table book").fetchall())

    for title in ("Persuasion", "Villette"):  # a fork that has a name stays, for all who give it
        with psycopg.connect(server.url_of("scratch_mine")) as connection:
            connection.execute("insert into book values (%s)", [title])
            print(connection.execute("table book").fetchall())

# prints:
#   [('Middlemarch',)]
#   [('Middlemarch',), ('Emma',)]
#   [('Middlemarch',)]
#   [('Middlemarch',), ('Persuasion',)]
#   [('Middlemarch',), ('Persuasion',), ('Villette',)]

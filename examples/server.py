"""A server whose every connection has a database of its own; any PostgreSQL driver will do.

Wanted: pip install "psycopg[binary]".
"""

from __future__ import annotations

import psycopg
from messages import query

from pglite_native import Engine
from pglite_native.server import Server

with Engine() as template:  # made once, however many connections there will be
    template.exec_protocol_raw(query("create table book (title text)"))
    template.exec_protocol_raw(query("insert into book values ('Middlemarch')"))
    server = Server(template)

with server:
    with psycopg.connect(server.dsn) as one, psycopg.connect(server.dsn) as other:
        one.execute("insert into book values ('Emma')")
        one.commit()
        print(one.execute("table book").fetchall())
        print(other.execute("table book").fetchall())

    for title in ("Persuasion", "Villette"):  # by name it stays, for one connection at a time
        with psycopg.connect(server.url_of("scratch_mine")) as connection:
            connection.execute("insert into book values (%s)", [title])
            print(connection.execute("table book").fetchall())

# prints:
#   [('Middlemarch',), ('Emma',)]
#   [('Middlemarch',)]
#   [('Middlemarch',), ('Persuasion',)]
#   [('Middlemarch',), ('Persuasion',), ('Villette',)]

"""A database in memory: some SQL, its rows, and an error."""

from __future__ import annotations

from messages import query, rows

from pglite_native import Engine

with Engine() as engine:
    engine.exec_protocol_raw(query("create table planet (name text, moons int)"))
    engine.exec_protocol_raw(
        query("insert into planet values ('Earth', 1), ('Mars', 2), ('Venus', null)")
    )
    print(rows(engine.exec_protocol_raw(query("table planet"))))

    try:
        rows(engine.exec_protocol_raw(query("select 1 / 0")))
    except RuntimeError as error:
        print(error)

    # The session continues, as it does on a server.
    print(rows(engine.exec_protocol_raw(query("select sum(moons) from planet"))))

# prints:
#   [['Earth', '1'], ['Mars', '2'], ['Venus', None]]
#   22012: division by zero
#   [['3']]

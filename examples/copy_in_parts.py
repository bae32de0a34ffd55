"""COPY in both directions, of more than should be in memory at once."""

from __future__ import annotations

from messages import copy_data, copy_done, query, rows

from pglite_native import Engine

LINES = 200_000
LINES_A_PART = 10_000

with Engine() as engine:
    engine.exec_protocol_raw(query("create table reading (id int, value float8)"))

    # In: the engine waits inside the statement for as many calls as it takes.
    engine.exec_protocol_raw(query("copy reading from stdin"))
    for first in range(0, LINES, LINES_A_PART):
        lines = "".join(f"{n}\t{n / 4}\n" for n in range(first, first + LINES_A_PART))
        engine.exec_protocol_raw(copy_data(lines.encode()))
    engine.exec_protocol_raw(copy_done())
    print(rows(engine.exec_protocol_raw(query("select count(*), max(value) from reading"))))

    # Out: the next part is made when it is asked for.
    size = largest = 0
    for part in engine.exec_protocol_stream(query("copy reading to stdout")):
        size += len(part)
        largest = max(largest, len(part))
    print(size > 3_000_000, largest < 1_000_000)

# prints:
#   [['200000', '49999.75']]
#   True True

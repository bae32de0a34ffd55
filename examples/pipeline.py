"""A statement prepared once and executed many times, all in one call."""

from __future__ import annotations

from messages import bind_and_execute, parse, query, rows, sync

from pglite_native import Engine

with Engine() as engine:
    engine.exec_protocol_raw(query("create table word (id int, text text)"))

    pipeline = parse("add", "insert into word values ($1, upper($2)) returning text")
    for number, word in enumerate(("one", "two", None, "it's")):
        pipeline += bind_and_execute("add", [str(number), word])
    print(rows(engine.exec_protocol_raw(pipeline + sync())))

    # The statement stays for as long as the session does.
    print(rows(engine.exec_protocol_raw(bind_and_execute("add", ["4", "five"]) + sync())))

# prints:
#   [['ONE'], ['TWO'], [None], ["IT'S"]]
#   [['FIVE']]

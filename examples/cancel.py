"""A statement that takes too long: ended by PostgreSQL, and cancelled by another thread."""

from __future__ import annotations

import threading

from messages import error, messages, query

from pglite_native import Engine


def errors(reply: bytes) -> list[str]:
    return [error(payload) for kind, payload in messages(reply) if kind == "E"]


with Engine(settings={"statement_timeout": "100ms"}) as engine:
    endless = "with recursive n as (select 1 union all select 1 from n) select count(*) from n"
    print(errors(engine.exec_protocol_raw(query(endless))))

    engine.exec_protocol_raw(query("set statement_timeout = 0"))
    threading.Timer(0.1, engine.cancel).start()
    print(errors(engine.exec_protocol_raw(query("select pg_sleep(600)"))))

# prints:
#   ['57014: canceling statement due to statement timeout']
#   ['57014: canceling statement due to user request']

"""Time and chance under control: a clock that stands until it is told, and numbers that repeat."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from messages import query, rows

from pglite_native import Engine

NEW_YEARS_EVE = datetime(2026, 12, 31, 23, 59, 58, tzinfo=timezone.utc)


def ask(engine: Engine, sql: str) -> list[str | None]:
    return rows(engine.exec_protocol_raw(query(sql)))[0]


with Engine(clock=NEW_YEARS_EVE) as engine:
    print(ask(engine, "select now(), current_date"))

    ask(engine, "select pg_sleep(2)")  # returns at once, two seconds later
    print(ask(engine, "select now()"))

    engine.advance(timedelta(days=58, hours=12))
    print(ask(engine, "select now()"))

    engine.set_time(datetime(2000, 2, 29, tzinfo=timezone.utc))
    print(ask(engine, "select current_date + interval '1 year'"))

    engine.set_time(None)  # the real clock
    print(ask(engine, "select now() > '2026-01-01'"))

with Engine(seed=42) as one, Engine(seed=42) as other:
    chance = "select random(), gen_random_uuid()"
    print(ask(one, chance) == ask(other, chance))

# prints:
#   ['2026-12-31 23:59:58+00', '2026-12-31']
#   ['2027-01-01 00:00:00+00']
#   ['2027-02-28 12:00:00+00']
#   ['2001-02-28 00:00:00']
#   ['t']
#   True

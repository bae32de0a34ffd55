"""The image that engines start from: the build makes one, `extension add` one of its own."""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from pglite_native.engine.engine import Engine
from pglite_native.errors import EngineError
from pglite_native.protocol.wire import Splitter, query

# A connection's usual look-ups, so that every engine starts with PostgreSQL's caches filled. They
# only read: what they wrote would be in every database.
WARM_UP = (
    # What a driver or an ORM asks of a new connection.
    "select pg_catalog.version(), current_schema(), current_user, pg_is_in_recovery()",
    "show transaction isolation level",
    "select oid, typarray, typname::text, typdelim from pg_type where typname = 'hstore'",
    # What parsing and planning ask of types, operators, functions and tables.
    "select 1, 'a'::text, 2.5, now(), array[1, 2], null::uuid, '{}'::jsonb, false, 'x'::varchar",
    "select * from (values (1, 'a'), (2, 'b')) v(i, t) where i = 2 and t like 'b%' order by i desc",
    "select count(*), sum(i), max(i::text) from generate_series(1, 10) i group by i % 2",
    "select c.relname, a.attname, format_type(a.atttypid, a.atttypmod),"
    " pg_get_expr(d.adbin, d.adrelid) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
    " join pg_attribute a on a.attrelid = c.oid left join pg_attrdef d on d.adrelid = c.oid"
    " and d.adnum = a.attnum where n.nspname = 'public' and a.attnum > 0",
    "select * from pg_index i join pg_constraint c on c.conindid = i.indexrelid"
    " where c.contype = 'p'",
    "select table_name from information_schema.tables where table_schema = 'public'",
)


SEED = 1  # so that the same comes of the same; what starts from it draws from the system


def write_image(path: Path) -> None:
    """Boot the guest that is in use, warm it, and save it.

    Raises:
        EngineError: a warming statement failed, so something is wrong with the guest.
    """
    with Engine(image=False, clock=made_at(), seed=SEED) as engine:
        for sql in WARM_UP:
            _run(engine, sql)
        # Statistics that are due are written before the snapshot, and no timer is left for them.
        engine.advance(timedelta(minutes=1))
        _run(engine, "select 1")
        engine.keep_session()
        engine.settle()
        engine.snapshot().save(path)


def made_at() -> datetime:
    """Return what is to be taken for now: by SOURCE_DATE_EPOCH, so that a build can be repeated."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return datetime.fromtimestamp(float(epoch) if epoch else time.time(), timezone.utc)


def _run(engine: Engine, sql: str) -> None:
    for message in Splitter().feed(engine.exec_protocol_raw(query(sql))):
        if message.kind == "E":
            raise EngineError(f"{sql}: {message.payload!r}")


if __name__ == "__main__":
    write_image(Path(sys.argv[1]))

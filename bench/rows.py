"""Rows into Python values, beside psycopg's from a native server."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, cast

import psycopg
from psycopg.rows import dict_row

from bench import progress
from bench.figures import Group
from pglite_native import Engine, PGlite
from tests.oracle.native import PORT, NativeServer

ROWS = 100_000
TABLE = f"""
    create table r as select g as int, 'text of ' || g as text,
        (g / 7.0)::numeric(12, 3) as numeric,
        timestamp '2026-01-01' + g * interval '1 second' as timestamp,
        g / 3.0::float8 as float, g % 2 = 0 as bool,
        case when g % 3 <> 0 then g * 1000000::bigint end as null_or_bigint
    from generate_series(1, {ROWS}) g
"""
COLUMNS = ("int", "text", "numeric", "timestamp", "float", "bool", "null_or_bigint")
SELECTIONS = {**{f'"{name}"': name for name in COLUMNS}, "*": f"all {len(COLUMNS)} columns"}

WARM_UP = 3
"""Calls: in the second a statement is prepared, and the reply that is recorded is the third's."""

OURS = "{what}, {rows}: ours, of a reply that is there"
THEIRS = "{what}, {rows}: psycopg {version} (C), native server"
ARROW = "all columns, to Arrow: ours, {who}"
WHOLE = "all columns, tuples: {who}, the whole query, wall time"


class Recorded:
    """An engine that knows what it has been asked before: what is left is what is measured."""

    _incarnation = 0

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._replies: dict[bytes, list[bytes]] = {}

    def _exec_in_parts(self, message: bytes, take: Callable[[bytes], object]) -> None:
        if message not in self._replies:
            parts = self._replies[message] = []
            self._engine._exec_in_parts(message, parts.append)
        for part in self._replies[message]:
            take(part)


def run(rounds: int) -> Iterable[Group]:
    group = Group(
        "Rows into Python",
        f"{ROWS} rows of a table. CPU time of the process that asks: for psycopg that is reading "
        "the socket and making the values, for ours making them; what our engine takes beside it "
        "is in the whole query's wall time.",
    )
    with PGlite() as db, NativeServer() as server:
        db.exec(TABLE)
        with _calls(db, server) as calls:
            for name, (_, call) in calls.items():
                group.figure(name, "ms")
                for _ in range(WARM_UP):
                    call()
            for _ in progress.rounds("rows", rounds):
                for name, (clock, call) in calls.items():
                    group.add_samples({name: _timed_ms(clock, call)})
    return (group,)


Call = Callable[[], object]
Calls = dict[str, tuple[Callable[[], float], Call]]
"""What is to be timed, each with its clock."""


@contextlib.contextmanager
def _calls(
    db: PGlite, server: NativeServer
) -> Iterator[dict[str, tuple[Callable[[], float], Call]]]:
    """Yield what is to be timed, each with its clock."""
    address = f"host={server.directory} port={PORT} user=postgres dbname=postgres"
    cpu, wall = time.process_time, time.perf_counter
    recorded = PGlite(engine=cast(Engine, Recorded(db.engine)))
    with (
        psycopg.connect(address, autocommit=True) as tuples,
        psycopg.connect(address, autocommit=True, row_factory=dict_row) as dicts,
    ):
        tuples.execute(TABLE)
        calls: Calls = {}
        for columns, what in SELECTIONS.items():
            sql = f"select {columns} from r"
            kinds: dict[str, tuple[Call, Call]] = {
                "tuples": (
                    partial(recorded.query, sql, row_mode="array"),
                    partial(_fetched, tuples, sql),
                ),
                "dicts": (partial(recorded.query, sql), partial(_fetched, dicts, sql)),
            }
            for rows, (ours, theirs) in kinds.items():
                calls[OURS.format(what=what, rows=rows)] = cpu, ours
                name = THEIRS.format(what=what, rows=rows, version=psycopg.__version__)
                calls[name] = cpu, theirs
        everything = "select * from r"
        arrow = partial(recorded.query_arrow, everything)
        calls[ARROW.format(who="of a reply that is there")] = cpu, arrow
        calls[ARROW.format(who="the whole query, wall time")] = (
            wall,
            partial(db.query_arrow, everything),
        )
        calls[WHOLE.format(who="ours")] = wall, partial(db.query, everything, row_mode="array")
        calls[WHOLE.format(who="psycopg")] = wall, partial(_fetched, tuples, everything)
        yield calls


def _fetched(connection: psycopg.Connection[Any], sql: str) -> object:
    return connection.execute(sql.encode()).fetchall()


def _timed_ms(clock: Callable[[], float], call: Callable[[], object]) -> float:
    started = clock()
    call()
    return (clock() - started) * 1000

"""Statements that compute, and rows in and out."""

from __future__ import annotations

import time
from collections.abc import Iterable

from bench import progress
from bench.figures import Group
from pglite_native import Engine
from tests import wire

ROWS = 100_000
INSERTS = 10_000
COPY_CHUNK = 64 * 1024

COMPUTING = {
    "aggregate, 1M rows": "select count(*), sum(x*2+1) from generate_series(1,1000000) x",
    "insert 100k md5 rows": "insert into md5s"
    " select n, md5(n::text) from generate_series(1,100000) n",
    "plpgsql loop, 500k": "do $$ declare s bigint := 0; begin"
    " for i in 1..500000 loop s := s + i % 7; end loop; end $$",
    "sort 100k text": "select count(*) from (select md5(n::text) t"
    " from generate_series(1,100000) n order by t) s",
}


def computing(rounds: int) -> Group:
    group = Group(
        "Computing statements",
        "One statement a round; CPU time equals wall time or is less, where the machine was busy.",
    )
    for name in COMPUTING:
        group.figure(name, "s")
        group.figure(f"{name}: CPU", "s")
    with Engine() as engine:
        _execute(engine, wire.query("create table md5s(n int, t text)"))
        for _ in progress.rounds("computing", rounds):
            for name, sql in COMPUTING.items():
                wall_s, cpu_s = _timed(engine, wire.query(sql))
                group.add_samples({name: wall_s, f"{name}: CPU": cpu_s})
                _execute(engine, wire.query("truncate md5s") + wire.query("checkpoint"))
    return group


def moving(rounds: int) -> Group:
    group = Group(
        "Rows out and in",
        f"{ROWS} rows of an int and 32 characters, {INSERTS} for the inserts; "
        "the whole conversation, in CPU time.",
    )
    copy_line = b"\t".join((b"%d", b"0123456789abcdef0123456789abcdef\n"))
    data = b"".join(copy_line % n for n in range(ROWS))
    chunks = [data[i : i + COPY_CHUNK] for i in range(0, len(data), COPY_CHUNK)]
    copy_in = b"".join(map(wire.copy_data, chunks)) + wire.copy_done()
    inserts = b"".join(
        wire.bind("", "i", [str(n), "0123456789abcdef0123456789abcdef"]) + wire.execute()
        for n in range(INSERTS)
    )
    conversations = {
        "COPY FROM STDIN": (ROWS, wire.query("copy target from stdin") + copy_in),
        "INSERT, pipelined": (INSERTS, inserts + wire.sync()),
        "SELECT": (ROWS, wire.query("select * from source")),
        "SELECT, binary": (
            ROWS,
            wire.parse("", "select * from source")
            + wire.bind("", "", result_formats=[wire.BINARY])
            + wire.execute()
            + wire.sync(),
        ),
        "COPY TO STDOUT": (ROWS, wire.query("copy source to stdout")),
    }
    for name in conversations:
        group.figure(name, "rows/s")
    with Engine() as engine:
        _execute(
            engine,
            wire.query("create table target(n int, t text); create table source(n int, t text)")
            + wire.query("copy source from stdin")
            + copy_in
            + wire.parse("i", "insert into target values ($1, $2)")
            + wire.sync(),
        )
        for _ in progress.rounds("rows", rounds):
            for name, (rows, message) in conversations.items():
                _, cpu_s = _timed(engine, message)
                group.add_samples({name: rows / cpu_s})
                _execute(engine, wire.query("truncate target") + wire.query("checkpoint"))
    return group


def run(rounds: int) -> Iterable[Group]:
    return computing(rounds), moving(rounds)


def _timed(engine: Engine, message: bytes) -> tuple[float, float]:
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    reply = engine.exec_protocol_raw(message)
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    assert not wire.errors(reply), wire.errors(reply)
    return wall_s, cpu_s


def _execute(engine: Engine, message: bytes) -> None:
    errors = wire.errors(engine.exec_protocol_raw(message))
    assert not errors, errors

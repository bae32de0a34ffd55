"""Compare the ways in which an extension that was added can run: python -m bench.extensions.

Each has a folder of its own for what is added, and a process of its own in each round, by turns.
CPU time, of which the least of several runs counts, as what disturbs only adds to it. Results go
to bench/results/.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from bench import progress
from bench.figures import Group
from bench.libraries import cpu_us
from bench.report import RESULTS, publish
from pglite_native import Engine
from pglite_native.engine.guest import TIER_VARIABLE, runtime
from pglite_native.engine.store import HOME_VARIABLE
from tests import wire

ROUNDS = 3
ADDED = ("pg_ivm", "age")


class Way(NamedTuple):
    """How the guest runs, and what was added to it; options None: nothing."""

    tier: str
    options: tuple[str, ...] | None


WAYS = {
    "bundled extensions only, compiled": Way("aot", None),
    "added ones compiled": Way("aot", ("--compile",)),
    "added ones interpreted": Way("aot", ("--no-compile",)),
    "all interpreted": Way("wasm3", ("--no-compile",)),
}


class Work(NamedTuple):
    """A statement, or several, and how often it is repeated; what has to be there first."""

    sql: str
    calls: int
    batches: int
    setup: str = ""
    needs: str = ""


ACCOUNTS = """
create table accounts (id int primary key, balance int not null);
insert into accounts select n, 0 from generate_series(1, 10000) n"""
SALES = """
create extension if not exists pg_ivm;
create table sale (id int primary key, item int, amount int);
insert into sale select n, n % 100, n % 17 from generate_series(1, 10000) n;
select pgivm.create_immv('totals',
    'select item, count(*) as n, sum(amount) as amount from sale group by item')"""
GRAPH = """
create extension if not exists age;
set search_path = ag_catalog, public;
select create_graph('net');
select * from cypher('net', $$ unwind range(1, 200) as n create (:Person {id: n}) $$) as (a agtype);
select * from cypher('net', $$ match (a:Person), (b:Person) where b.id = a.id + 1
    create (a)-[:KNOWS]->(b) $$) as (a agtype)"""
MATCH = """
select * from cypher('net', $$ match (a:Person)-[:KNOWS]->(b:Person)
    return sum(a.id * b.id) $$) as (n agtype)"""
UNWIND = """
select * from cypher('net', $$ unwind range(1, 20000) as n
    return sum(n * 2 + 1) $$) as (n agtype)"""

WORKS = {
    "SELECT 1": Work("select 1", 2000, 5),
    "a transaction as pgbench's": Work(
        "begin; update accounts set balance = balance + 1 where id = 4242;"
        "select balance from accounts where id = 4242; commit",
        200,
        5,
        ACCOUNTS,
    ),
    "pg_ivm: an update below a view": Work(
        "update sale set amount = amount + 1 where id = 4242", 20, 5, SALES, "pg_ivm"
    ),
    "AGE: match 199 edges": Work(MATCH, 1, 8, GRAPH, "age"),
    "AGE: sum 20,000 values": Work(UNWIND, 1, 8, "", "age"),
}


def main() -> None:
    if sys.argv[1:] == ["--child"]:
        print(json.dumps(measure()))
        return
    parser = argparse.ArgumentParser(prog="python -m bench.extensions", description=__doc__)
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder for the results")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        publish(
            "python -m bench.extensions",
            lambda: compare(Path(folder)),
            arguments.output,
            only="extensions",
        )


def compare(folder: Path) -> list[Group]:
    """A group for each work; one for the time that adding takes."""
    adding = Group("Adding both", "Wall time of the two commands, the compiler's cache empty.")
    environments = {}
    for number, (name, way) in enumerate(WAYS.items()):
        home = {HOME_VARIABLE: str(folder / str(number)), "XDG_CACHE_HOME": str(folder / "cache")}
        environments[name] = {**os.environ, **home, TIER_VARIABLE: way.tier}
        if way.options is not None:
            taken = add(environments[name] | {TIER_VARIABLE: "auto"}, way.options)
            if way.tier == "aot":
                adding.figure(name, "s").samples.append(taken)
    groups = [Group(name, "Least CPU time of a call in one process.") for name in WORKS]
    for group in groups:
        for name, way in WAYS.items():
            if way.options is not None or not WORKS[group.title].needs:
                group.figure(name, "µs")
    for _ in progress.rounds("extensions", ROUNDS):
        measured = {name: in_a_process(environment) for name, environment in environments.items()}
        for group in groups:
            group.add_samples(
                {
                    name: figures[group.title]
                    for name, figures in measured.items()
                    if group.title in figures
                }
            )
    return [*groups, adding]


def add(environment: Mapping[str, str], options: tuple[str, ...]) -> float:
    """Add the extensions; return how long it took, in seconds."""
    started = time.monotonic()
    for name in ADDED:
        line = [sys.executable, "-m", "pglite_native", "extension", "add", *options, name]
        subprocess.run(line, check=True, env=environment, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


def in_a_process(environment: Mapping[str, str]) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.extensions", "--child"]
    result = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    figures: dict[str, float] = json.loads(result.stdout)
    return figures


def measure() -> dict[str, float]:
    """CPU time of each work in this process, in microseconds."""
    figures = {}
    has_added = runtime().added_tier is not None
    with Engine() as engine:

        def run(message: bytes) -> None:
            reply = engine.exec_protocol_raw(message)
            for fields in wire.errors(reply):
                raise RuntimeError(fields["M"])

        for name, work in WORKS.items():
            if work.needs and not has_added:
                continue
            if work.setup:
                run(wire.query(work.setup))
            message = wire.query(work.sql)
            run(message)  # it succeeds; what is timed does not look
            figures[name] = min(
                cpu_us(engine.exec_protocol_raw, message, work.calls) for _ in range(work.batches)
            )
    return figures


if __name__ == "__main__":
    main()

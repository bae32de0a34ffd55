"""Compare extensions here with native ones: python -m bench.native_extensions WHEEL...

The wheels are those of pglite-native-postgis and -age for this machine, as `make extension-wheels`
makes them; the native servers are Debian's, with its packages (bench/conformance). CPU time, of
which the least of several runs counts, by turns. Results go to bench/results/.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from statistics import geometric_mean
from typing import NamedTuple
from unittest.mock import patch

import psycopg

from bench import progress
from bench.conformance import debian
from bench.conformance.source import BUILD
from bench.conformance.suites import SUITES
from bench.figures import Group
from bench.libraries import cpu_us
from bench.report import RESULTS, publish
from pglite_native import Engine
from pglite_native.engine.guest import runtime
from pglite_native.engine.store import HOME_VARIABLE
from tests import wire
from tests.oracle.native import PORT, SETTINGS, NativeServer

ROUNDS = 3
BATCHES = 4
RATIO = 1.8
OURS, NATIVE, MEAN = "ours, compiled", "native PostgreSQL", "geometric mean"

POINTS = """
create extension postgis;
select setseed(0.5);
create table point as
    select n as id, st_point(random() * 1000, random() * 1000) as geom
    from generate_series(1, 20000) n;
create table area as
    select x * 20 + y as id, st_buffer(st_point(x * 50 + 25, y * 50 + 25), 30) as geom
    from generate_series(0, 19) x, generate_series(0, 19) y;
create table line as
    select id, st_makeline(geom, st_translate(geom, 40, id % 30)) as geom
    from point where id % 4 = 0;
create index on point using gist (geom);
create index on area using gist (geom);
create index on line using gist (geom);
analyze"""
GRAPH = """
create extension age;
load 'age';
set search_path = ag_catalog, public;
select create_graph('net');
select * from cypher('net', $$ unwind range(1, 200) as n create (:Person {id: n}) $$) as (a agtype);
select * from cypher('net', $$ match (a:Person), (b:Person) where b.id = a.id + 1
    create (a)-[:KNOWS]->(b) $$) as (a agtype);
analyze"""


class Subject(NamedTuple):
    """An extension: Debian's packages of it, what there is in the database, and what is asked."""

    packages: Sequence[str]
    setup: str
    works: Mapping[str, str]
    session: str = "select"
    """What a session begins with."""


SUBJECTS = {
    "postgis": Subject(
        SUITES["postgis"].packages,
        POINTS,
        {
            "spatial join: 20,000 points in 400 areas": (
                "select count(*) from area a join point p on st_contains(a.geom, p.geom)"
            ),
            "spatial join: 5,000 lines that cross 400 areas": (
                "select count(*) from area a join line l on st_intersects(a.geom, l.geom)"
            ),
            "ST_Buffer of 2,000 lines": (
                "select sum(st_area(st_buffer(geom, 3))) from line where id <= 8000"
            ),
            "ST_Union of 400 areas": "select st_area(st_union(geom)) from area",
            "ST_Transform of 20,000 points": (
                "select sum(st_x(st_transform(st_setsrid(st_scale(geom, 0.01, 0.01), 4326), 3857)))"
                " from point"
            ),
            "nearest ten of 20,000 points, 200 times": (
                "select sum(d) from area a, lateral (select p.geom <-> a.geom d from point p"
                " order by 1 limit 10) n where a.id < 200"
            ),
        },
    ),
    # Debian's is 1.8, PGlite's 1.7, which joins paths of several edges by another plan: not here.
    "age": Subject(
        ("postgresql-18-age=1.8.0~rc0-2",),
        GRAPH,
        {
            "AGE: match 199 edges": (
                "select * from cypher('net', $$ match (a:Person)-[:KNOWS]->(b:Person)"
                " return sum(a.id * b.id) $$) as (n agtype)"
            ),
            "AGE: sum 20,000 values": (
                "select * from cypher('net', $$ unwind range(1, 20000) as n"
                " return sum(n * 2 + 1) $$) as (n agtype)"
            ),
            "AGE: properties of 200 nodes": (
                "select * from cypher('net', $$ match (a:Person) where a.id % 2 = 0"
                " return a.id, properties(a), label(a) $$) as (a agtype, b agtype, c agtype)"
            ),
        },
        "load 'age'; set search_path = ag_catalog, public",
    ),
}


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(ours(sys.argv[2])))
        return
    parser = argparse.ArgumentParser(prog="python -m bench.native_extensions", description=__doc__)
    parser.add_argument("wheel", type=Path, nargs="+")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder for the results")
    arguments = parser.parse_args()
    publish(
        "python -m bench.native_extensions WHEEL...",
        lambda: chain.from_iterable(map(compare, arguments.wheel)),
        arguments.output,
        only="native-extensions",
    )


def compare(wheel: Path) -> list[Group]:
    """A group for each work, and one for the ratios."""
    name = wheel.name.partition("-")[0].removeprefix("pglite_native_")
    subject = SUBJECTS[name]
    groups = [Group(work, "Least CPU time of a call in one process.") for work in subject.works]
    ratios = Group(f"{name}: ratios", f"Of {OURS} to {NATIVE}, of one round.")
    for group in groups:
        for side in (OURS, NATIVE):
            group.figure(side, "ms")
    for work in subject.works:
        ratios.figure(work, "times", target=RATIO)
    ratios.figure(MEAN, "times")
    programs = debian.installed(subject.packages, BUILD / "debian")
    with (
        tempfile.TemporaryDirectory() as folder,
        patch.dict(SETTINGS, {"jit": "off"}),
        NativeServer(programs) as server,
    ):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
        place = f"host={server.directory} port={PORT} user=postgres dbname=postgres"
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join((folder, os.environ.get("PYTHONPATH", ""))),
            HOME_VARIABLE: str(Path(folder) / "home"),
        }
        with psycopg.connect(place, autocommit=True) as connection:
            connection.execute(subject.setup.encode())
        for _ in progress.rounds(name, ROUNDS):
            command = [sys.executable, "-m", "bench.native_extensions", "--child", name]
            child = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
            round = {OURS: json.loads(child.stdout), NATIVE: native(subject, place)}
            times = {work: round[OURS][work] / round[NATIVE][work] for work in subject.works}
            ratios.add_samples(times | {MEAN: geometric_mean(times.values())})
            for group in groups:
                group.add_samples({side: figures[group.title] for side, figures in round.items()})
    return [ratios, *groups]


def ours(name: str) -> dict[str, float]:
    """CPU time of each work in this process, in milliseconds."""
    subject = SUBJECTS[name]
    with Engine(extensions=[name]) as engine:
        assert runtime().added_tier == "aot", "the wheel is not of this guest"

        def run(message: bytes) -> None:
            for fields in wire.errors(engine.exec_protocol_raw(message)):
                raise RuntimeError(fields["M"])

        run(wire.query(subject.setup))
        return _least(subject, lambda sql: cpu_us(run, wire.query(sql), 1) / 1e3)


def native(subject: Subject, place: str) -> dict[str, float]:
    """The same of a server's process."""
    with psycopg.connect(place, autocommit=True) as connection:
        connection.execute(subject.session.encode())
        schedule = Path(f"/proc/{connection.info.backend_pid}/schedstat")

        def used_ms() -> float:
            return int(schedule.read_text().split()[0]) / 1e6

        def call(sql: str) -> float:
            before = used_ms()
            connection.execute(sql.encode(), prepare=False)
            return used_ms() - before

        return _least(subject, call)


def _least(subject: Subject, call: Callable[[str], float]) -> dict[str, float]:
    figures = dict.fromkeys(subject.works, math.inf)
    for name, sql in subject.works.items():
        for _ in range(BATCHES):
            figures[name] = min(figures[name], call(sql))
    return figures


if __name__ == "__main__":
    main()

"""The example in workerd: round trips by the handshake, beside PGlite's callbacks in Node."""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from subprocess import PIPE
from typing import Any

from bench import progress
from bench.figures import Group
from bench.machine import ROOT
from bench.peers import WHOLE, PeerMissing, unpacked
from tests import workerd
from tests.workerd import Served

BENCH = ROOT / "bench"
ROUNDS_WORKER = "workerd_rounds.js"
MIB = 1 << 20
WRITTEN_ROWS = 100_000
MEMORY_SAMPLES = 3

IN_WORKERD = "handshake, in workerd"
IN_NODE = "handshake, the same host in Node"
CALLBACK = "PGlite's callbacks, in Node (execProtocolRawSync)"
BY_HTTP = "POST /sql, from outside"
FIRST = "the first request: image restored, select 1 answered"


def run(samples: int, rounds: int) -> Iterable[Group]:
    times = Group(
        "In workerd: select 1",
        f"Simple protocol, raw. In workerd {rounds:,} round trips in one request, less the time of "
        "a request without; in Node the same number. Warm, all three in turns.",
    )
    memory = Group(
        "In workerd: memory",
        f"Of the isolate, after `select 1`, and after a table of {WRITTEN_ROWS:,} rows of 100 "
        "bytes was written and truncated. Cloudflare allows 128 MB.",
    )
    try:
        workerd.program()
    except workerd.Missing as reason:
        times.method += f" Not measured: {reason}."
        return (times,)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "example"
        config = workerd.build(folder)
        _first_requests(times, config, samples)
        _rounds(times, folder, samples, rounds)
        with workerd.serve(config) as served:
            _by_http(times, served, samples)
        for _ in progress.rounds("memory", MEMORY_SAMPLES):
            _memory(memory, config)
    return times, memory


def _first_requests(group: Group, config: Path, samples: int) -> None:
    figure = group.figure(FIRST, "ms")
    for _ in progress.rounds(FIRST, samples):
        with workerd.serve(config) as served:
            started_ns = time.perf_counter_ns()
            served.rows("select 1")
            figure.samples.append((time.perf_counter_ns() - started_ns) / 1e6)


def _rounds(group: Group, folder: Path, samples: int, rounds: int) -> None:
    """All in turns, each in a process of its own; the first round is to warm up."""
    with contextlib.ExitStack() as stack:
        ways = {IN_WORKERD: stack.enter_context(_in_workerd(folder, rounds))}
        ways[IN_NODE] = stack.enter_context(_in_node("handshake", rounds, folder))
        try:
            _, index = unpacked("pglite", WHOLE)
            ways[CALLBACK] = stack.enter_context(_in_node("callback", rounds, index))
        except PeerMissing as reason:
            group.method += f" Not measured, PGlite in Node: {reason}."
        figures = {name: group.figure(name, "µs") for name in ways}
        for seconds in ways.values():
            seconds()
        for _ in progress.rounds("select 1", samples):
            for name, seconds in ways.items():
                figures[name].samples.append(seconds() / rounds * 1e6)


@contextlib.contextmanager
def _in_workerd(folder: Path, rounds: int) -> Iterator[Callable[[], float]]:
    shutil.copy(BENCH / ROUNDS_WORKER, folder)
    config = folder / "rounds.capnp"
    example = (folder / "config.capnp").read_text(encoding="utf-8")
    config.write_text(example.replace('embed "worker.js"', f'embed "{ROUNDS_WORKER}"'))
    with workerd.serve(config) as served:
        yield lambda: _ask_rounds(served, rounds) - _ask_rounds(served, 0)


@contextlib.contextmanager
def _in_node(way: str, rounds: int, path: Path) -> Iterator[Callable[[], float]]:
    command = ["node", str(BENCH / "workerd_node.mjs"), way, str(rounds), str(path)]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdin and process.stdout
        ask, answers = process.stdin, process.stdout

        def seconds() -> float:
            ask.write("\n")
            ask.flush()
            return float(answers.readline()) / 1000

        yield seconds
        ask.close()


def _ask_rounds(served: Served, rounds: int) -> float:
    started = time.perf_counter()
    status, body = served.ask(f"/?rounds={rounds}")
    if status != 200:
        raise RuntimeError(body.decode())
    return time.perf_counter() - started


def _by_http(group: Group, served: Served, samples: int) -> None:
    """By one connection that is kept, as a client would."""
    requests = 300
    figure = group.figure(BY_HTTP, "µs")
    connection = http.client.HTTPConnection("127.0.0.1", served.port)
    for sample in range(-1, samples):  # the first is to warm up
        started = time.perf_counter()
        for _ in range(requests):
            connection.request("POST", "/sql", b"select 1")
            connection.getresponse().read()
        if sample >= 0:
            figure.samples.append((time.perf_counter() - started) / requests * 1e6)
    connection.close()


def _memory(group: Group, config: Path) -> None:
    with workerd.serve(config) as served:
        served.rows("select 1")
        _add_memory(group, served, "after select 1")
        served.rows("create table written (n int, filler text)")
        rows = f"select n, repeat('x', 92) from generate_series(1, {WRITTEN_ROWS}) n"
        served.rows(f"insert into written {rows}")
        served.rows("truncate written")
        served.rows("checkpoint")
        _add_memory(group, served, "after the table")


def _add_memory(group: Group, served: Served, when: str) -> None:
    _, body = served.ask("/")
    ours = json.loads(body)
    heap = _node(
        "--experimental-websocket", str(BENCH / "workerd_heap.mjs"), str(served.inspector_port)
    )
    parts = {
        "PostgreSQL's linear memory": ours["memory"],
        "buffers: the image, and files that were written": heap["backingStorageSize"],
        "V8's heap": heap["totalSize"],
    }
    samples = {**parts, "in all": sum(parts.values())}
    known = {figure.name for figure in group.figures}
    for name in samples:
        if f"{when}: {name}" not in known:
            group.figure(f"{when}: {name}", "MiB")
    group.add_samples({f"{when}: {name}": size / MIB for name, size in samples.items()})


def _node(*arguments: str) -> Any:
    result = subprocess.run(["node", *arguments], capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(result.stderr[-2000:])
    return json.loads(result.stdout)

"""What others offer for the purpose of fork(): PGlite on node, and a native PostgreSQL."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from bench import progress, template
from bench.figures import Group
from bench.machine import ROOT
from pglite_native import Engine
from tests import wire
from tests.oracle.native import NativeServer, NativeSession
from vendor import fetch, pins, unpack

OURS = "pglite-native: fork()"
OURS_WARM = "pglite-native: fork(), of an engine that has answered the query"
PGLITE = "PGlite {version} on node {node}: {way}"
NATIVE = "native: CREATE DATABASE … TEMPLATE … STRATEGY {strategy}"
STRATEGIES = ("wal_log", "file_copy")  # the first is the default

WHOLE = ("package.json", "dist/*", "dist/fs/*")  # of the package, what node runs

QUERY = wire.query(template.FIRST_QUERY)


class PeerMissing(Exception):
    """A peer is not on this machine, and why."""


def run(rounds: int) -> Iterable[Group]:
    group = Group(
        "Instant databases: elsewhere",
        f"A database like one that has {template.TABLES} tables: made, asked "
        f"`{template.FIRST_QUERY}`, and thrown away. Wall time of the whole; PGlite in one "
        "process, the native server over a connection for each database, without fsync. Most of "
        "the time of a fork is PostgreSQL's, which reads its catalogues for the query; a fork of "
        "an engine that has answered it before has that, too, from its engine.",
    )
    missing = []
    for name, samples in _ours(rounds).items():
        group.figure(name, "ms").samples += samples
    try:
        for name, samples in _pglite(rounds).items():
            group.figure(name, "ms").samples += samples
    except PeerMissing as reason:
        missing.append(f"PGlite: {reason}")
    try:
        for name, samples in _native(rounds).items():
            group.figure(name, "ms").samples += samples
    except PeerMissing as reason:
        missing.append(f"native PostgreSQL: {reason}")
    if missing:
        group.method += f" Not measured: {'; '.join(missing)}."
    return (group,)


def _ours(rounds: int) -> dict[str, list[float]]:
    samples: dict[str, list[float]] = {OURS: [], OURS_WARM: []}
    with Engine() as engine, Engine() as warm:
        engine.exec_protocol_raw(wire.query(template.SCHEMA))
        warm.exec_protocol_raw(wire.query(template.SCHEMA) + QUERY)
        engines = {OURS: engine, OURS_WARM: warm}
        for each in engines.values():
            _fork_ms(each)
        for _ in progress.rounds("fork()", rounds):
            for name, each in engines.items():
                samples[name].append(_fork_ms(each))
    return samples


def _fork_ms(engine: Engine) -> float:
    started_ns = time.perf_counter_ns()
    with engine.fork() as copy:
        copy.exec_protocol_raw(QUERY)
    return (time.perf_counter_ns() - started_ns) / 1e6


def _pglite(rounds: int) -> dict[str, list[float]]:
    node = shutil.which("node")
    if not node:
        raise PeerMissing("there is no node")
    job = {"schema": template.SCHEMA, "query": template.FIRST_QUERY, "rounds": rounds}
    version, index = unpacked("pglite", WHOLE)
    for _ in progress.rounds("PGlite", 1):
        finished = subprocess.run(
            [node, Path(__file__).with_name("peer_pglite.mjs"), index],
            check=True,
            input=json.dumps(job),
            stdout=subprocess.PIPE,
            text=True,
        )
    measured: dict[str, list[float]] = json.loads(finished.stdout)
    printed = subprocess.run([node, "--version"], check=True, stdout=subprocess.PIPE, text=True)
    names = {
        way: PGLITE.format(version=version, node=printed.stdout.strip(), way=way)
        for way in measured
    }
    return {names[way]: samples for way, samples in measured.items()}


def unpacked(name: str, files: tuple[str, ...]) -> tuple[str, Path]:
    """A pinned package of npm's, whole, as the build takes only parts of it: version, index.js."""
    (pin,) = (pin for pin in pins.load_pins() if pin.name == name)
    folder = ROOT / "build" / "bench" / f"{name}-{pin.version}"
    index = folder / "dist" / "index.js"
    if not index.exists():
        try:
            archive = fetch.find_archive(pin)
        except pins.VendorError as error:
            raise PeerMissing(str(error)) from error
        unpack.unpack(replace(pin, files=files), archive, folder)
    return pin.version, index


def _native(rounds: int) -> dict[str, list[float]]:
    samples: dict[str, list[float]] = {}
    try:
        server = NativeServer()
    except RuntimeError as error:
        raise PeerMissing(str(error)) from error
    with server:
        owner = server.connect()
        _execute(owner, "create database template_of_tests")
        session = server.connect("template_of_tests")
        _execute(session, template.SCHEMA)
        session.close()
        for _ in progress.rounds("native PostgreSQL", rounds):
            for strategy in STRATEGIES:
                elapsed_ms = _create_use_drop(server, owner, strategy)
                samples.setdefault(NATIVE.format(strategy=strategy), []).append(elapsed_ms)
        owner.close()
    return samples


def _create_use_drop(server: NativeServer, owner: NativeSession, strategy: str) -> float:
    started_ns = time.perf_counter_ns()
    _execute(owner, f"create database test template template_of_tests strategy {strategy}")
    session = server.connect("test")
    _execute(session, template.FIRST_QUERY)
    session.close()
    _execute(owner, "drop database test with (force)")
    return (time.perf_counter_ns() - started_ns) / 1e6


def _execute(session: NativeSession, sql: str) -> None:
    errors = wire.errors(session.exchange(wire.query(sql), "Z"))
    assert not errors, errors

"""What is to be reached, as ratios of figures of one round: the machine is the same for both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from statistics import geometric_mean

from bench.against.contestants import (
    AOT_PGLITE,
    AOT_RAW,
    AOT_SERVER,
    NODE_RAW,
    POSTGRESQL,
)
from bench.against.works import COMPUTING, MEMORY
from bench.figures import Group

Round = Mapping[tuple[str, str], float]
"""Figures by work and contestant; what was not measured is not there."""

FETCH = "fetch"  # how many rows there are is in the title
SELECT_1 = "SELECT 1"
IDLE_MIB = 25.0


def ratio(round_: Round, work: str, one: str, other: str) -> float:
    """Raises KeyError where one of them was not measured."""
    return round_[work, one] / round_[work, other]


def _computing(other: str) -> Callable[[Round], list[float]]:
    """Of what both have: a peer without pgvector is compared in the rest."""

    def ratios(round_: Round) -> list[float]:
        both = [name for name in COMPUTING if (name, AOT_RAW) in round_ and (name, other) in round_]
        if not both:
            raise KeyError(other)
        return [ratio(round_, name, AOT_RAW, other) for name in both]

    return ratios


def _fetched(round_: Round) -> float:
    (work,) = {work for work, _ in round_ if work.startswith(FETCH) and work.endswith("values")}
    return ratio(round_, work, AOT_PGLITE, POSTGRESQL)


def _arrow(round_: Round) -> float:
    """Ours to Arrow, theirs to values."""
    (ours,) = {work for work, _ in round_ if work.startswith(FETCH) and work.endswith("Arrow")}
    return round_[ours, AOT_PGLITE] / round_[ours.replace("Arrow", "values"), POSTGRESQL]


def group(rounds: list[dict[tuple[str, str], float]]) -> tuple[Group, list[str]]:
    """The targets with their samples, and the titles of those that could not be measured."""
    node, native = _computing(NODE_RAW), _computing(POSTGRESQL)
    tpcb = "TPC-B-like transaction"
    prepared = f"{tpcb}, prepared"
    times = "times"
    ours, theirs = "the AOT tier, raw", "PGlite on Node, raw"
    wanted: list[tuple[str, str, float, bool, Callable[[Round], float]]] = [
        (
            f"{SELECT_1}: {ours} / {theirs}",
            times,
            0.35,
            False,
            lambda figures: ratio(figures, SELECT_1, AOT_RAW, NODE_RAW),
        ),
        (
            f"prepared statement: {ours} / {theirs}",
            times,
            0.6,
            False,
            lambda figures: ratio(figures, "prepared statement", AOT_RAW, NODE_RAW),
        ),
        (
            f"computing, geometric mean: {ours} / {theirs}",
            times,
            0.6,
            False,
            lambda figures: geometric_mean(node(figures)),
        ),
        (
            f"computing, the worst: {ours} / {theirs}",
            times,
            1.0,
            False,
            lambda figures: max(node(figures)),
        ),
        (
            f"computing, geometric mean: {ours} / native PostgreSQL",
            times,
            1.1,
            False,
            lambda figures: geometric_mean(native(figures)),
        ),
        (
            f"computing, the worst: {ours} / native PostgreSQL",
            times,
            1.5,
            False,
            lambda figures: max(native(figures)),
        ),
        (
            f"{SELECT_1}: {ours} / psycopg, native PostgreSQL",
            times,
            0.25,
            False,
            lambda figures: ratio(figures, SELECT_1, AOT_RAW, POSTGRESQL),
        ),
        (
            f"{SELECT_1} by psycopg: our server, AOT tier / native PostgreSQL",
            times,
            1.0,
            False,
            lambda figures: ratio(figures, SELECT_1, AOT_SERVER, POSTGRESQL),
        ),
        (
            f"{tpcb}, rate: {ours} / {theirs}",
            times,
            1.5,
            True,
            lambda figures: ratio(figures, tpcb, NODE_RAW, AOT_RAW),
        ),
        (
            "rows fetched to values, time: PGlite, AOT tier / psycopg, native PostgreSQL",
            times,
            0.75,
            False,
            _fetched,
        ),
        (
            "rows fetched, time: PGlite, AOT tier, to Arrow / psycopg, native PostgreSQL",
            times,
            0.25,
            False,
            _arrow,
        ),
        *(
            (
                f"{work}: PGlite / raw, both the AOT tier",
                times,
                2.0,
                False,
                partial(ratio, work=work, one=AOT_PGLITE, other=AOT_RAW),
            )
            for work in (SELECT_1, "prepared statement", "a row by its key, prepared")
        ),
        *(
            (
                f"{work}, rate: PGlite / raw, both the AOT tier",
                times,
                0.6,
                True,
                partial(ratio, work=work, one=AOT_RAW, other=AOT_PGLITE),
            )
            for work in (tpcb, prepared)
        ),
        (
            f"{prepared}, rate: PGlite, AOT tier / psycopg, native PostgreSQL",
            times,
            1.5,
            True,
            lambda figures: ratio(figures, prepared, POSTGRESQL, AOT_PGLITE),
        ),
        (
            "idle RSS of a process, AOT tier, raw",
            "MiB",
            IDLE_MIB,
            False,
            lambda figures: figures[MEMORY, AOT_RAW],
        ),
    ]
    targets = Group("Ratios", "Computed in each round, of that round's figures.")
    unmeasured = []
    for title, unit, target, at_least, compute in wanted:
        samples = []
        for figures in rounds:
            try:
                samples.append(compute(figures))
            except (KeyError, ValueError):
                continue
        if samples:
            figure = targets.figure(title, unit, target=target, at_least=at_least)
            figure.samples += samples
        else:
            unmeasured.append(title)
    return targets, unmeasured

"""Compiling all functions at once. No user needs to: each is compiled when first called."""

from __future__ import annotations

from collections.abc import Iterable

from bench import child, progress
from bench.figures import Group


def run(rounds: int) -> Iterable[Group]:
    group = Group("Compiling every function", "One process a round; CPU time.")
    group.figure("time", "ms")
    group.figure("memory", "MiB")
    for _ in progress.rounds("compile", rounds):
        group.add_samples(child.measure("compile_child"))
    return (group,)

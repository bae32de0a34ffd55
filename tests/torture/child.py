"""A workload's process: `python -m tests.torture.child NAME FOLDER SEED [STEPS]`.

It prints a line for all that was acknowledged, each by one write. With STEPS it ends by itself
after so many, half of the times without closing anything.
"""

from __future__ import annotations

import itertools
import os
import random
import sys
from pathlib import Path

from pglite_native.engine import guest
from tests.torture.workloads import make


def say(word: str, *numbers: int) -> None:
    os.write(1, " ".join([word, *map(str, numbers)]).encode() + b"\n")


def main(name: str, place: str, seed: str, count: str | None = None) -> None:
    chance = random.Random(int(seed))
    leaves = chance.random() < 0.5
    workload = make(name)
    guest.runtime()  # what takes a while, before the kill is to come
    say("start")
    steps = workload.steps(Path(place), chance, say)
    for _ in itertools.islice(steps, None if count is None else int(count)):
        pass
    if leaves:
        os._exit(0)
    steps.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

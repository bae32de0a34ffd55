"""From nothing to an answer, phase by phase."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from bench import child, progress
from bench.figures import Group

PHASES = {
    "process": "interpreter started",
    "import": "`import pglite_native`",
    "runtime": "module and packs mapped, module parsed",
    "open: load": "instance and files",
    "open: boot": "`main()`: PostgreSQL starts",
    "open: session": "login",
    "open": "the three above, and Python",
    "first SELECT 1": "compiles what it needs",
    "answer": "runtime + open + first SELECT 1",
    "close": "",
    "second engine": "open and SELECT 1 in the same process: the code is compiled",
}
ANSWER_MS = 350


def run(rounds: int) -> Iterable[Group]:
    mapped = _group("Start from the image", "One process a round.")
    memory = _group("Boot, in memory", "The same, with `Engine(image=False)`.")
    made = _group("Boot, a new data directory", "The same; each round makes one.")
    reused = _group("Boot, an existing data directory", "The same, closed in good order before.")
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        for _ in progress.rounds("boot", rounds):
            mapped.add_samples(_measure("image"))
            memory.add_samples(_measure("boot"))
            shutil.rmtree(data_dir, ignore_errors=True)
            made.add_samples(_measure("boot", data_dir))
            reused.add_samples(_measure("boot", data_dir))
    return mapped, memory, made, reused


def _group(title: str, method: str) -> Group:
    group = Group(title, method)
    for phase, note in PHASES.items():
        target = ANSWER_MS if phase == "answer" and title == "Boot, in memory" else None
        group.figure(phase, "ms", target=target, note=note)
    return group


def _measure(*arguments: object) -> dict[str, float]:
    return child.measure("boot_child", time.monotonic_ns(), *arguments)

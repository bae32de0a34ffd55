"""Fuzzing in Python, by libFuzzer's command line. Which code an input reaches is not looked at."""

from __future__ import annotations

import hashlib
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from random import Random

INTERESTING = (b"\0", b"\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\0", b"-1", b"99999999")


def mutate(data: bytes, others: list[bytes], size: int, chance: Random) -> bytes:
    """Change some bytes, move and repeat some, or take some of another input."""
    mutated = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        at = chance.randrange(len(mutated) + 1)
        length = min(chance.choice((1, 2, 4, 16, 100, 512)), len(mutated) - at)
        kind = chance.randrange(7)
        if kind == 0 and at < len(mutated):
            mutated[at] ^= 1 << chance.randrange(8)
        elif kind == 1 and at < len(mutated):
            mutated[at] = chance.randrange(256)
        elif kind == 2:
            del mutated[at : at + length]
        elif kind == 3:
            mutated[at:at] = mutated[at : at + length] * chance.choice((1, 1, 10))
        elif kind == 4:
            found = chance.choice(INTERESTING)
            mutated[at : at + len(found)] = found
        elif kind == 5:
            mutated[at:at] = chance.randbytes(length)
        else:
            other = chance.choice(others)
            start = chance.randrange(len(other) + 1)
            taken = chance.choice((4, 64, 512, len(other)))
            mutated[at : at + length] = other[start : start + taken]
    return bytes(mutated[:size])


def main(check: Callable[[bytes], None]) -> int:
    """Give `check` a file, or else all files of folders and what derives from them.

    What it raises is a defect.
    """
    options = dict(word[1:].split("=", 1) for word in sys.argv[1:] if word.startswith("-"))
    paths = [Path(word) for word in sys.argv[1:] if not word.startswith("-")]
    if len(paths) == 1 and paths[0].is_file():
        check(paths[0].read_bytes())
        return 0
    corpus = [file.read_bytes() for folder in paths for file in sorted(folder.iterdir())]
    chance = Random(int(options["seed"]) or None)
    limit, size = int(options.get("runs", -1)), int(options.get("max_len", 4096))
    end = time.monotonic() + float(options.get("max_total_time", 0))
    inputs = 0
    queue = list(corpus)
    while queue or (time.monotonic() < end and inputs != limit):
        data = queue.pop() if queue else mutate(chance.choice(corpus), corpus, size, chance)
        inputs += 1
        try:
            check(data)
        except Exception:
            traceback.print_exc()
            path = Path(f"{options['artifact_prefix']}crash-{hashlib.sha1(data).hexdigest()}")
            path.write_bytes(data)
            print(f"Test unit written to {path}")
            return 1
    print(f"stat::number_of_executed_units: {inputs}")
    return 0

"""Measurements that want a process of their own: it starts, measures, and prints JSON."""

from __future__ import annotations

import json
import subprocess
import sys

from bench.machine import ROOT


def measure(module: str, *arguments: object) -> dict[str, float]:
    """Run `python -m bench.<module>` and return what it printed."""
    command = [sys.executable, "-m", f"bench.{module}", *map(str, arguments)]
    finished = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    samples: dict[str, float] = json.loads(finished.stdout)
    return samples

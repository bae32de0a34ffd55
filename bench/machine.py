"""Where and on what a result was made: enough to compare by, and no names or paths of the host."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def describe() -> dict[str, object]:
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(_memory_bytes() / 2**30, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "cffi": metadata.version("cffi"),
        "compiler": _first_line(os.environ.get("CC", "cc"), "--version"),
        "load_average": [round(load, 2) for load in os.getloadavg()],
    }


def commit() -> str:
    """The commit measured, and whether files that matter differ from it."""
    sources = ["csrc", "pglite_native", "tools", "vendor", "bench/*.py"]
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", *sources)
    return _git("rev-parse", "--short=12", "HEAD") + ("+changes" if changed else "")


def _git(*arguments: str) -> str:
    try:
        return _output("git", "-C", str(ROOT), *arguments)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _first_line(*command: str) -> str:
    try:
        return _output(*command).partition("\n")[0]
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    found = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    return found[1] if found else platform.processor()


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

"""The command line of `python -m bench.conformance`."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.conformance.suites import SUITES
from bench.report import RESULTS

MODULE = "bench.conformance"


@dataclass(frozen=True)
class Arguments:
    tests: Sequence[str]
    suite: str | None
    side: str | None
    tier: str
    limit_s: float | None
    dsn: str | None
    files: str | None
    output: Path

    @property
    def is_part(self) -> bool:
        """A few tests are no result."""
        return bool(self.tests)

    @property
    def command(self) -> str:
        """What a result depends on."""
        words = ["python", "-m", MODULE]
        words += ["--suite", self.suite] if self.suite else []
        words += ["--tier", self.tier] if self.tier != "auto" else []
        words += ["--limit", f"{self.limit_s:g}"] if self.limit_s else []
        return shlex.join(words)


def parse(description: str | None, words: Sequence[str] | None) -> Arguments:
    parser = argparse.ArgumentParser(
        prog=f"python -m {MODULE}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("tests", nargs="*", metavar="test", help="only these, which is no result")
    parser.add_argument("--suite", choices=SUITES, help="one of the two")
    parser.add_argument("--side", choices=("native", "ours"), help="only on that server")
    parser.add_argument("--tier", choices=("auto", "aot", "wasm3"), default="auto")
    parser.add_argument("--limit", dest="limit_s", type=float, metavar="SECONDS", help="a test's")
    parser.add_argument("--dsn", help="a running server, as libpq's keywords and values, or a URL")
    parser.add_argument(
        "--files", help="with --dsn: what that server calls the folder that has regress's data/"
    )
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder for the results")
    arguments = Arguments(**vars(parser.parse_args(words)))
    if arguments.dsn is not None and arguments.side is not None:
        parser.error("--side is for servers of our own, --dsn for another")
    if arguments.files is not None and arguments.dsn is None:
        parser.error("--files is for --dsn")
    return arguments

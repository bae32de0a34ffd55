"""Run PostgreSQL's own tests on our server, and compare with a native one.

    python -m bench.conformance                          all: a result, and the page made of it
    python -m bench.conformance --suite isolation        one suite: likewise
    python -m bench.conformance --suite isolation nowait deadlock-simple
                                                         some tests: what came of them is printed
    python -m bench.conformance --suite isolation --dsn "host=... dbname=postgres" nowait
                                                         the same on a server that is running

The native server's outputs are kept in build/conformance and used again; --side native makes them
anew. Every output is there, and where it differs the difference. With --dsn the exit status is 1
if a test differs.
"""

from __future__ import annotations

import datetime
import sys
from collections.abc import Sequence
from pathlib import Path

from bench import machine, progress
from bench.conformance import page, reasons
from bench.conformance.arguments import Arguments, parse
from bench.conformance.report import Result, SuiteResult, line
from bench.conformance.source import fetch, pinned
from bench.conformance.suites import SUITES
from bench.conformance.work import Work, unknown
from bench.report import RESULTS
from vendor.pins import VendorError


def main(words: Sequence[str] | None = None) -> int:
    arguments = parse(__doc__, words)
    suites = [suite for suite in SUITES.values() if arguments.suite in (None, suite.name)]
    progress.show("looking for the tests")
    try:
        all = [Work(arguments, suite, fetch(suite.source)) for suite in suites]
    except VendorError as error:
        said = " ".join(str(error).split())
        print(f"conformance: the tests are not to be had: {said}", file=sys.stderr)
        return 1
    finally:
        progress.show("")
    if missing := unknown(arguments.tests, all):
        print(f"conformance: no such test: {', '.join(missing)}", file=sys.stderr)
        return 2
    results, tier = [], ""
    for work in all:
        if work.tests:
            verdicts, tier = work.run()
            results.append(SuiteResult(work.suite.name, verdicts))
            _print(arguments, results[-1])
    if arguments.dsn is not None:
        return int(any(not verdict.is_equal for each in results for verdict in each.verdicts))
    if not arguments.is_part and arguments.side != "native":
        _write(arguments, tier, results)
    return 0


def _print(arguments: Arguments, result: SuiteResult) -> None:
    """Of a whole suite only what is different: the rest is in the result."""
    known = reasons.load() if arguments.side != "native" else reasons.Reasons([])
    for verdict in result.verdicts:
        if arguments.is_part or not verdict.is_equal:
            print(line(result.name, verdict, known.of(result.name, verdict.test)))
    print(result.summary())


def _write(arguments: Arguments, tier: str, results: Sequence[SuiteResult]) -> None:
    result = Result(
        date=datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        commit=machine.commit(),
        command=arguments.command,
        machine={**machine.describe(), "postgresql": pinned().version, "tier": tier},
        suites=results,
        only=arguments.suite,
    )
    paths = result.write(arguments.output)
    if arguments.output == RESULTS:
        paths.append(page.write())
    for path in paths:
        print(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


if __name__ == "__main__":
    raise SystemExit(main())

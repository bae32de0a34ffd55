"""docs/CONFORMANCE.md: the newest results, with the reasons; `python -m bench.conformance.page`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.conformance import reasons
from bench.conformance.report import NAME
from bench.conformance.suites import SUITES
from bench.machine import ROOT
from bench.report import RESULTS

PATH = ROOT / "docs" / "CONFORMANCE.md"

INTRODUCTION = """\
# Conformance

PostgreSQL's own tests, run on our [server](SERVER.md), in shared mode, and on a native PostgreSQL.
Isolation has sessions that meet in one database, step by step; regress has files of SQL for psql;
contrib has them for the modules that are bundled, each in a database of its own. The other suites
are those that other extensions' projects have. A test is *equal* where the client prints, byte for
byte, what it prints before the native server, or what one of the project's own expected files has.
Otherwise it is *different*, in so many lines. `make conformance` runs them, and writes this page
from the result and from [the reasons](../bench/conformance/reasons.toml).

The guest is PostgreSQL 18.7; the tests and the native server are of 18.6, the newest that can be
had. What 18.7 does otherwise, as far as the tests see it, is below; its setting
`composite_type_mismatch` and the versions of columns in `pg_attribute.attoptions`, by which it
refuses composite values whose row type has been altered since, they do not see.

Both servers have the settings of the guest: no parallel workers, nothing that vacuums by itself.
What the tests have in C is left out on both sides: it is in a module that only a native server
could load. A test that wants it says on both that it is not there.

The native server that extensions are compared with, and their tests, are Debian's. It has the
sources of neither Apache AGE, pg_hashids, pg_ivm, pg_textsearch, pg_uuidv7 nor pgmq where this was
run: of these [tests/extensions](../tests/extensions) has what we test ourselves.
"""


@dataclass(frozen=True)
class Newest:
    """The newest result of a suite."""

    suite: str
    file: str
    facts: Mapping[str, Any]

    @property
    def title(self) -> str:
        return f"{self.suite}, by wasm3" if self.by_wasm3 else self.suite

    @property
    def by_wasm3(self) -> bool:
        """Whether it did not run by the tier that users have."""
        return bool(self.facts["machine"]["tier"] == "wasm3")

    @property
    def tests(self) -> Sequence[Mapping[str, Any]]:
        tests: Sequence[Mapping[str, Any]] = self.facts[self.suite]
        return tests


def write() -> Path:
    PATH.write_text(text(newest(RESULTS), reasons.load()), encoding="utf-8")
    return PATH


def newest(folder: Path) -> list[Newest]:
    """For each suite that has one, and each tier."""
    read = [
        (path.stem, json.loads(path.read_text(encoding="utf-8")))
        for path in folder.glob(f"*-{NAME}*.json")
    ]
    read.sort(key=lambda item: str(item[1]["date"]))
    found = {}
    for stem, facts in read:
        for suite in SUITES:
            if suite in facts:
                result = Newest(suite, f"{stem}.md", facts)
                found[suite, result.by_wasm3] = result
    order = list(SUITES)
    return sorted(found.values(), key=lambda result: (order.index(result.suite), result.by_wasm3))


def stale(results: Iterable[Newest], known: reasons.Reasons) -> list[str]:
    """The tests that a reason is given for, and that have been run and are not different."""
    different = {r.suite: {t["test"] for t in r.tests if not t["equal"]} for r in results}
    return [
        f"{suite} {test}"
        for reason in known.all
        for suite, tests in reason.tests.items()
        for test in tests
        if suite in different and test not in different[suite]
    ]


def text(results: Sequence[Newest], known: reasons.Reasons) -> str:
    if not results:
        return f"{INTRODUCTION}\nThey have not been run yet.\n"
    lines = [INTRODUCTION, "| | tests | equal | different, with a reason | unexplained |"]
    lines.append("|---|---:|---:|---:|---:|")
    lines += [_overview(result, known) for result in results]
    for result in results:
        if not result.by_wasm3:
            lines += ["", *_section(result, known)]
    return "\n".join(lines) + "\n"


def _overview(result: Newest, known: reasons.Reasons) -> str:
    different = [test["test"] for test in result.tests if not test["equal"]]
    explained = sum(known.of(result.suite, test) is not None for test in different)
    counts = (len(result.tests), len(result.tests) - len(different), explained)
    cells = " | ".join(map(str, (*counts, len(different) - explained)))
    return f"| [{result.title}](../bench/results/{result.file}) | {cells} |"


def _section(result: Newest, known: reasons.Reasons) -> list[str]:
    different = {test["test"]: test for test in result.tests if not test["equal"]}
    groups: dict[str, list[str]] = {}
    for name in sorted(different, key=lambda name: known.of(result.suite, name) is None):
        groups.setdefault(known.of(result.suite, name) or "Unexplained.", []).append(name)
    facts = result.facts
    suite = SUITES[result.suite]
    lines = [f"## {suite.title}", "", *([suite.about, ""] if suite.about else [])]
    lines += [f"Of {facts['date'][:10]}, commit {facts['commit']}: `{facts['command']}`.", ""]
    if different:
        lines += ["| different | lines |", "|---|---|"]
        lines += [
            f"| {reason} | {', '.join(_count(different[name]) for name in names)} |"
            for reason, names in groups.items()
        ]
        lines.append("")
    equal = [test["test"] for test in result.tests if test["equal"]]
    return [*lines, f"Equal: {', '.join(equal) or 'none'}."]


def _count(test: Mapping[str, Any]) -> str:
    cut = ", time limit" if test["exit_status"] is None else ""
    return f"{test['test']} ({test['different_lines']}{cut})"


if __name__ == "__main__":
    print(write().relative_to(ROOT))

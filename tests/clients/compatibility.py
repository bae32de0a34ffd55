"""The compatibility table: made of what ran and passed, and held against it in every later run.

Tests leave a record of what they are about (conftest.py). `Recorder`, a plugin of pytest's, gathers
the records of those that pass, over all processes of a run. `make compatibility` writes them down
as docs/COMPATIBILITY.md; at the end of any other run the page has to agree with them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from importlib import metadata
from pathlib import Path

import pytest

from tests.dropins.running import Suite
from tools import ROOT

PAGE = ROOT / "docs" / "COMPATIBILITY.md"
FOLDER = Path(__file__).parent
RECORD = "ran"  # the name under which a test's report has its record

HEAD = """\
# Compatibility

The clients that have talked to the [server](SERVER.md): for each its version, the ways it came, and
which of the tests in [tests/clients](../tests/clients) it passed, by name. `make compatibility`
writes this page from what ran and passed; every later run of these tests is held against it. TCP
and TLS are with a password, by SCRAM-SHA-256; with TLS the client verifies the certificate.

| client | version | by | what ran |
|---|---|---|---|
"""
SUITES_HEAD = """
## Other tools' own tests

The drop-ins of [COMING_FROM.md](COMING_FROM.md) are run by the test suites that those tools' source
distributions hold, imported from outside and not changed: [tests/dropins](../tests/dropins).
What is not applicable is said there test by test.

| suite | drop-in | | | | because |
|---|---|---|---|---|---|
"""
ROW = re.compile(r"^\| (.+) \| (\d\S*) \| (.+) \| (.+) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Client:
    """Who connects."""

    name: str
    version: str

    @classmethod
    def installed(cls, name: str, distribution: str) -> Client:
        """A library of Python's; without a version where it is not there."""
        try:
            return cls(name, metadata.version(distribution))
        except metadata.PackageNotFoundError:
            return cls(name, "")


@dataclass(frozen=True)
class Ran:
    """That a client did something."""

    client: str
    version: str
    transport: str
    behaviour: str

    @property
    def what(self) -> tuple[str, str]:
        return self.transport, self.behaviour


def encode(ran: Ran) -> str:
    """A record as a test's report carries it, across processes."""
    return json.dumps(astuple(ran), ensure_ascii=False)


def decode(record: str) -> Ran:
    return Ran(*json.loads(record))


def render(ran: Iterable[Ran]) -> str:
    """The page. Ways to connect by which the same ran share a row."""
    by_client: dict[tuple[str, str], dict[str, list[str]]] = {}
    for run in ran:
        transports = by_client.setdefault((run.client, run.version), {})
        transports.setdefault(run.transport, []).append(run.behaviour)
    lines = []
    for (client, version), transports in sorted(by_client.items()):
        rows: dict[tuple[str, ...], list[str]] = {}
        for transport, behaviours in transports.items():
            rows.setdefault(tuple(dict.fromkeys(behaviours)), []).append(transport)
        for what, by in rows.items():
            lines.append(f"| {client} | {version} | {', '.join(by)} | {', '.join(what)} |\n")
    return HEAD + "".join(lines) + SUITES_HEAD + "".join(map(_suite_row, Suite.all()))


def _suite_row(suite: Suite) -> str:
    because = "; ".join(sorted(set(suite.not_applicable.values())))
    return (
        f"| {suite.pin.package} {suite.pin.version} | `{suite.drop_in}` | {suite.passed} passed |"
        f" 0 failed | {suite.left_out} not applicable | {because} |\n"
    )


def parse(page: str) -> Iterator[Ran]:
    """What a page says has run."""
    for client, version, transports, behaviours in ROW.findall(page):
        for transport in transports.split(", "):
            for behaviour in behaviours.split(", "):
                yield Ran(client, version, transport, behaviour)


def differences(
    page: Iterable[Ran], ran: Iterable[Ran], skipped: Iterable[str], is_whole: bool
) -> list[str]:
    """Why the page does not agree with what ran; `skipped` are clients that were not there.

    A later version than the page's must do the same; an earlier one is another client. Only a whole
    run tells what is on the page and does not run.
    """
    written, seen = _by_client(page), _by_client(ran)
    found = []
    for client, runs in seen.items():
        lines = written.get(client, [])
        if any(_number(line.version) > _number(runs[0].version) for line in lines):
            continue
        there, here = {line.what for line in lines}, {run.what for run in runs}
        found += [f"{client} is not said to do: {item}" for item in sorted(here - there)]
        if is_whole:
            found += [f"{client} did not do: {item}" for item in sorted(there - here)]
    if is_whole:
        absent = set(written) - set(seen) - set(skipped)
        found += [f"{client} is on the page, and in no test" for client in sorted(absent)]
    return found


def _by_client(runs: Iterable[Ran]) -> dict[str, list[Ran]]:
    clients: dict[str, list[Ran]] = {}
    for run in runs:
        clients.setdefault(run.client, []).append(run)
    return clients


def _number(version: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", version)]


class Recorder:
    """Gathers records, and compares at the end of the run, or writes."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._ran: dict[Ran, None] = {}  # in order
        self._skipped: set[str] = set()
        self._differences: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        records = [decode(str(text)) for name, text in report.user_properties if name == RECORD]
        if report.skipped:
            self._skipped.update(record.client for record in records)
        elif report.passed and report.when == "call":
            self._ran.update(dict.fromkeys(records))

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if exitstatus != 0 or not self._ran:
            return
        if self._config.getoption("compatibility"):
            if self._is_whole():
                PAGE.write_text(render(self._ran), encoding="utf-8")
            return
        page = parse(PAGE.read_text(encoding="utf-8") if PAGE.exists() else "")
        self._differences = differences(page, self._ran, self._skipped, self._is_whole())
        if self._differences:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._differences:
            terminalreporter.section("docs/COMPATIBILITY.md", red=True)
            for line in self._differences:
                terminalreporter.line(line)
            terminalreporter.line("If that is as it should be: make compatibility")

    def _is_whole(self) -> bool:
        option = self._config.option
        paths = [self._config.invocation_params.dir / name for name in self._config.args]
        return not (option.keyword or option.markexpr) and any(
            path.resolve() in (FOLDER, *FOLDER.parents) for path in paths
        )

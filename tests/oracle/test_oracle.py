"""The engine answers as native PostgreSQL does, byte for byte, but for what differences.py names.

With --native-only a second native server stands in for the engine: that shows the corpus to be
repeatable, and needs no engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests import wire
from tests.oracle.cases import Case, Step, read_corpus
from tests.oracle.differences import DIFFERING, comparable
from tests.oracle.native import NativeServer

pytestmark = pytest.mark.tiers

STATEMENTS = read_corpus("*.sql")
SCRIPTS = read_corpus("*.script")
CASES = STATEMENTS + SCRIPTS
MINIMUM_CASES = 300

RESET = (
    "ROLLBACK",
    "RESET SESSION AUTHORIZATION",
    "DISCARD ALL",
    (Path(__file__).parent / "reset.sql").read_text("utf-8"),
)

Answers = list[list[wire.Message]]  # to each step of a case


class Session(Protocol):
    def exchange(self, data: bytes, until: str | None) -> bytes: ...

    def close(self) -> None: ...


class Side:
    """One side of the comparison: keeps a session, and replaces one that a case has ended."""

    def __init__(self, connect: Callable[[], Session]) -> None:
        self._connect = connect
        self._session: Session | None = None

    def run(self, case: Case) -> list[bytes]:
        """The answers to a case, which finds the database as initdb left it."""
        session = self._session or self._connect()
        self._session = None  # until the case has left it usable
        try:
            for statement in RESET:
                answer = session.exchange(wire.query(statement), "Z")
                assert not wire.errors(answer), f"the reset before {case.name}"
            answers = [session.exchange(step.data, step.until) for step in case.steps]
        except BaseException:
            session.close()
            raise
        if case.steps[-1].until is None:
            session.close()
        else:
            self._session = session
        return answers

    def close(self) -> None:
        if self._session is not None:
            self._session.close()


@pytest.fixture(scope="session")
def server() -> Iterator[NativeServer]:
    with NativeServer() as server:
        yield server


@pytest.fixture(scope="session")
def greeting(server: NativeServer) -> bytes:
    session = server.connect()
    session.close()
    return session.greeting


@pytest.fixture(scope="session")
def native_answers(server: NativeServer, greeting: bytes) -> Iterator[Callable[[Case], Answers]]:
    """Native PostgreSQL's answers to a case, asked for once."""
    side = Side(server.connect)
    known: dict[str, Answers] = {}

    def answers(case: Case) -> Answers:
        if case.name not in known:
            known[case.name] = comparable(side.run(case), wire.parameters(greeting))
        return known[case.name]

    yield answers
    side.close()


@pytest.fixture(scope="session")
def connect_by(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Callable[[], Session]]]:
    """What opens a session on the other side, by how messages are delivered to it."""
    if request.config.getoption("native_only"):
        with NativeServer() as stand_in:
            yield lambda delivery: stand_in.connect
        return
    from tests.oracle.embedded import connect_by  # only here: needs an engine

    yield connect_by


@pytest.fixture(scope="session")
def sides(
    connect_by: Callable[[str], Callable[[], Session]],
) -> Iterator[Callable[[str], Side]]:
    """The other side, by delivery."""
    opened: dict[str, Side] = {}

    def side(delivery: str) -> Side:
        if delivery not in opened:
            opened[delivery] = Side(connect_by(delivery))
        return opened[delivery]

    yield side
    for each in opened.values():
        each.close()


@pytest.fixture
def check(
    native_answers: Callable[[Case], Answers],
    sides: Callable[[str], Side],
    greeting: bytes,
    request: pytest.FixtureRequest,
) -> Callable[[Case, str], None]:
    native_only = request.config.getoption("native_only")

    def check(case: Case, delivery: str) -> None:
        expected = native_answers(case)
        actual = comparable(sides(delivery).run(case), wire.parameters(greeting))
        if case.name in DIFFERING and not native_only:
            assert actual != expected, f"differs no more: {DIFFERING[case.name]}"
            return
        assert _decoded(actual) == _decoded(expected)
        assert actual == expected  # also what decoding does not show

    return check


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_answers_as_native(case: Case, check: Callable[[Case, str], None]) -> None:
    check(case, "whole")


@pytest.mark.parametrize("delivery", ["bytewise", "streamed"])
@pytest.mark.parametrize("case", SCRIPTS, ids=lambda case: case.name)
def test_delivery_does_not_matter(
    case: Case, delivery: str, check: Callable[[Case, str], None]
) -> None:
    check(case, delivery)


def test_greets_as_native(
    sides: Callable[[str], Side], greeting: bytes, request: pytest.FixtureRequest
) -> None:
    """A startup packet in the stream is answered as a server answers it."""
    if request.config.getoption("native_only"):
        pytest.skip("a server takes it once, when the connection opens")
    startup = wire.startup({"user": "postgres", "database": "postgres"})
    case = Case("startup", (Step(startup, "Z"),))
    assert comparable(sides("whole").run(case), {}) == comparable([greeting], {})


def test_every_named_difference_has_its_case() -> None:
    assert set(DIFFERING) <= {case.name for case in CASES}


def test_corpus_is_large_enough() -> None:
    assert len(CASES) >= MINIMUM_CASES


def _decoded(answers: Answers) -> list[list[tuple[object, ...]]]:
    return [[wire.decode(item) for item in answer] for answer in answers]

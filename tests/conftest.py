"""Options of the test run, and the engine that the tests of a module share."""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from _pytest.faulthandler import fault_handler_stderr_fd_key

from tests import wire
from tests.clients.compatibility import Recorder
from tests.distributions import install, make_wheel, once_a_run

if TYPE_CHECKING:
    from pglite_native import Engine


LIMIT_SECONDS = 180  # of one test


def pytest_configure(config: pytest.Config) -> None:
    # Extensions that this machine's user has added are not what is tested.
    os.environ["PGLITE_NATIVE_HOME"] = os.devnull
    if not hasattr(config, "workerinput"):  # the process that hears of all the others' tests
        config.pluginmanager.register(Recorder(config))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--native-only",
        action="store_true",
        help="tests/oracle: compare native PostgreSQL with itself; needs no engine",
    )
    parser.addoption(
        "--heavy",
        action="store_true",
        help="tests/clients: also those that bring hundreds of libraries, which are installed",
    )
    parser.addoption(
        "--compatibility",
        action="store_true",
        help="tests/clients: write docs/COMPATIBILITY.md, instead of comparing with it",
    )


@pytest.fixture
def limit(request: pytest.FixtureRequest) -> Iterator[None]:
    """For tests that may hang: the run ends with every thread's stack."""
    stderr = request.config.stash[fault_handler_stderr_fd_key]  # the one that is not captured
    faulthandler.dump_traceback_later(LIMIT_SECONDS, exit=True, file=stderr)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package's wheel, alone in its folder; not to be changed."""
    (path,) = once_a_run(tmp_path_factory, "wheel", make_wheel).iterdir()
    return path


@pytest.fixture(scope="session")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the wheel is installed; not to be changed."""
    return once_a_run(tmp_path_factory, "site", lambda folder: install(wheel, folder))


class Shared:
    """One engine for the tests of a module, as opening takes a third of a second; opened anew only
    after a test that spoilt it.
    """

    def __init__(self) -> None:
        self._engine: Engine | None = None

    def take(self) -> Engine:
        from pglite_native import Engine  # some tests run without it

        engine, self._engine = self._engine, None
        if engine is None:
            engine = Engine()
            engine.exec_protocol_raw(wire.query("SELECT 1"))  # repeats the parameters, once
        return engine

    def give_back(self, engine: Engine) -> None:
        reply = engine.exec_protocol_raw(wire.query("ABORT") + wire.query("DISCARD ALL"))
        assert wire.errors(reply) == [] and wire.split(reply)[-1] == ("Z", b"I")
        self._engine = engine

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()


@pytest.fixture(scope="module")
def shared_engine() -> Iterator[Shared]:
    shared = Shared()
    yield shared
    shared.close()


@pytest.fixture
def engine(shared_engine: Shared) -> Iterator[Engine]:
    """An engine in memory, idle, and without temporary tables, settings or prepared statements.

    Tests that make anything else, or end the session, open their own.
    """
    engine = shared_engine.take()
    try:
        yield engine
        shared_engine.give_back(engine)
    except BaseException:
        engine.close()
        raise

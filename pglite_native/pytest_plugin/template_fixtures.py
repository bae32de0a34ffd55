"""Templates: made once, written down, and mapped by every test.

A template is a fixture of scope `session` whose name is `pglite_template`, or which
`factories.template` has made. Around its setup stands `pytest_fixture_setup`, which replaces what
the fixture returned by a Template. Where pytest-xdist runs the tests in several processes, the
first one to need a template makes it and saves it to a file; the others map the file, and never
call the fixture's function.
"""

from __future__ import annotations

import fcntl
import hashlib
import inspect
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pglite_native.pytest_plugin.factories import TEMPLATE_MARK


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    if not _is_template(fixturedef):
        return (yield)
    from pglite_native import Snapshot
    from pglite_native.pytest_plugin.template import Template

    for name in fixturedef.argnames:  # others may have built upon it
        if isinstance(below := request.getfixturevalue(name), Template):
            below.reset()
    with turn(request, _identity(fixturedef, request), fixturedef.scope) as file:
        if file is not None and file.exists():
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(fixturedef, "func", lambda *_, **__: None)
                yield
            template = Template(Snapshot.load(file))
        else:
            value = yield
            template = Template.made_of(value, fixturedef.argname)
            if file is not None:
                template.snapshot.save(file)
    assert fixturedef.cached_result is not None
    fixturedef.cached_result = (template, fixturedef.cached_result[1], None)
    fixturedef.addfinalizer(template.close)
    return template


def _is_template(fixturedef: pytest.FixtureDef[Any]) -> bool:
    return fixturedef.argname == "pglite_template" or hasattr(fixturedef.func, TEMPLATE_MARK)


@contextmanager
def turn(
    request: pytest.FixtureRequest, identity: str, scope: str = "session"
) -> Iterator[Path | None]:
    """Where a template is saved for the other processes, while it is this one's turn.

    None where there are none, or where the fixture means to be run more than once. The kernel
    unlocks when a process dies, and what it had not finished is not there: the next one begins.
    """
    worker = getattr(request.config, "workerinput", None)
    if worker is None or scope != "session":
        yield None
        return
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    folder = factory.getbasetemp().parent / "pglite"  # the workers' own are side by side
    folder.mkdir(exist_ok=True)
    file = folder / f"{identity}-{worker['testrunuid']}.image"
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield file


def _identity(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> str:
    """The same for the same fixture in every process; another for each override and parameter."""
    code = inspect.unwrap(fixturedef.func).__code__
    parts = (
        fixturedef.baseid,
        fixturedef.argname,
        code.co_filename,
        code.co_firstlineno,
        getattr(request, "param_index", None),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]

"""--pglite-keep: the databases of a test that has failed."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pglite_native import Snapshot

Take = Callable[[], "Snapshot"]

# Tests of a process run one after another: what is there when one fails is that one's.
_PRESENT: pytest.StashKey[list[tuple[str, Take]]] = pytest.StashKey()


def is_keeping(config: pytest.Config) -> bool:
    """Whether databases of tests that fail are kept."""
    return bool(config.getoption("pglite_keep"))


@contextmanager
def keepable(config: pytest.Config, name: str, take: Take) -> Iterator[None]:
    """While it lasts, a database of the running test is there, to be kept if the test fails."""
    present = config.stash.setdefault(_PRESENT, [])
    present.append((name, take))
    try:
        yield
    finally:
        present.remove((name, take))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and report.when == "call" and is_keeping(item.config):
        lines = [_keep(item, *database) for database in item.config.stash.get(_PRESENT, [])]
        if lines:
            report.sections.append(("kept databases", "\n".join(lines)))
    return report


def _keep(item: pytest.Item, name: str, take: Take) -> str:
    from pglite_native import PGliteError

    try:
        file = _folder(item.config) / f"{re.sub(r'[^A-Za-z0-9]+', '-', item.nodeid)}-{name}.image"
        take().save(file)
    except (PGliteError, OSError) as error:
        return f"{name}: cannot be kept: {error}"
    return f"{name}: pglite-native shell --image {file}"


def _folder(config: pytest.Config) -> Path:
    factory: Any = config._tmp_path_factory  # type: ignore[attr-defined]
    folder: Path = factory.getbasetemp() / "pglite-kept"
    folder.mkdir(exist_ok=True)
    return folder

"""--pglite-keep: the databases of a test that has failed."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pglite_native import Snapshot

_KEEPABLE: pytest.StashKey[list[tuple[str, Callable[[], Snapshot]]]] = pytest.StashKey()


def keepable(request: pytest.FixtureRequest, snapshot: Callable[[], Snapshot]) -> None:
    """Have a test's database kept if it fails."""
    kept = request.node.stash.setdefault(_KEEPABLE, [])
    kept.append((str(request.fixturename), snapshot))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and report.when == "call" and item.config.getoption("pglite_keep"):
        lines = [_keep(item, *kept) for kept in item.stash.get(_KEEPABLE, [])]
        if lines:
            report.sections.append(("kept databases", "\n".join(lines)))
    return report


def _keep(item: pytest.Item, name: str, snapshot: Callable[[], Snapshot]) -> str:
    from pglite_native import PGliteError

    try:
        file = _folder(item.config) / f"{re.sub(r'[^A-Za-z0-9]+', '-', item.nodeid)}-{name}.image"
        snapshot().save(file)
    except (PGliteError, OSError) as error:
        return f"{name}: cannot be kept: {error}"
    return f"{name}: pglite-native shell --image {file}"


def _folder(config: pytest.Config) -> Path:
    factory: Any = config._tmp_path_factory  # type: ignore[attr-defined]
    folder: Path = factory.getbasetemp() / "pglite-kept"
    folder.mkdir(exist_ok=True)
    return folder

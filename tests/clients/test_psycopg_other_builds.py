"""psycopg 3's other implementations: the same tests, each in a process that has chosen it.

The C build wants a compiler and libpq's headers (Debian's libpq-dev), the one in Python a libpq.
"""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.compatibility import RECORD, Ran, encode
from tests.clients.installing import psycopg_c
from tests.clients.psycopg_builds import BUILDS
from tools import ROOT

pytestmark = pytest.mark.long

MODULES = {
    "psycopg 3": "tests/clients/test_psycopg.py",
    "psycopg 3 async": "tests/clients/test_psycopg_async.py",
}


@pytest.mark.parametrize("implementation", ["c", "python"])
def test_the_same(
    implementation: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    path = os.environ.get("PYTHONPATH", "")
    environment = {**os.environ, "PSYCOPG_IMPL": implementation, "PYTHONPATH": path}
    try:
        if implementation == "c":
            environment["PYTHONPATH"] = os.pathsep.join([str(psycopg_c()), path])
        _check_import(environment)
    except pytest.skip.Exception:
        for name in MODULES:
            client = f"{name}, {BUILDS[implementation][0]}"
            record_property(RECORD, encode(Ran(client, "", "", "")))
        raise
    report = tmp_path / "report.xml"
    options = ["-q", "-p", "no:cacheprovider", "--compatibility"]
    options += ["-o", "junit_family=xunit1", f"--junitxml={report}"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *MODULES.values()],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for item in ET.parse(report).iter("property"):
        record_property(str(item.get("name")), item.get("value"))


def _check_import(environment: dict[str, str]) -> None:
    """Skip where the implementation lacks something, libpq say."""
    command = [sys.executable, "-c", "import psycopg"]
    imported = subprocess.run(command, env=environment, capture_output=True, text=True)
    if imported.returncode != 0:
        pytest.skip(f"no such build here: {imported.stderr.splitlines()[-1]}")

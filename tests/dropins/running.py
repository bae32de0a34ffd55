"""A tool's own tests, run on our drop-in: in a process of their own, which imports ours by its name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tools import ROOT
from vendor.fetch import find_archive
from vendor.pins import Pin, VendorError, load_pins
from vendor.unpack import unpack

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
PINS = {pin.name: pin for pin in load_pins(HERE / "pins.toml")}


@dataclass(frozen=True)
class Suite:
    """A tool's tests, and what is known of them."""

    name: str
    drop_in: str
    passed: int
    not_applicable: dict[str, str]  # the reason for each test or module

    @classmethod
    def all(cls) -> list[Suite]:
        """Those of suites.toml."""
        with (HERE / "suites.toml").open("rb") as file:
            return [cls(**suite) for suite in tomllib.load(file)["suite"]]

    @property
    def pin(self) -> Pin:
        """The distribution that holds them."""
        return PINS[self.name]

    def deselected(self) -> list[str]:
        """pytest's arguments that leave out what is not applicable."""
        return [f"--deselect=tests/{name}" for name in self.not_applicable]


def run_suite(name: str, folder: Path, arguments: list[str]) -> dict[str, str]:
    """Run it in an empty folder; return each test's outcome: passed, failed or skipped."""
    pin = PINS[name]
    try:
        unpack(pin, find_archive(pin), folder)
    except VendorError as error:
        pytest.skip(f"its tests cannot be fetched: {error}")
    shims = HERE / "shims" / name
    report = folder / "report.xml"
    if (shims / "tests").exists():  # what the distribution lacks
        shutil.copytree(shims / "tests", folder / "tests", dirs_exist_ok=True)
    ini = "[pytest]\npytester_example_dir = tests/examples\nnorecursedirs = examples\n"
    (folder / "pytest.ini").write_text(ini, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", "-p", "no:cacheprovider", "-ppytester"]
    finished = subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, (shims, ROOT))),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
    )
    assert report.exists(), finished.stdout + finished.stderr
    (folder / "output.txt").write_text(finished.stdout + finished.stderr, encoding="utf-8")
    return dict(_outcomes(report))


def _outcomes(report: Path) -> Iterator[tuple[str, str]]:
    for case in ElementTree.parse(report).iter("testcase"):
        module = case.get("classname", "").removeprefix("tests.")
        kinds = {child.tag for child in case}
        outcome = "failed" if kinds & {"failure", "error"} else "passed"
        yield f"{module}::{case.get('name')}", "skipped" if "skipped" in kinds else outcome

"""A tool's own tests, run on our drop-in: in a process where the tool's name leads to ours."""

from __future__ import annotations

import os
import re
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
TEST = re.compile(r"^ *(?:async )?def test_", re.MULTILINE)
PINS = {pin.name: pin for pin in load_pins(HERE / "pins.toml")}


@dataclass(frozen=True)
class Suite:
    """A tool's tests, and what is known of them."""

    name: str
    drop_in: str
    passed: int
    left_out: int
    not_applicable: dict[str, str]  # the reason for each test or module
    arguments: tuple[str, ...] = ()  # pytest's

    @classmethod
    def all(cls) -> list[Suite]:
        """Those of suites.toml."""
        with (HERE / "suites.toml").open("rb") as file:
            return [cls(**suite) for suite in tomllib.load(file)["suite"]]

    @property
    def pin(self) -> Pin:
        """The distribution that holds them."""
        return PINS[self.name]

    def choice(self) -> list[str]:
        """pytest's arguments that leave out what is not applicable."""
        return [
            f"--{'deselect' if '::' in name else 'ignore'}=tests/{name}"
            for name in self.not_applicable
        ]


@dataclass(frozen=True)
class Ran:
    """What came of it."""

    outcomes: dict[str, str]  # of each test: passed, failed or skipped
    left_out: int
    output: str


def run_suite(suite: Suite, folder: Path) -> Ran:
    """Run a tool's tests in an empty folder, but for those that are not applicable."""
    try:
        unpack(suite.pin, find_archive(suite.pin), folder)
    except VendorError as error:
        pytest.skip(f"its tests cannot be fetched: {error}")
    shims = HERE / "shims" / suite.name
    if (shims / "tests").exists():  # what the distribution lacks
        shutil.copytree(shims / "tests", folder / "tests", dirs_exist_ok=True)
    ini = "[pytest]\npytester_example_dir = tests/examples\nnorecursedirs = examples\n"
    (folder / "pytest.ini").write_text(ini, encoding="utf-8")
    report = folder / "report.xml"
    options = ["-q", f"--junitxml={report}", "-p", "no:cacheprovider", "-p", "pytester"]
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *suite.arguments, *suite.choice(), "tests"],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, (shims, ROOT))),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
    )
    output = finished.stdout + finished.stderr
    assert report.exists(), output
    deselected = sum(map(int, re.findall(r", (\d+) deselected", output)))
    ignored = sum(
        len(TEST.findall((folder / "tests" / name).read_text(encoding="utf-8")))
        for name in suite.not_applicable
        if "::" not in name
    )
    return Ran(dict(_outcomes(report)), deselected + ignored, output)


def _outcomes(report: Path) -> Iterator[tuple[str, str]]:
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        kinds = {child.tag for child in case}
        outcome = "failed" if kinds & {"failure", "error"} else "passed"
        yield name, "skipped" if "skipped" in kinds else outcome

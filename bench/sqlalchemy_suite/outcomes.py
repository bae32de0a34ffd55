"""What came of a run, from pytest's JUnit report."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

KINDS = ("passed", "failed", "error", "skipped")
_CHILDREN = {"failure": "failed", "error": "error", "skipped": "skipped"}

# The suite names its classes by driver and server: without that, runs can be compared.
_DATABASE = re.compile(r"_postgresql\+\w+(?=$|::)")
_ERROR_LINE = re.compile(r"^E +(.*\S)", re.MULTILINE)


@dataclass(frozen=True, order=True)
class Outcome:
    test: str
    kind: str
    message: str = ""


def read(report: Path) -> list[Outcome]:
    """Every test's outcome; that of a teardown that failed beside the test's own."""
    return sorted(_outcomes(ElementTree.parse(report).getroot()))


def _outcomes(root: ElementTree.Element) -> Iterator[Outcome]:
    for case in root.iter("testcase"):
        name = case.get("classname", "").rpartition(".")[2]
        test = f"{_DATABASE.sub('', re.sub(r'_18_.*$', '', name))}::{case.get('name')}"
        found = [child for child in case if child.tag in _CHILDREN]
        if not found:
            yield Outcome(test, "passed")
        for child in found:
            yield Outcome(test, _CHILDREN[child.tag], _message(child))


def _message(child: ElementTree.Element) -> str:
    if child.tag == "skipped":
        return (child.get("message") or "").rpartition(" : ")[2]
    lines = _ERROR_LINE.findall(child.text or "")
    return lines[0] if lines else (child.get("message") or "")

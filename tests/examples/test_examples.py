"""Each example prints what it says it prints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tools import ROOT

EXAMPLES = sorted(ROOT.glob("examples/*.py"))
PROGRAMS = [path for path in EXAMPLES if path.stem != "messages"]  # what they share
PRINTS = "\n# prints:\n"
INDENT = "#   "


def promised(program: Path) -> str:
    """The output that the comment at a program's end promises."""
    _, found, comment = program.read_text(encoding="utf-8").partition(PRINTS)
    assert found, f"{program} does not say what it prints"
    lines = comment.splitlines(keepends=True)
    assert all(line.startswith(INDENT) for line in lines)
    return "".join(line.removeprefix(INDENT) for line in lines)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_example(program: Path, run: Callable[..., str]) -> None:
    assert run(program) == promised(program)

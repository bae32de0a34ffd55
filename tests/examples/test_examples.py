"""Each example prints what it says it prints."""

from __future__ import annotations

import re
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


def test_the_page_on_time_shows_its_example() -> None:
    page = (ROOT / "docs" / "TIME.md").read_text(encoding="utf-8")
    program = ROOT / "examples" / "clock.py"
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (_, code), (_, shown) = blocks
    assert [language for language, _ in blocks] == ["python", "text"]
    assert code in program.read_text(encoding="utf-8")
    assert shown == promised(program)


def test_a_directory_may_be_given(tmp_path: Path, run: Callable[..., str]) -> None:
    visits = [run(ROOT / "examples" / "durable.py", tmp_path / "data") for _ in range(3)]
    assert visits == ["1\n", "2\n", "3\n"]

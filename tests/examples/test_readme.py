"""What README.md and docs/ENGINE.md show is what happens."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tools import ROOT

BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str) -> list[tuple[str, str]]:
    return BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))


# The last block of README.md is what `make run` prints.
@pytest.mark.parametrize("shown", [blocks("README.md")[:-1], blocks("docs/ENGINE.md")])
def test_the_python_is_one_program_that_prints_as_shown(
    shown: list[tuple[str, str]], run: Callable[..., str]
) -> None:
    assert {language for language, _ in shown} == {"python", "text"}
    code = "".join(text for language, text in shown if language == "python")
    printed = "".join(text for language, text in shown if language == "text")
    assert run("-", stdin=code) == printed


def test_make_run_prints_as_shown(run: Callable[..., str]) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (sql,) = re.findall(r"^SQL \?= (.*)$", makefile, re.MULTILINE)
    (command,) = re.findall(r'-m (pglite_native sql .*) "\$\$PGLITE_SQL"$', makefile, re.MULTILINE)
    assert run("-m", *command.split(), sql) == blocks("README.md")[-1][1]


def test_every_command_of_make_is_there() -> None:
    targets = set(
        re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    )
    named = set()
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")):
        named |= set(
            re.findall(r"(?:`|^ {4})make ([a-z0-9-]+)", page.read_text("utf-8"), re.MULTILINE)
        )
    assert named <= targets

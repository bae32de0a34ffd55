"""What README.md shows is what happens."""

from __future__ import annotations

import re
from collections.abc import Callable

from tools import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall(README)


def test_the_python_is_one_program_that_prints_as_shown(run: Callable[..., str]) -> None:
    (_, _), *rest = BLOCKS  # the first is that of `make run`
    assert {language for language, _ in rest} == {"python", "text"}
    code = "".join(text for language, text in rest if language == "python")
    shown = "".join(text for language, text in rest if language == "text")
    assert run("-", stdin=code) == shown


def test_make_run_prints_as_shown(run: Callable[..., str]) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (sql,) = re.findall(r"^SQL \?= (.*)$", makefile, re.MULTILINE)
    (command,) = re.findall(r'-m (pglite_native sql .*) "\$\$PGLITE_SQL"$', makefile, re.MULTILINE)
    assert run("-m", *command.split(), sql) == BLOCKS[0][1]


def test_every_command_of_make_is_there() -> None:
    targets = set(
        re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    )
    named = set()
    for page in (ROOT / "README.md", *ROOT.glob("docs/*.md")):
        named |= set(
            re.findall(r"(?:`|^ {4})make ([a-z0-9-]+)", page.read_text("utf-8"), re.MULTILINE)
        )
    assert named <= targets

"""The pages' programs print what is shown beneath them, and the errors they explain exist."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from tools import ROOT

BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRAMS = (
    *("API", "ASYNCIO", "COMING_FROM", "DBAPI", "FASTAPI", "LIVE"),
    *("MIGRATING", "SQLALCHEMY", "TIME"),
)


@pytest.mark.parametrize("page", PROGRAMS)
def test_a_page_is_one_program_that_prints_as_shown(page: str, run: Callable[..., str]) -> None:
    blocks = BLOCK.findall((ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8"))
    code = "".join(text for language, text in blocks if language == "python")
    assert run("-", stdin=code) == "".join(text for language, text in blocks if language == "text")


def explained() -> Iterator[str]:
    """What errors say, from the first column of the page's table, but for what PostgreSQL says."""
    page = (ROOT / "docs" / "TROUBLESHOOTING.md").read_text(encoding="utf-8")
    for first in re.findall(r"^\| (`.*?) \|", page, re.MULTILINE):
        yield from re.findall(r"`([^`]+)`", re.sub(r"\(.*?\)", "", first))


def test_errors_are_explained_that_exist() -> None:
    sources = [*ROOT.glob("csrc/**/*.c"), *ROOT.glob("pglite_native/**/*.py")]
    text = " ".join(path.read_text(encoding="utf-8") for path in sources)
    joined = re.sub(r'"\s*\n\s*f?"', "", text)  # a literal on several lines
    errors = list(explained())
    assert len(errors) > 10
    assert [error for error in errors if error not in joined] == []

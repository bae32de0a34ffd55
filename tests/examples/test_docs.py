"""The pages name what there is: each file in one row of the architecture page, no dead link."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import ROOT

ARCHITECTURE = ROOT / "docs" / "ARCHITECTURE.md"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("vendor/*.md")])
SECTION = re.compile(r"^### (\S+)$(.*?)(?=^##)", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| (`[^|]+`) \| (.+) \|$", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
SUFFIXES = (".c", ".h", ".py", ".pyi")
FOLDERS = ("csrc", "pglite_native", "vendor", "tools")
# A file of ours that is named in passing, in a comment say.
OURS = ("bench", "csrc", "docs", "examples", "pglite_native", "tests", "tools", "vendor")
MENTION = re.compile(rf"(?<![\w/.-])(?:{'|'.join(OURS)})/[\w/-]+\.(?:c|h|md|py|toml|wat)\b")


def rows() -> Iterator[tuple[str, list[str]]]:
    """Each row of the page's lists: its folder, and the files it is about."""
    for folder, text in SECTION.findall(ARCHITECTURE.read_text(encoding="utf-8")):
        for files, _sentence in ROW.findall(text):
            yield folder, [f"{folder}/{name}" for name in re.findall(r"`([^`]+)`", files)]


def test_every_file_is_in_one_row_of_the_architecture_page() -> None:
    described = Counter(name for _, files in rows() for name in files)
    there = Counter(
        str(path.relative_to(ROOT))
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.suffix in SUFFIXES
    )
    assert there - described == Counter()
    assert described - there == Counter()


def test_a_row_is_about_one_unit() -> None:
    """A file, or a source with its header."""
    for _, files in rows():
        assert len({Path(name).stem for name in files}) == 1
        assert len({Path(name).suffix for name in files}) == len(files) <= 2


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    dead = [
        link
        for link in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / link).exists()
    ]
    assert dead == []


def test_files_named_in_passing_are_there() -> None:
    sources = [path for folder in OURS for path in (ROOT / folder).rglob("*")]
    texts = {
        path: path.read_text(encoding="utf-8")
        for path in [*sources, *PAGES, ROOT / "Makefile"]
        if path.name == "Makefile" or path.suffix in (*SUFFIXES, ".md", ".toml", ".wat")
    }
    assert {
        str(path): missing
        for path, text in texts.items()
        if (missing := [name for name in MENTION.findall(text) if not (ROOT / name).exists()])
    } == {}

"""The pages name what there is: each file in the architecture page, no dead link."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools import ROOT, architecture, reference

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("vendor/*.md")])
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
# A file of ours that is named in passing, in a comment say.
OURS = ("bench", "csrc", "docs", "examples", "pglite_native", "tests", "tools", "vendor")
MENTION = re.compile(rf"(?<![\w/.-])(?:{'|'.join(OURS)})/[\w/-]+\.(?:c|h|md|py|toml|wat)\b")


def test_the_architecture_page_says_of_each_file_what_the_file_says() -> None:
    """`make docs` writes the tables."""
    page = architecture.PAGE.read_text(encoding="utf-8")
    assert page == architecture.render(page)


def test_every_folder_has_a_section_of_the_architecture_page() -> None:
    sections = architecture.HEADING.findall(architecture.PAGE.read_text(encoding="utf-8"))
    folders = (folder for name in architecture.FOLDERS for folder in (ROOT / name).rglob("*/"))
    described = {
        str(folder.relative_to(ROOT))
        for folder in (*folders, *map(ROOT.joinpath, architecture.FOLDERS))
        if any(path.suffix in architecture.SUFFIXES for path in folder.glob("*"))
    }
    # The tiers stand with what is common to them.
    # The resources are made; what of them is C is a copy.
    made = {"pglite_native/resources"}
    assert described - set(sections) - made == {"csrc/guest/aot", "csrc/guest/wasm3"}


def test_the_reference_says_what_the_docstrings_say() -> None:
    assert reference.PAGE.read_text(encoding="utf-8") == reference.render()


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
        if path.name == "Makefile"
        or path.suffix in (*architecture.SUFFIXES, ".md", ".toml", ".wat")
    }
    assert {
        str(path): missing
        for path, text in texts.items()
        if (missing := [name for name in MENTION.findall(text) if not (ROOT / name).exists()])
    } == {}


def test_the_index_lists_every_page() -> None:
    index = ROOT / "docs" / "README.md"
    listed = set(LINK.findall(index.read_text(encoding="utf-8")))
    assert {page.name for page in (ROOT / "docs").glob("*.md")} - listed == {index.name}

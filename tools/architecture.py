"""Write the file tables of docs/ARCHITECTURE.md, by what each file says of itself first.

python -m tools.architecture
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tools import ROOT

PAGE = ROOT / "docs" / "ARCHITECTURE.md"
FOLDERS = ("csrc", "pglite_native", "vendor", "tools")
SUFFIXES = (".c", ".cpp", ".h", ".py", ".pyi")
HEADING = re.compile(r"^### (\S+)$", re.MULTILINE)
TABLE = re.compile(r"^\| file \| \|\n\|---\|---\|\n(?:\|.*\n)*", re.MULTILINE)
C_COMMENT = re.compile(r"\A/\*(.*?)\*/", re.DOTALL)
SENTENCE_END = re.compile(r"(?<=[.?])(?=\s|$)")


def first_sentence(path: Path) -> str:
    """Return what a file says of itself: the first sentence of its first comment, on one line.

    Raises:
        ValueError: the file does not begin with a comment.
    """
    text = path.read_text(encoding="utf-8")
    if path.suffix in (".py", ".pyi"):
        comment = ast.get_docstring(ast.parse(text))
    else:
        match = C_COMMENT.match(text)
        comment = match and re.sub(r"^ ?\*", "", match[1], flags=re.MULTILINE)
    if not comment:
        raise ValueError(
            f"{path.relative_to(ROOT)} does not begin with a comment that describes it"
        )
    paragraph = " ".join(comment.strip().split("\n\n")[0].split())
    sentence = SENTENCE_END.split(paragraph)[0].rstrip(":.")
    return sentence[:1].upper() + sentence[1:] + ("" if sentence.endswith("?") else ".")


def files(folder: str, sections: list[str]) -> Iterator[list[Path]]:
    """Each file of a folder, or header with its source, that belongs to no other section."""
    units: dict[Path, list[Path]] = {}
    for path in sorted((ROOT / folder).rglob("*")):
        parents = map(str, path.relative_to(ROOT).parents)
        section = next((parent for parent in parents if parent in sections), None)
        if path.suffix in SUFFIXES and section == folder:
            units.setdefault(path.with_suffix(""), []).append(path)
    for _, unit in sorted(units.items(), key=lambda item: (len(item[0].parts), item[0])):
        yield sorted(unit, key=lambda path: path.suffix, reverse=True)  # a header comes first


def table(folder: str, sections: list[str]) -> str:
    rows = [
        f"| {', '.join(f'`{path.relative_to(ROOT / folder)}`' for path in unit)} "
        f"| {first_sentence(unit[0])} |\n"
        for unit in files(folder, sections)
    ]
    return "".join(["| file | |\n|---|---|\n", *rows])


def render(page: str) -> str:
    """Return the page with its tables made anew; what stands around them is kept."""
    parts = HEADING.split(page)
    sections = parts[1::2]
    for index, folder in enumerate(sections):
        text = parts[2 * index + 2]
        parts[2 * index + 2] = TABLE.sub(lambda _, folder=folder: table(folder, sections), text, 1)
    return parts[0] + "".join(
        f"### {name}{text}" for name, text in zip(sections, parts[2::2], strict=True)
    )


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

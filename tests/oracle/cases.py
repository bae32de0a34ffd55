"""Reads the corpus: what to send, and how far to read the answer.

`corpus/*.sql`: a line `--- name` starts a case; a paragraph is one Query message, so statements
without a blank line between them travel together, in one implicit transaction.

`corpus/*.script`: a line `--- name` starts a case, `-- …` is a comment. Every other line is one
message: the name of a function in wire.py and its arguments as Python literals; a line that starts
with a space continues the one before. `raw b"…"` is bytes as they are. A line `<- ZZ` ends a
step: what stands above it is sent, and the answer goes up to two ReadyForQuery; any kinds can be
awaited, in their order. `<-` alone awaits nothing, `<- EOF` the end of the connection.

Each case starts from the database that initdb made: test_oracle.py sees to it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests import wire

CORPUS = Path(__file__).parent / "corpus"

_BUILDERS = {
    name: getattr(wire, name)
    for name in (
        "bind",
        "close",
        "copy_data",
        "copy_done",
        "copy_fail",
        "describe",
        "execute",
        "extended",
        "flush",
        "function_call",
        "message",
        "parse",
        "query",
        "startup",
        "sync",
        "terminate",
    )
}
_BUILDERS["raw"] = bytes


class Step(NamedTuple):
    """`until`: the kinds of message to read up to, None for the end of the connection."""

    data: bytes
    until: str | None


class Case(NamedTuple):
    name: str
    steps: tuple[Step, ...]


def read_corpus(pattern: str = "*") -> list[Case]:
    cases = [case for path in sorted(CORPUS.glob(pattern)) for case in _read(path)]
    names = [case.name for case in cases]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise ValueError(f"case names used twice: {sorted(repeated)}")
    return cases


def _read(path: Path) -> Iterator[Case]:
    steps_of = {".sql": _queries, ".script": _messages}[path.suffix]
    sections = re.split(r"^--- +(\S+)\n", path.read_text("utf-8"), flags=re.MULTILINE)
    for name, body in zip(sections[1::2], sections[2::2], strict=True):
        yield Case(f"{path.stem}/{name}", tuple(steps_of(body)))


def _queries(body: str) -> Iterator[Step]:
    for paragraph in re.split(r"\n{2,}", body.strip("\n")):
        yield Step(wire.query(paragraph), "Z")


def _messages(body: str) -> Iterator[Step]:
    data = b""
    for line in re.sub(r"\n +", " ", body).splitlines():
        if not line or line.startswith("-- "):
            continue
        word, _, rest = line.partition(" ")
        if word == "<-":
            yield Step(data, None if rest == "EOF" else rest)
            data = b""
        else:
            data += _BUILDERS[word](*ast.literal_eval(f"({rest},)" if rest else "()"))
    if data:
        raise ValueError(f"a script ends without awaiting its answer: {data!r}")

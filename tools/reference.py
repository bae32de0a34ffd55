"""Write docs/REFERENCE.md: every public class and function, by its signature and docstring.

python -m tools.reference
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from textwrap import indent
from types import FunctionType, MethodType, ModuleType
from typing import Any

import pglite_native
import pglite_native.extensions
import pglite_native.pytest_plugin.factories
from tools import ROOT

PAGE = ROOT / "docs" / "REFERENCE.md"
HEAD = """\
# Reference

`make docs` writes this page from the docstrings. [The guides](README.md) show how to use the parts.
"""
EXAMPLE = re.compile(r"^>>> .*(?:\n.+)*", re.MULTILINE)  # a doctest ends at an empty line
MODULES: tuple[tuple[ModuleType, tuple[str, ...]], ...] = (
    (pglite_native, tuple(pglite_native.__all__)),
    (pglite_native.extensions, tuple(pglite_native.extensions.__all__)),
    (pglite_native.pytest_plugin.factories, tuple(pglite_native.pytest_plugin.factories.__all__)),
)


def signature(name: str, item: Any) -> str:
    """Return a call as it is written, without the types: the docstring has them in words.

    A parameter of type Never takes what is wrong, to say what is right.
    """
    parameters = inspect.signature(item).parameters.values()
    meant = [parameter for parameter in parameters if parameter.annotation != "Never"]
    shown = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in meant]
    shown = [parameter for parameter in shown if parameter.name not in ("self", "cls")]
    return f"{name}{inspect.Signature(shown)}"


def docstring(item: Any) -> str:
    """Return a docstring as Markdown: examples become code, headings of sections bold."""
    text = EXAMPLE.sub(lambda match: indent(match[0], "    "), inspect.getdoc(item) or "")
    for section in ("Args", "Returns", "Raises", "Yields"):
        text = text.replace(f"\n{section}:\n", f"\n**{section}:**\n\n")
    return text


def members(owner: type) -> Iterator[tuple[str, Any]]:
    """The public methods and properties of a class, those it inherits from ours among them."""
    for name, item in inspect.getmembers(owner):
        defined_in = next((base for base in owner.__mro__ if name in vars(base)), object)
        is_ours = defined_in.__module__.startswith(pglite_native.__name__)
        is_public = is_ours and not name.startswith("_")
        if is_public and isinstance(item, (FunctionType, MethodType, property)):
            yield name, item


def entry(module: ModuleType, name: str) -> Iterator[str]:
    item = getattr(module, name)
    yield f"### {module.__name__}.{name}\n"
    if not inspect.isclass(item):
        if callable(item):  # or a constant
            yield f"    {signature(name, item)}\n"
        yield docstring(item)
        return
    yield docstring(item)
    for member, value in members(item):
        heading = member if isinstance(value, property) else signature(member, value)
        yield f"#### `{name}.{heading}`\n"
        yield docstring(value)


def render() -> str:
    parts = [HEAD]
    for module, names in MODULES:
        parts.append(f"## {module.__name__}\n")
        for name in names:
            parts += entry(module, name)
    return "\n".join(part.rstrip() + "\n" for part in parts if part.strip())


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")

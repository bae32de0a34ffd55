"""What a link has added to its base, cut out of the result as a module of its own.

The base's functions are the same in both, so code that was made of the base serves the result, too;
what it lacks are the functions behind them. In the part these keep everything they refer to: types,
globals and the table have the numbers they have in the result. Functions of the base that they call
are imports, behind the host's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from . import leb128
from .decoder import decode
from .encoder import encode
from .errors import LinkError
from .instructions import IndexMap, references, rewrite
from .module import Custom, Elements, Import, Kind, Module, Section
from .startup import NOWHERE, run

BASE = "base"  # what the imported functions of the base are imported from
SECTION = "link_base"


@dataclass(frozen=True)
class Added:
    """What a link onto a module that has a build_id says of it, in a custom section."""

    base_id: bytes
    first_function: int
    """The first function that is not the base's, in the result."""

    new_imports: int
    """Imports behind the base's own: so far have its functions moved up."""

    first_element: int
    """The first element of the table behind the base's."""

    def section(self) -> Custom:
        numbers = (self.first_function, self.new_imports, self.first_element)
        content = leb128.unsigned(len(self.base_id)) + self.base_id
        content += b"".join(map(leb128.unsigned, numbers))
        return Custom(SECTION, content, Section.CUSTOM)


@dataclass(frozen=True)
class Place:
    """Where code of the base is found: an exported function of that index, or an element."""

    number: int
    is_element: bool


@dataclass(frozen=True)
class Part:
    """The module that was cut out, and what it is a part of."""

    binary: bytes
    first_function: int
    first_element: int
    links: list[Place]
    """Of each imported function of the base, by the base's own numbers."""


def read_added(module: Module) -> Added | None:
    """Return what the module was linked onto; None if that had no build_id."""
    content = module.custom(SECTION)
    if content is None:
        return None
    size, position = leb128.read_unsigned(content, 0)
    base_id = content[position : position + size]
    position += size
    numbers = []
    for _ in range(3):
        number, position = leb128.read_unsigned(content, position)
        numbers.append(number)
    return Added(base_id, *numbers)


def cut(binary: bytes) -> Part | None:
    """Cut out what the last link has added; None if that was no function.

    Raises:
        LinkError: it was not linked onto a module with a build_id, or changes what that has.
    """
    module = decode(binary)
    added = read_added(module)
    if added is None:
        raise LinkError("it was not linked onto a module that has a build_id")
    imported = len(module.imported(Kind.FUNCTION))
    own = added.first_function - imported  # defined functions of the base
    code = module.code[own:]
    if not code:
        return None
    segments = [
        (run(segment.offset, [], NOWHERE), segment)
        for segment in module.elements
        if run(segment.offset, [], NOWHERE) >= added.first_element
    ]
    needed = references(code).functions
    needed.update(function for _, segment in segments for function in segment.functions)
    base = sorted(index for index in needed if imported <= index < added.first_function)
    functions = [0] * (added.first_function + len(code))
    functions[:imported] = range(imported)
    for number, index in enumerate(base):
        functions[index] = imported + number
    first = imported + len(base)
    functions[added.first_function :] = range(first, first + len(code))
    same = range(len(module.types)), range(len(module.globals))
    indices = IndexMap(functions, *same)
    types = module.function_types()
    part = Module(
        types=module.types,
        imports=[
            *(item for item in module.imports if item.kind == Kind.FUNCTION),
            *(Import(BASE, str(index), Kind.FUNCTION, types[index]) for index in base),
            *(item for item in module.imports if item.kind != Kind.FUNCTION),
        ],
        functions=module.functions[own:],
        tables=module.tables,
        memories=module.memories,
        globals=module.globals,
        exports=[
            replace(item, index=functions[item.index])
            for item in module.exports
            if item.kind == Kind.FUNCTION and item.index >= added.first_function
        ],
        elements=[
            Elements(segment.offset, [functions[index] for index in segment.functions])
            for _, segment in segments
        ],
        code=[rewrite(body, indices) for body in code],
        customs=[item for item in module.customs if item.name == "build_id"],
    )
    links = _places(module, added, base)
    return Part(encode(part), added.first_function, added.first_element, links)


def _places(module: Module, added: Added, functions: list[int]) -> list[Place]:
    exported = {item.index for item in module.exports if item.kind == Kind.FUNCTION}
    elements: dict[int, int] = {}
    for segment in module.elements:
        for place, index in enumerate(segment.functions, run(segment.offset, [], NOWHERE)):
            if place < added.first_element:
                elements.setdefault(index, place)
    places = []
    for index in functions:
        if index in elements and index not in exported:
            places.append(Place(elements[index], is_element=True))
        else:
            # What runs the base's constructors was exported, by a name that is another's now.
            places.append(Place(index - added.new_imports, is_element=False))
    return places

"""The function table of the result: which function is at which index."""

from __future__ import annotations

from collections.abc import Sequence

from .instructions import i32_const_expression
from .module import Elements


class FunctionTable:
    """Gives each function one place, so that pointers to it are equal in all modules."""

    def __init__(self, size: int, slots: dict[int, int]) -> None:
        self.size = size
        self._slots = slots
        self._first_new = size
        self._new: list[int] = []

    def adopt(self, first: int, functions: Sequence[int]) -> Elements:
        """Take over a module's own element segment."""
        for slot, function in enumerate(functions, first):
            self._slots.setdefault(function, slot)
        return Elements(i32_const_expression(first), list(functions))

    def slot(self, function: int) -> int:
        """The place of a function, a new one if it has none yet."""
        if function not in self._slots:
            self._slots[function] = self.size
            self._new.append(function)
            self.size += 1
        return self._slots[function]

    def new_elements(self) -> list[Elements]:
        """The segment that fills all new places."""
        return [Elements(i32_const_expression(self._first_new), self._new)] if self._new else []

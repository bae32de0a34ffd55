"""Ends that no interrupt can take away: csrc/python/closing.c."""

from typing import Any

from typing_extensions import Self

class Closing:
    """What a `with` block ends, by calling `_leave`, which must bear being called again."""

    def __enter__(self) -> Self: ...
    def __exit__(self, kind: type[BaseException] | None = ..., *_: object) -> None: ...
    def _leave(self, kind: type[BaseException] | None) -> None: ...

class Dropping(Closing):
    """The same, and it is ended when it is dropped."""

class Owner:
    """Calls a function of C's for a variable, by their addresses, as it goes."""

    def __new__(cls, variable: Any, address: int, drop: int, /) -> Self: ...
    @property
    def variable(self) -> Any: ...

"""What lives in one process, and is neither pickled nor copied by the module copy."""

from __future__ import annotations

from typing import ClassVar, NoReturn


class Uncopied:
    """A base class that says what to do instead, where Python would name a lock of ours."""

    _instead: ClassVar[str]

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(
            f"a {type(self).__name__} is neither pickled nor copied by copy(): {self._instead}"
        )

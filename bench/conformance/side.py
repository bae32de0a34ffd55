"""A server that tests are run on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType


class Side(ABC):
    """In a `with` it runs; `dsn` and `files` are there from then on."""

    name: str
    dsn: str
    files: str
    """What the server calls the folder with the tests' files."""

    @abstractmethod
    def __enter__(self) -> Side: ...

    @abstractmethod
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    @abstractmethod
    def renew(self) -> None:
        """Have an empty database in place of the one there is."""

    @abstractmethod
    def recover(self, *, keep_database: bool) -> None:
        """Be as good as new after a test that has not come to its end."""


class Given(Side):
    """Somebody else's server, of which nothing is made or ended."""

    name = "the server given"

    def __init__(self, dsn: str, files: str) -> None:
        self.dsn = dsn
        self.files = files

    def __enter__(self) -> Given:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def renew(self) -> None:
        pass

    def recover(self, *, keep_database: bool) -> None:
        pass

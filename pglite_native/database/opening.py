"""What is opened by `await`, or in `async with`, as the caller likes."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from contextlib import AbstractAsyncContextManager
from functools import wraps
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Opened = TypeVar("Opened", bound=AbstractAsyncContextManager[Any, Any])


class Opening(Coroutine[Any, Any, Opened]):
    """A coroutine whose result is a context manager, and which is one itself.

    >>> async with db.clone() as clone: ...
    >>> async with await db.clone() as clone: ...
    >>> clone = await db.clone()

    It can be a task, as every coroutine, and Python warns where it is never awaited.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, Opened]) -> None:
        self._coroutine = coroutine

    def send(self, value: Any) -> Any:
        return self._coroutine.send(value)

    def throw(self, *error: Any) -> Any:
        return self._coroutine.throw(*error)

    def close(self) -> None:
        self._coroutine.close()

    def __await__(self) -> Generator[Any, Any, Opened]:
        return self._coroutine.__await__()

    async def __aenter__(self) -> Opened:
        self._opened = await self._coroutine
        entered: Opened = await self._opened.__aenter__()
        return entered

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._opened.__aexit__(kind, error, traceback)


def opening(
    method: Callable[Parameters, Coroutine[Any, Any, Opened]],
) -> Callable[Parameters, Opening[Opened]]:
    """Make a coroutine's function return an Opening."""

    @wraps(method)
    def open_(*arguments: Parameters.args, **options: Parameters.kwargs) -> Opening[Opened]:
        return Opening(method(*arguments, **options))

    return open_

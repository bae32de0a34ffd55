"""Where the shell's lines come from: a pipe, readline, or prompt_toolkit where it is installed."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from prompt_toolkit.completion import CompleteEvent, Completion
    from prompt_toolkit.document import Document

HISTORY_MAX = 1000
# Where words begin, for completion: a schema's name and a table's are one word.
DELIMITERS = " \t\n()[]{},;=<>+-*/|'"

Complete = Callable[[str, str], Iterable[str]]
"""Words that continue one, of which there is the beginning; and the line before it."""


class Lines(Protocol):
    """A source of lines."""

    def read(self, prompt: str) -> str:
        """Return the next line.

        Raises:
            EOFError: there is none: Ctrl-D.
            KeyboardInterrupt: Ctrl-C.
        """


def history_file() -> Path:
    """Return where lines are remembered, in the directory of the user's state."""
    folder = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return Path(folder, "pglite-native", "history")


@contextlib.contextmanager
def opened(complete: Complete) -> Iterator[Lines]:
    """The best source there is for the standard input."""
    if not sys.stdin.isatty():
        yield Pipe()
        return
    if os.environ.get("TERM") not in (None, "dumb"):
        with contextlib.suppress(ImportError):
            import prompt_toolkit  # noqa: F401

            yield Toolkit(complete)
            return
    with _readline(complete):
        yield Terminal()


class Pipe:
    """The standard input as it is."""

    def read(self, prompt: str) -> str:
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.rstrip("\n")


class Terminal:
    """Python's own way, which readline improves on where Python has it."""

    def read(self, prompt: str) -> str:
        return input(prompt)


class Toolkit:
    """prompt_toolkit: editing, history by the beginning of a line, completions in a menu."""

    def __init__(self, complete: Complete) -> None:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.completion import Completer, Completion
        from prompt_toolkit.history import History

        class Words(Completer):
            def get_completions(
                self, document: Document, complete_event: CompleteEvent
            ) -> Iterable[Completion]:
                line = document.text_before_cursor
                word = _last_word(line)
                for found in complete(word, line[: len(line) - len(word)]):
                    yield Completion(found, start_position=-len(word))

        class Remembered(History):
            """The file that readline has, too."""

            def load_history_strings(self) -> Iterable[str]:
                with contextlib.suppress(OSError):
                    lines = history_file().read_text(encoding="utf-8").splitlines()
                    return reversed(lines[-HISTORY_MAX:])
                return []

            def store_string(self, string: str) -> None:
                with contextlib.suppress(OSError):
                    history_file().parent.mkdir(parents=True, exist_ok=True)
                    with history_file().open("a", encoding="utf-8") as file:
                        file.write(f"{string}\n")

        self._session: PromptSession[str] = PromptSession(
            history=Remembered(),
            completer=Words(),
            complete_while_typing=False,
            enable_history_search=True,
        )

    def read(self, prompt: str) -> str:
        return self._session.prompt(prompt)


def _last_word(line: str) -> str:
    begin = max((line.rfind(delimiter) for delimiter in DELIMITERS), default=-1)
    return line[begin + 1 :]


@contextlib.contextmanager
def _readline(complete: Complete) -> Iterator[None]:
    """Have readline edit lines, and remember them from one time to the next."""
    try:
        import readline
    except ImportError:  # Some Pythons are built without it: input() works without it, too
        yield
        return
    path = history_file()
    with contextlib.suppress(OSError):
        readline.read_history_file(path)
    readline.set_history_length(HISTORY_MAX)
    readline.set_completer_delims(DELIMITERS)
    readline.set_completer(_states(complete, readline))
    readline.parse_and_bind("tab: complete")
    try:
        yield
    finally:
        readline.set_completer(None)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(path)


def _states(complete: Complete, readline: Any) -> Callable[[str, int], str | None]:
    """readline asks for one completion after the other."""
    found: list[str] = []

    def completer(word: str, state: int) -> str | None:
        if state == 0:
            before = readline.get_line_buffer()[: readline.get_begidx()]
            found[:] = complete(word, before)
        return found[state] if state < len(found) else None

    return completer

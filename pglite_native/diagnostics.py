"""What PostgreSQL says of an error or a notice.

Reference: PostgreSQL documentation, "Error and Notice Message Fields".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn, Protocol


class _HasFields(Protocol):
    fields: Mapping[str, str]


class _Text:
    """A field by its letter in the message; None where PostgreSQL does not say."""

    def __init__(self, letter: str) -> None:
        self._letter = letter

    def __get__(self, instance: _HasFields, owner: type) -> str | None:
        return instance.fields.get(self._letter)


class _Number:
    """Likewise, as a number."""

    def __init__(self, letter: str) -> None:
        self._letter = letter

    def __get__(self, instance: _HasFields, owner: type) -> int | None:
        value = instance.fields.get(self._letter)
        return None if value is None else int(value)


class Diagnostic:
    """The fields of an error or a notice; each is None where PostgreSQL does not say.

    `position` counts characters of the statement, from 1; `internal_position` those of
    `internal_query`, a statement that a function ran. `fields` has all of them by their letters.
    """

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = fields

    if not TYPE_CHECKING:  # to whom names that are wrong are errors already

        def __getattr__(self, name: str) -> NoReturn:
            from pglite_native import guesses  # only for those who have made a mistake

            raise guesses.unknown(self, name, guesses.OF_ERRORS)

    @property
    def severity(self) -> str:
        """ERROR, FATAL, PANIC; WARNING, NOTICE, DEBUG, INFO or LOG. Never translated."""
        return self.fields["V"]

    @property
    def sqlstate(self) -> str:
        """The five characters of PostgreSQL's appendix "Error Codes"."""
        return self.fields["C"]

    @property
    def message(self) -> str:
        """The one line that says what is the matter."""
        return self.fields["M"]

    detail = _Text("D")
    hint = _Text("H")
    position = _Number("P")
    internal_position = _Number("p")
    internal_query = _Text("q")
    where = _Text("W")
    schema = _Text("s")
    table = _Text("t")
    column = _Text("c")
    data_type = _Text("d")
    constraint = _Text("n")
    file = _Text("F")
    line = _Number("L")
    routine = _Text("R")


class Notice(Diagnostic):
    """A notice or a warning."""

    def __str__(self) -> str:
        return f"{self.severity}: {self.message}"

    def __repr__(self) -> str:
        return f"<Notice {str(self)!r}>"

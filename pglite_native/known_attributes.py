"""What can be set of an object: the attributes that it has, and none that is misspelt."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar


class KnownAttributes:
    """A base class that refuses to set public attributes which nothing would read.

    It is for classes that say themselves what can be set; a subclass of the user's has what
    attributes it likes.
    """

    _settable: ClassVar[frozenset[str]]
    """The public attributes of objects, in addition to those of the class."""

    if not TYPE_CHECKING:  # to whom names that are wrong are errors already

        def __setattr__(self, name: str, value: object) -> None:
            if name[0] != "_" and not hasattr(type(self), name):
                settable = type(self).__dict__.get("_settable")
                if settable is not None and name not in settable:
                    from pglite_native import guesses  # only for those who have made a mistake

                    raise guesses.unsettable(self, name, settable)
            super().__setattr__(name, value)

"""Extensions that are added to the guest on the user's machine: docs/EXTENSIONS.md."""

from pglite_native.extensions.adding import add, added, provide, remove, why_interpreted

__all__ = ["add", "added", "provide", "remove", "why_interpreted"]

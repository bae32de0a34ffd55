"""Extensions that are added to the guest on the user's machine: docs/EXTENSIONS.md."""

from pglite_native.extensions.adding import add, added, remove, why_interpreted
from pglite_native.extensions.published import PINS as PUBLISHED

__all__ = ["PUBLISHED", "add", "added", "remove", "why_interpreted"]

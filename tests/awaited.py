"""Marks of tests that wait for something in C."""

from __future__ import annotations

import pytest

# Coming back in the middle of a message, pgn_serve forgets where in it the stream is.
FRAMING = pytest.mark.xfail(strict=False, reason="pgn_serve remembers the framing")
# On a served connection a second startup packet must not log in anew, as anybody.
SECOND_LOGIN = pytest.mark.xfail(strict=False, reason="pgn_serve refuses startup packets")

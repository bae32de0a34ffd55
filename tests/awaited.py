"""Marks of tests that wait for something in C."""

from __future__ import annotations

import pytest

# An idle client hears of notifications, timeouts and its termination at once.
PUSHES = pytest.mark.xfail(strict=False, reason="pgn_serve pushes")
# Sessions of any database and any role: open_session(database=..., user=...).
DATABASES = pytest.mark.xfail(strict=False, reason="sessions of any database")
# Snapshots of a cluster in which sessions are, or have been, open.
SNAPSHOTS = pytest.mark.xfail(strict=False, reason="snapshots of clusters with sessions")

"""node-postgres: its whole conversation is in node/conversation.mjs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest

from tests.clients.compatibility import Client
from tests.clients.installing import NODE_PROJECT, node_postgres
from tests.clients.place import DATABASE, USER, Place

LOCK = json.loads((NODE_PROJECT / "package-lock.json").read_text(encoding="utf-8"))
CLIENT = Client("node-postgres", LOCK["packages"]["node_modules/pg"]["version"])


@pytest.fixture(autouse=True)
def record() -> None:
    """The test notes each part of the conversation instead of itself."""


def test_conversation(place: Place, note: Callable[[str], None]) -> None:
    try:
        project = node_postgres()
    except pytest.skip.Exception:
        note("")
        raise
    how = {
        "host": place.host,
        "port": place.port,
        "user": USER,
        "password": place.password,
        "database": DATABASE,
        "authority": place.authority and place.authority.read_text(),
    }
    # By standard input, as node looks for packages beside where a module is.
    ran = subprocess.run(
        ["node", "--input-type=module", "-", json.dumps(how)],
        input=(NODE_PROJECT / "conversation.mjs").read_text(encoding="utf-8"),
        cwd=project,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    behaviours = ran.stdout.splitlines()
    assert behaviours
    for behaviour in behaviours:
        note(behaviour)

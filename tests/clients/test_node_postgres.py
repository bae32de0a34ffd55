"""node-postgres: its whole conversation is in node/conversation.mjs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest

from tests.clients.compatibility import RECORD, Client, Ran, encode
from tests.clients.installing import NODE_PROJECT, node_postgres
from tests.clients.place import DATABASE, USER, Place

LOCK = json.loads((NODE_PROJECT / "package-lock.json").read_text(encoding="utf-8"))
CLIENT = Client("node-postgres", LOCK["packages"]["node_modules/pg"]["version"])


@pytest.fixture(autouse=True)
def record() -> None:
    """Instead of one record for the test, it leaves one for each part of the conversation."""


def test_conversation(place: Place, record_property: Callable[[str, object], None]) -> None:
    def record(behaviour: str) -> None:
        record_property(
            RECORD, encode(Ran(CLIENT.name, CLIENT.version, place.transport, behaviour))
        )

    try:
        project = node_postgres()
    except pytest.skip.Exception:
        record("")
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
        record(behaviour)

"""The JDBC driver: its whole conversation is in java/Conversation.java.

For machines that have it: Java, and the driver in Maven's local repository.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.compatibility import Client
from tests.clients.place import DATABASE, PASSWORD, Place

CONVERSATION = Path(__file__).parent / "java" / "Conversation.java"
DRIVERS = sorted(Path.home().glob(".m2/repository/org/postgresql/postgresql/*/postgresql-*.jar"))
CLIENT = Client("JDBC driver", DRIVERS[-1].parent.name if DRIVERS else "0")


@pytest.fixture(params=["tcp", "tls"])
def place(request: pytest.FixtureRequest) -> Place:
    """Java knows no Unix sockets."""
    place: Place = request.getfixturevalue(request.param)
    return place


@pytest.fixture(autouse=True)
def record() -> None:
    """The test notes each part of the conversation instead of itself."""


def test_conversation(place: Place, note: Callable[[str], None]) -> None:
    if not DRIVERS or shutil.which("javac") is None:
        note("")
        pytest.skip("no Java, or no JDBC driver in Maven's local repository")
    url = f"jdbc:postgresql://{place.host}:{place.port}/{DATABASE}?sslmode=disable"
    if place.authority is not None:
        url = url.replace("disable", f"verify-full&sslrootcert={place.authority}")
    # For one short run the first compiler, without the second, is the faster one.
    java = ["java", "-XX:TieredStopAtLevel=1", "-cp", str(DRIVERS[-1]), str(CONVERSATION), url]
    ran = subprocess.run(java, input=PASSWORD, capture_output=True, encoding="utf-8", timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    behaviours = ran.stdout.splitlines()
    assert behaviours
    for behaviour in behaviours:
        note(behaviour)

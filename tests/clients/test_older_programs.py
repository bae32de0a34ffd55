"""psql as the system has it, where that is another version than the guest's."""

from __future__ import annotations

import shutil

import pytest

from tests.clients import programs
from tests.clients.compatibility import Client
from tests.clients.place import Place

FOUND = shutil.which("psql")
CLIENT = Client("psql, an older one", programs.version(FOUND) if FOUND else "0")


@pytest.fixture(autouse=True)
def psql(record: None) -> str:
    if FOUND is None or CLIENT.version.split(".")[0] == programs.version("psql").split(".")[0]:
        pytest.skip("no psql of another version on this machine")
    return FOUND


def test_queries(place: Place, psql: str) -> None:
    options = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
    script = "create table t (a int);\n\\copy t from stdin\n3\n\\.\ntable t;\n"
    assert programs.run(psql, *options, stdin=script, environment=place.environment()) == "3\n"


def test_descriptions(place: Place, psql: str) -> None:
    script = "create table t (a int primary key);\n\\d t\n"
    shown = programs.run(psql, "-X", "-q", "-A", stdin=script, environment=place.environment())
    assert '"t_pkey" PRIMARY KEY, btree (a)' in shown


def test_pg_dump_says_that_it_is_too_old(place: Place, psql: str) -> None:
    older = shutil.which("pg_dump")
    if older is None:
        pytest.skip("psql without pg_dump")
    said = programs.run(older, environment=place.environment(), status=1)
    assert "aborting because of server version mismatch" in said

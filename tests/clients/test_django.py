"""Django: the commands and the tests of a small project, as its author runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.clients.compatibility import Client
from tests.clients.place import Place

CLIENT = Client("Django on psycopg", version("django"))

PROJECT = Path(__file__).parent / "django_project"


def run(place: Place, database: str, *arguments: str) -> str:
    """What a program in Python prints that uses the project."""
    environment = {**os.environ, **place.environment(database)}
    environment |= {"PYTHONPATH": str(PROJECT), "DJANGO_SETTINGS_MODULE": "settings"}
    ran = subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


def test_migrations(place: Place) -> None:
    shown = run(place, f"scratch_django_{place.transport.split()[0]}", "migrating.py")
    for said in (
        "Applying shop.m0001_initial... OK",
        "Applying shop.m0002_grown... OK",
        "No changes detected",
        "the name is 'Ada'",
        "Unapplying shop.m0001_initial... OK",
    ):
        assert said in shown


@pytest.mark.parametrize("options", [(), ("--parallel", "2")], ids=["alone", "parallel"])
def test_the_projects_own_tests(served: Place, options: tuple[str, ...]) -> None:
    """By Django's runner, which makes databases, clones them for processes, and drops them."""
    shown = run(served, "postgres", "-m", "django", "test", "--no-input", *options)
    assert "Creating test database" in shown and "Destroying test database" in shown
    assert "Ran 10 tests" in shown
    assert "\nOK\n" in shown

"""docs/QUICKSTART.md, followed by a new user: an empty folder, a new environment, its own words."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tools import ROOT

pytestmark = pytest.mark.long

PAGE = (ROOT / "docs" / "QUICKSTART.md").read_text(encoding="utf-8")
BLOCKS: list[tuple[str, str, str]] = re.findall(
    r"^```(\w+)(?: (\w+))?\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL
)
INSTALL, ASK, TEST = (text for language, use, text in BLOCKS if language == "sh" and not use)
(SERVE,) = (text for language, use, text in BLOCKS if use == "serve")
PRINTED, PASSED = (text for language, _, text in BLOCKS if language == "text")


def text_of(language: str, use: str = "") -> str:
    (text,) = (block for name, purpose, block in BLOCKS if (name, purpose) == (language, use))
    return text


@pytest.fixture(scope="module")
def folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the page's first step has been done."""
    folder = tmp_path_factory.mktemp("user")
    shell(INSTALL, folder, wheel.parent)
    return folder


def environment(wheels: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {**kept, "PIP_FIND_LINKS": str(wheels), "PIP_QUIET": "1"}


def shell(commands: str, folder: Path, wheels: Path) -> str:
    """Run commands in the folder; once there is an environment, in that."""
    activate = ". venv/bin/activate\n" if (folder / "venv").exists() else ""
    finished = subprocess.run(
        ["sh", "-euc", activate + commands],
        cwd=folder,
        env=environment(wheels),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return finished.stdout


def test_it_answers(folder: Path, wheel: Path) -> None:
    assert "PostgreSQL 18" in shell(ASK, folder, wheel.parent)
    (folder / "ask.py").write_text(text_of("python"))
    assert shell("python ask.py", folder, wheel.parent) == PRINTED


def test_tests_pass(folder: Path, wheel: Path) -> None:
    (folder / "schema.sql").write_text(text_of("sql"))
    (folder / "pytest.ini").write_text(text_of("ini"))
    (folder / "test_books.py").write_text(text_of("python", "test"))
    printed = shell(TEST, folder, wheel.parent)
    seconds = re.compile(r"in [\d.]+s")
    assert seconds.sub("", printed) == seconds.sub("", PASSED)


def test_it_serves(folder: Path, wheel: Path) -> None:
    server = subprocess.Popen(
        ["sh", "-euc", ". venv/bin/activate; exec " + SERVE],
        cwd=folder,
        env={**environment(wheel.parent), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout
    with server.stdout:
        assert "postgresql://" in server.stdout.readline()
        server.send_signal(signal.SIGTERM)
        server.stdout.read()
    assert server.wait() == 0

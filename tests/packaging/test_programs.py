"""Programs that are one file or folder, with the package in them: docs/PACKAGING.md."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipapp
import zipfile
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import pytest

from tools import ROOT

pytestmark = pytest.mark.long

PROGRAM = """
from pglite_native import PGlite

with PGlite() as db:
    db.exec("create extension vector")
    print(db.query("select 6 * 7 as answer").scalar(), db.engine.tier)
"""


UNUSED = ("django", "numpy", "pandas", "prompt_toolkit", "psycopg", "pytest", "sqlalchemy", "tqdm")
"""What the package imports where a program asks for it, and this program does not."""


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env={"HOME": "/nonexistent", **environment}, capture_output=True, text=True
    )


def test_pyinstaller_packs_what_is_needed(site: Path, tmp_path: Path) -> None:
    """By the hook in the wheel; also what C imports, and the guest that is compiled ahead."""
    (tmp_path / "app.py").write_text(PROGRAM)
    options = ["--onedir", "--noconfirm", "--log-level=ERROR", f"--paths={site}"]
    packed = subprocess.run(
        [sys.executable, "-m", "PyInstaller", *options, "app.py"],
        cwd=tmp_path,
        # Where the hook is found by the entry point of what is installed.
        env={**os.environ, "PYTHONPATH": str(site), "PYINSTALLER_CONFIG_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert packed.returncode == 0, packed.stderr
    analysis = next((tmp_path / "build").rglob("xref-app.html")).read_text()
    assert 'name="pglite_native"' in analysis
    assert [name for name in UNUSED if f'name="{name}"' in analysis] == []
    shutil.move(tmp_path / "dist" / "app", tmp_path / "elsewhere")
    shutil.rmtree(tmp_path / "build")
    done = run(tmp_path / "elsewhere" / "app")
    tier = "aot" if (site / "pglite_native" / "resources" / "pglite-aot.so").exists() else "wasm3"
    assert (done.stdout, done.stderr) == (f"42 {tier}\n", "")


def test_shiv_makes_the_command_one_file(site: Path, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    (tmp_path / "nothing" / "pyproject.toml").write_text("[project]\nname='nothing'\nversion='1'\n")
    command = [sys.executable, "-m", "shiv", "--console-script", "pglite-native"]
    command += ["--site-packages", str(site), "--output-file", "pglite.pyz"]
    # shiv wants something to install; what is to be run is there already.
    command += ["--no-deps", "--no-build-isolation", "--no-index", str(tmp_path / "nothing")]
    made = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    sql = ("sql", "--format", "csv", "select 42 as a")
    done = run(sys.executable, tmp_path / "pglite.pyz", *sql, SHIV_ROOT=str(tmp_path / "root"))
    assert (done.stdout, done.stderr) == ("a\n42\n", "")


def test_no_module_has_the_name_of_the_command_s_function() -> None:
    """shiv takes "package.module:function" for a module's name first."""
    (command,) = entry_points(group="console_scripts", name="pglite-native") or [None]
    value = "pglite_native.cli:main" if command is None else command.value
    with pytest.raises(ModuleNotFoundError):
        find_spec(f"{value.replace(':', '.')}.x")
    assert find_spec("pglite_native.cli.main") is None


def test_a_zipapp_says_what_to_do_instead(tmp_path: Path) -> None:
    folder = tmp_path / "app"
    shutil.copytree(
        ROOT / "pglite_native",
        folder / "pglite_native",
        ignore=shutil.ignore_patterns("resources", "__pycache__", "*.so"),
    )
    (folder / "__main__.py").write_text(PROGRAM)
    zipapp.create_archive(folder, tmp_path / "app.pyz")
    assert zipfile.is_zipfile(tmp_path / "app.pyz")
    done = run(sys.executable, tmp_path / "app.pyz")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ImportError: pglite_native cannot be used from a zip file (")
    assert "by shiv" in last and "docs/PACKAGING.md" in last

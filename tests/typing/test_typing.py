"""The package's types, as a type checker of a project that uses it sees them."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import pytest

import pglite_native
from pglite_native import Engine
from pglite_native.database.pglite import EngineOptions
from tests.distributions import install

SAMPLE = Path(__file__).with_name("sample")
MODULES = sorted(SAMPLE.glob("*.py"))

# Each line is wrong, and for no other reason than the one beside it.
WRONG = """\
from pglite_native import AsyncPGlite, Engine, PGlite

db = PGlite()
db.query(5)  # call-overload
db.query("select 1", row_mode="list")  # call-overload
db.query("select 1", blob=b"")  # call-overload
db.query("select 1").rows[0][0]  # index
db.query("select 1", row_mode="array").rows[0]["a"]  # call-overload
db.exec("select 1").rows  # attr-defined
db.copy_to("copy t to stdout").read()  # attr-defined
db.copy_from("copy t from stdin", [5])  # arg-type
db.changes(tables=5)  # arg-type
db.live_query("select 1", callback=5)  # arg-type
db.live_changes("select 1", None)  # call-arg
db.dump_data_dir(compression="zip")  # call-overload
db.dump_sql(args=[1])  # list-item
PGlite(setings={})  # call-arg
PGlite(tier="fastest")  # arg-type
Engine(transport="pipe")  # arg-type
Engine().exec_protocol_raw("select 1")  # arg-type


async def asynchronous(db: AsyncPGlite) -> None:
    (await db.query("select 1")).rows[0][0]  # index
    with db.transaction():  # attr-defined
        pass
"""


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with nothing in it but the package's wheel."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    install(wheel, site)
    return folder / "bin" / "python"


def check(python: Path, *files: Path) -> subprocess.CompletedProcess[str]:
    options = ["--strict", "--no-error-summary", "--show-error-codes", "--hide-error-context"]
    return subprocess.run(
        # Out of the checkout, whose sources would do without py.typed.
        [sys.executable, "-m", "mypy", *options, "--python-executable", python, *files],
        cwd=python.parent,
        capture_output=True,
        text=True,
    )


def test_the_sample_passes_mypy_strict(python: Path) -> None:
    checked = check(python, *MODULES)
    assert (checked.stdout, checked.stderr, checked.returncode) == ("", "", 0)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_the_sample_does_what_it_says(
    module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    root = Path(pglite_native.__file__).parents[1]
    subprocess.run([sys.executable, module], check=True, env={"PYTHONPATH": str(root)})


def test_the_sample_uses_all_that_is_public() -> None:
    text = "".join(module.read_text() for module in MODULES)
    assert [name for name in pglite_native.__all__ if name not in text] == []


def test_what_is_wrong_is_seen(python: Path, tmp_path: Path) -> None:
    program = tmp_path / "wrong.py"
    program.write_text(WRONG)
    expected = [
        (number, line.partition("  # ")[2])
        for number, line in enumerate(WRONG.splitlines(), 1)
        if "  # " in line
    ]
    found = {  # of some there are two
        (int(line.split(":")[1]), line.rpartition("[")[2].rstrip("]")): line
        for line in check(python, program).stdout.splitlines()
        if ": error: " in line
    }
    assert list(found) == expected, found


def test_the_options_of_pglite_are_those_of_engine() -> None:
    arguments = {**Engine.__init__.__annotations__}
    del arguments["data_dir"], arguments["return"]
    assert {name: of.__forward_arg__ for name, of in EngineOptions.__annotations__.items()} == {
        name: of.removeprefix("guest.") for name, of in arguments.items()
    }

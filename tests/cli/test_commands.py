"""What the commands have in common, and the small ones: `info`, `snapshot`."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from pglite_native import Engine, PGlite
from pglite_native.cli import main, usage
from tools import ROOT
from vendor.pins import load_pins, read_toml

COMMANDS = ("sql", "shell", "serve", "dump", "load", "snapshot", "export", "import", "info")
DATABASE = ("sql", "shell", "serve", "dump", "snapshot", "export", "info")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_how_it_is_used(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([name, "--help"])
    assert caught.value.code == 0
    assert f"usage: pglite-native {name}" in capsys.readouterr().out


@pytest.mark.parametrize("name", DATABASE)
def test_the_options_that_say_which_database_are_everywhere_the_same(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([name, "--help"])
    output = capsys.readouterr().out
    for option in (
        "-D DIR",
        "--data-dir DIR",
        "--database NAME",
        "--image FILE",
        "--tier",
        "--extension NAME",
        "--setting NAME",
    ):
        assert option in output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sql", "--data-dir", "select 1"], "SQL, and not a directory: 'select 1'"),
        (["sql", "--data-dir", "postgresql://h/d", "select 1"], "is the address of a server"),
        (["info", "--data-dir", ""], "data_dir is empty"),
        (["serve", "--port", "99999"], "a port is a number from 0 to 65535: '99999'"),
        (["serve", "--port", "-1"], "a port is a number from 0 to 65535: '-1'"),
    ],
)
def test_ports_and_paths_are_checked(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (["sql", "-d", "./shop", "select 1"], "--data-dir DIR, or -D DIR, names the database's"),
        (["sql", "--json", "select 1"], "--format has csv, json, expanded and table"),
        (["sql", "--datadir", "shop", "select 1"], "--data-dir DIR"),
        (["sql", "--formt", "csv", "select 1"], "did you mean --format?"),
        (["sql", "-U", "me", "select 1"], "the user is postgres"),
        (["sql", "shop"], "SQL, and not 'shop': a directory is given by --data-dir shop"),
        (["sql", "a.sql"], "SQL, and not 'a.sql': a file of SQL is given by -f a.sql"),
        (["sql", "postgresql://host/shop"], "SQL, and not the address"),
        (["info", "shop"], "a directory is given by --data-dir shop"),
        (["serve", "-p", "5433"], "--port PORT"),
        (["serve", "shop"], "a directory is given by --data-dir shop"),
        (["dump", "shop"], "FILE is what is written; a directory is given by --data-dir shop"),
        (["dump", "-o", "a.tar", "b.tar"], "FILE is an argument of its own"),
        (["shell", "--client", "plain", "shop"], "a directory is given by --data-dir shop"),
        (["import", "a.sql", "-D", "new"], "a file of SQL is run by `sql -f FILE`"),
        (["psql"], "did you mean shell?"),
        (["extensions", "list"], "did you mean extension?"),
        (["help"], "did you mean --help?"),
        (["srve"], "did you mean serve?"),
        (["select 1"], 'pglite-native sql "select 1"'),
        (["nothing-like-it"], "invalid choice: 'nothing-like-it' (choose from"),
    ],
)
def test_options_and_commands_that_are_guessed_are_answered(
    arguments: list[str],
    advice: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop").mkdir()
    (tmp_path / "a.sql").write_text("select 1")
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    said = capsys.readouterr().err
    assert caught.value.code == 2
    assert advice in said.splitlines()[-1]
    if arguments[0] in COMMANDS:
        assert f"usage: pglite-native {arguments[0]}" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.sql", "shop"]


def test_other_guesses_have_no_advice_that_is_wrong() -> None:
    assert not set(usage._OPTIONS) & {
        "--data-dir",
        "-D",
        "--format",
        "--port",
        "--database",
        "--image",
    }
    assert not set(usage._COMMANDS) & set(COMMANDS)


def test_a_new_directory_is_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As a name that was misspelt would be."""
    place = str(tmp_path / "shop")
    assert main(["sql", "-D", place, "create database other"]) == 0
    assert capsys.readouterr().err == f"pglite-native: a new database, in {place}\n"
    line = ["sql", "-D", place, "--database", "other", "--format", "csv"]
    assert main([*line, "select current_database() as d"]) == 0
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("d\nother\n", "")


def test_memory_has_its_usual_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["sql", "--data-dir", ":memory:", "--format", "csv", "select 1 as a"]) == 0
    assert capsys.readouterr().out == "a\n1\n"
    assert list(tmp_path.iterdir()) == []


def test_shells_complete_commands_options_and_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    ask = (
        "COMP_WORDS=(pglite-native se); COMP_CWORD=1; COMP_LINE='pglite-native se';"
        " _shtab_pglite_native pglite-native se pglite-native; echo ${COMPREPLY[*]}"
    )
    done = subprocess.run(
        ["bash", "-c", f"{script}\n{ask}"], capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["serve"], done.stderr
    assert "_shtab_compgen_dirs" in script and "--data-dir" in script
    for shell in ("zsh", "tcsh"):
        assert main(["completion", shell]) == 0
        assert "--data-dir" in capsys.readouterr().out or shell == "tcsh"


def test_completion_says_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "bash"]) == 1
    assert "pip install 'pglite-native[shell]'" in capsys.readouterr().err


def test_the_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    output = capsys.readouterr().out
    assert all(f"\n    {name} " in output or f"\n    {name}\n" in output for name in COMMANDS)
    assert "examples:" in output and "Exit status:" in output


def test_the_console_script_is_the_same() -> None:
    project = read_toml(ROOT / "pyproject.toml")["project"]
    module, _, name = project["scripts"]["pglite-native"].partition(":")
    assert getattr(import_module(module), name) is main


# --- info -----------------------------------------------------------------------------------


def test_info_is_for_people_and_for_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(tmp_path / "data")
    with PGlite(folder) as db:
        db.exec("create table t (); create extension vector")
    assert main(["info", "--json", "--data-dir", folder]) == 0
    facts = json.loads(capsys.readouterr().out)
    with PGlite() as db:
        (row,) = db.query("show server_version").rows
    assert facts["postgresql"] == row["server_version"]
    assert facts["database"]["tables"] == 1 and facts["database"]["bytes"] > 1e6
    created = {row["name"] for row in facts["extensions"]["available"] if row["created"]}
    assert created == {"plpgsql", "vector"}
    assert Path(facts["image"]["path"]).stat().st_size == facts["image"]["bytes"]
    assert main(["info", "--data-dir", folder]) == 0
    shown = capsys.readouterr().out
    assert row["server_version"] in shown and "vector" in shown and "1 tables" in shown


def test_info_knows_the_pinned_pglite(capsys: pytest.CaptureFixture[str]) -> None:
    (pinned,) = [pin.version for pin in load_pins() if pin.name == "pglite"]
    assert main(["info", "--json", "--tier", "wasm3"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["pglite"], facts["tier"]) == (pinned, "wasm3")


def test_info_makes_no_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--data-dir", str(tmp_path / "none")]) == 1
    assert "has no database" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


# --- snapshot -------------------------------------------------------------------------------


def test_a_snapshot_is_what_engines_start_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "schema.sql").write_text("create table t as select 1 as a; set search_path = ''")
    (tmp_path / "more.sql").write_text("insert into public.t values (2)")
    first, second = str(tmp_path / "first.image"), str(tmp_path / "second.image")
    assert main(["snapshot", first, "--sql", str(tmp_path / "schema.sql")]) == 0
    assert main(["snapshot", second, "--image", first, "--sql", str(tmp_path / "more.sql")]) == 0
    for path, rows in ((first, [1]), (second, [1, 2])):
        with PGlite(engine=Engine(image=path)) as db:
            assert [row["a"] for row in db.query("table t").rows] == rows
    assert capsys.readouterr().out.startswith(f"{first}: ")


def test_a_snapshot_of_a_directory_leaves_it_alone(tmp_path: Path) -> None:
    folder, image = str(tmp_path / "data"), str(tmp_path / "image")
    with PGlite(folder) as db:
        db.exec("create table t as select 1 as a")
    (tmp_path / "more.sql").write_text("insert into t values (2)")
    more = str(tmp_path / "more.sql")
    assert main(["snapshot", image, "--data-dir", folder, "--sql", more]) == 0
    with PGlite(image=image) as copy, PGlite(folder) as db:
        assert len(copy.query("table t").rows) == 2
        assert len(db.query("table t").rows) == 1


def test_no_snapshot_is_left_of_sql_that_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.sql").write_text("create table t ();\nselect nope")
    image = tmp_path / "image"
    assert main(["snapshot", str(image), "--sql", str(tmp_path / "bad.sql")]) == 1
    assert "bad.sql:2: ERROR" in capsys.readouterr().err
    assert not image.exists()

"""`%load_ext pglite_native` in IPython, which is what a notebook's kernel runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from pglite_native import PGlite
from pglite_native.notebook.table import ROWS_MAX


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    shell: Any = InteractiveShell.instance()
    shell.history_manager.enabled = False
    shell.run_line_magic("load_ext", "pglite_native")
    yield shell
    shell.run_line_magic("unload_ext", "pglite_native")
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()


def run(shell: Any, sql: str, line: str = "") -> Any:
    return shell.run_cell_magic("pglite", line, sql)


def test_a_cell_s_result_is_a_table(shell: Any) -> None:
    table = run(shell, "select 1 as n, null as nothing, '<b>' as \"a&b\"")
    assert table._repr_html_() == (
        "<table><thead><tr><th>n</th><th>nothing</th><th>a&amp;b</th></tr></thead><tbody><tr>"
        '<td style="text-align: right; white-space: pre-wrap">1</td><td><i>NULL</i></td>'
        '<td style="text-align: left; white-space: pre-wrap">&lt;b&gt;</td></tr></tbody></table>'
        "<small>1 row</small>"
    )
    assert repr(table) == "n | nothing | a&b\n--+---------+----\n1 | NULL    | <b>\n1 row"


def test_of_several_statements_all_results_are_shown(shell: Any) -> None:
    with capture_output() as captured:
        last = run(shell, "create table t (a int); insert into t values (1), (2); table t")
    shown = [output.data["text/html"] for output in captured.outputs]
    assert shown == ["<small>CREATE</small>", "<small>INSERT 2</small>"]
    assert repr(last).endswith("2 rows")


def test_long_results_are_cut_and_kept(shell: Any) -> None:
    table = run(shell, f"select generate_series(1, {ROWS_MAX + 5}) as n", "numbers")
    assert table._repr_html_().count("<tr>") == 1 + ROWS_MAX
    assert table._repr_html_().endswith(
        f"<small>{ROWS_MAX + 5} rows, of which {ROWS_MAX} are shown</small>"
    )
    assert len(shell.user_ns["numbers"].rows) == ROWS_MAX + 5


def test_no_rows_and_no_statement(shell: Any) -> None:
    assert repr(run(shell, "select 1 as a where false")) == "a\n-\n0 rows"
    assert run(shell, "-- nothing", "nothing") is None
    assert shell.user_ns["nothing"] is None


def test_the_database_is_the_one_chosen(shell: Any, tmp_path: Path) -> None:
    run(shell, "create table t ()")
    shell.run_line_magic("pglite", "")
    there = "select to_regclass('t') is not null as there"
    assert run(shell, there).results.scalar() is False
    shell.run_line_magic("pglite", str(tmp_path / "shop"))
    run(shell, "create table t ()")
    with PGlite() as db:
        shell.user_ns["db"] = db
        shell.run_line_magic("pglite", "db")
        assert run(shell, there).results.scalar() is False
        shell.run_line_magic("pglite", str(tmp_path / "shop"))
        assert not db.closed
    assert run(shell, there).results.scalar() is True


def test_errors_come_without_a_traceback(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    shell.user_ns["number"] = 5
    for cell, said in (
        ("%%pglite\nselect 1;\nselect nope", '42703: column "nope" does not exist'),
        ("%pglite number", "number is no database"),
        ("%pglite postgresql://localhost/x", "is the address of a server"),
        ("%%pglite a b\nselect 1", "the name of a variable"),
    ):
        assert shell.run_cell(cell).error_in_exec is not None
        shown = capsys.readouterr()
        assert said in shown.err and "Traceback" not in shown.out + shown.err


def test_a_misspelt_variable_makes_no_directory(
    shell: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shell.run_cell("%pglite bd")
    assert "bd is neither a variable nor a directory: a new directory is ./bd" in (
        capsys.readouterr().err
    )
    for line in ("select 1 from t", "--help", "?"):
        shell.run_cell(f"get_ipython().run_line_magic('pglite', {line!r})")
        assert "SQL stands in a cell below %%pglite" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["ipython"]
    shell.run_line_magic("pglite", "./shop")
    assert capsys.readouterr().out == f"a new database, in {tmp_path / 'shop'}\n"
    run(shell, "create table t ()")
    shell.run_line_magic("pglite", "shop")  # the cell is run once more
    assert capsys.readouterr().out == ""
    assert repr(run(shell, "select count(*) from t")).splitlines()[2] == "0"

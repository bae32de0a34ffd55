"""`shell`: our own client and others, with a pipe for the input and on a terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pglite_native import PGlite
from pglite_native.cli import main
from tests.oracle.native import programs

PATIENCE_S = 60.0
SHELL = (sys.executable, "-m", "pglite_native", "shell")


def piped(text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*SHELL, "--client", "plain", *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


class Terminal:
    """A shell on a terminal of its own."""

    def __init__(self, *arguments: str, environment: dict[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [*SHELL, *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "TERM": "dumb", "PAGER": "cat", **environment},
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(theirs)
        self._shown = ""

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def interrupt(self, pattern: str) -> str:
        """Press Ctrl-C, and expect. More than once if need be: a signal that comes when readline
        has shown the prompt and does not wait yet is noticed with the next key, as CPython has it.
        """
        self.type("\x03")
        return self.expect(pattern, again="\x03", patience_s=2.0)

    def expect(self, pattern: str, again: str = "", patience_s: float = PATIENCE_S) -> str:
        """Wait until it is shown; return what was shown before, and it.

        Where nothing is shown for `patience_s`, `again` is typed.
        """
        deadline = time.monotonic() + PATIENCE_S
        while not (found := re.search(pattern, self._shown)):
            left_s = max(0, deadline - time.monotonic())
            ready, _, _ = select.select([self._ours], [], [], min(left_s, patience_s))
            if not ready and left_s and again:
                self.type(again)
                continue
            assert ready, f"{pattern!r} is not in {self._shown!r}"
            try:
                self._shown += os.read(self._ours, 65536).decode(errors="replace")
            except OSError:  # the other end is closed
                pytest.fail(f"{pattern!r} is not in {self._shown!r}, and it has ended")
        shown, self._shown = self._shown[: found.end()], self._shown[found.end() :]
        return shown

    def close(self) -> int:
        os.close(self._ours)
        return self.process.wait(PATIENCE_S)


def _take_terminal() -> None:
    """Make the standard input the terminal whose Ctrl-C is for this process."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a test run in the background ignores it


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal("--client", "plain", environment={"XDG_STATE_HOME": str(tmp_path)})
    yield terminal
    terminal.process.kill()
    terminal.process.wait()


def test_statements_end_where_postgresql_says() -> None:
    done = piped(
        "create function f() returns text language plpgsql as $$ begin\n"
        "  perform 1;\n"
        "  return 'a;\n"
        "b'; end $$;\n"
        "create function g() returns int begin atomic\n"
        "  select 1;\n"
        "end;\n"
        "begin;\n"
        "/* a comment;\n"
        '   that ends */ select f(), g() as "one;\n'
        'two";\n'
        "commit;\n"
        "select 42 as last"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r"^[A-Z].*$", done.stdout, re.MULTILINE) == [
        "CREATE FUNCTION",
        "CREATE FUNCTION",
        "BEGIN",
        "COMMIT",
    ]
    assert " a;+|" in done.stdout and "   42\n" in done.stdout


def test_errors_are_shown_and_do_not_end_it() -> None:
    done = piped("select nope;\n\\nope\n\\i /missing\nselect 1 +;\nselect 'still ' || 'here';\n")
    assert done.returncode == 1
    assert "still here" in done.stdout
    assert done.stderr.count("ERROR:  42") == 2
    assert "\\nope is not a command" in done.stderr and "'/missing'" in done.stderr


def test_its_commands(tmp_path: Path) -> None:
    (tmp_path / "file.sql").write_text(
        "create table parent (id int primary key);\n"
        "create table t (a int generated always as identity, b text not null default 'x',"
        " c int references parent check (c > 0));\n"
    )
    done = piped(
        f'\\i {tmp_path}/file.sql\n\\d\n\\d t\n\\d "no\'such"\n\\x\ntable t;\n\\?\n\\q\nnever'
    )
    output = done.stdout
    assert " public | parent  | table    | postgres\n" in output
    assert " b      | text    | not null | 'x'::text\n" in output
    assert "FOREIGN KEY (c) REFERENCES parent(id)" in output and "CHECK ((c > 0))" in output
    assert "Expanded output is on.\n(0 rows)\n" in output
    assert "\\i FILE" in output
    assert '42P01: relation "no\'such" does not exist' in done.stderr


def test_listings(tmp_path: Path) -> None:
    (tmp_path / "schema.sql").write_text(
        "create schema other; create table orders (id int primary key); create table offers ();\n"
        "create view open_orders as table orders; create table other.hidden ();\n"
        "create function twice(int) returns int language sql as 'select $1 * 2';\n"
    )
    shown = {}
    for command in (
        "\\l",
        "\\l temp*",
        "\\dt",
        "\\dt o?ders",
        "\\dv",
        "\\di",
        "\\dn",
        "\\du",
        "\\df",
        "\\d o*",
    ):
        done = piped(f"\\i {tmp_path}/schema.sql\n\\echo\n{command}\n")
        shown[command] = re.findall(r"^ (?!Name|Schema|Role)(\S.*?) *$", done.stdout, re.MULTILINE)
    names = {
        command: [re.split(r" *\| *", line)[:2] for line in lines]
        for command, lines in shown.items()
    }
    assert [name for name, *_ in names["\\l"]] == ["postgres", "template0", "template1"]
    assert [name for name, *_ in names["\\l temp*"]] == ["template0", "template1"]
    assert names["\\dt"] == [["public", "offers"], ["public", "orders"]]
    assert names["\\dt o?ders"] == [["public", "orders"]]
    assert names["\\dv"] == [["public", "open_orders"]]
    assert names["\\di"] == [["public", "orders_pkey"]]
    assert [name for name, *_ in names["\\dn"]] == ["other", "public"]
    assert [name for name, *_ in names["\\du"]] == ["postgres"]
    assert names["\\df"] == [["public", "twice"]]
    assert [name for _, name in names["\\d o*"]] == ["offers", "open_orders", "orders"]


@pytest.mark.parametrize("word", ["exit", "quit", "QUIT;", "\\q"])
def test_words_that_leave(word: str) -> None:
    done = piped(f"select 1 as before;\n{word}\nselect 2 as after;\n")
    assert done.returncode == 0
    assert "before" in done.stdout and "after" not in done.stdout


def test_help_is_a_word_too_but_not_within_a_statement() -> None:
    assert "Statements end with a semicolon" in piped("help\n").stdout
    done = piped("select 1 as\nhelp\n;\n")
    assert " help \n" in done.stdout and "Statements" not in done.stdout


def test_a_dump_is_taken_from_a_pipe() -> None:
    done = piped(
        "\\restrict key\nCREATE TABLE t (a int);\nCOPY t FROM stdin;\n40\n2\n\\.\n"
        "\\unrestrict key\n"
        "\\echo its sum\nselect sum(a) from t;\n"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "its sum\n" in done.stdout and "  42\n" in done.stdout


def test_statements_end_with_g_too() -> None:
    done = piped(
        "select 1 as a \\g\nselect 2 as b\n\\gx\n\\g\nselect '\n\\g x' as quoted;\n"
        "select (\n\\r\nselect 3 as c;\n"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert " a \n" in done.stdout and "b | 2\n" in done.stdout and " b \n" in done.stdout
    assert "\\g x" in done.stdout and " c \n" in done.stdout


@pytest.mark.parametrize("end", [";", " \\g"])
def test_a_comment_of_one_line_ends_no_statement(end: str) -> None:
    done = piped(
        "create table t as select generate_series(1, 5) as i;\n"
        f"delete from t -- the first only{end}\nwhere i = 1;\nselect count(*) as left from t;\n"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "DELETE 1\n" in done.stdout and "    4\n" in done.stdout


def test_a_blank_line_begins_no_statement() -> None:
    done = piped("create table t (a int);\n\n\\dt\nselect 42 as n;\n\n\\g\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert " public | t" in done.stdout and done.stdout.count(" 42\n") == 2


def test_what_is_copied_is_written_as_it_comes(tmp_path: Path) -> None:
    done = piped(
        "create table t as select 'é' as a, '\\xff'::bytea as b;\n"
        f"\\copy t to {tmp_path}/t.bin with (format binary)\n"
        f"\\copy t (a) to {tmp_path}/t.txt with (encoding latin1)\n"
        f"truncate t;\n\\copy t from {tmp_path}/t.bin with (format binary)\ntable t;\n"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "t.bin").read_bytes().startswith(b"PGCOPY\n\xff\r\n\0")
    assert (tmp_path / "t.txt").read_bytes() == b"\xe9\n"
    assert "é | \\xff" in done.stdout


def test_timing() -> None:
    done = piped("\\timing\nselect 1;\n\\timing off\nselect 1;\n")
    assert "Timing is on." in done.stdout and "Timing is off." in done.stdout
    assert len(re.findall(r"^Time: \d+\.\d{3} ms$", done.stdout, re.MULTILINE)) == 1


def test_copy_with_files_here(tmp_path: Path) -> None:
    (tmp_path / "its rows.csv").write_text("a,b\n1,from x\n2,to y\n")
    done = piped(
        "create table t (a int, b text);\n"
        f"\\copy t (a, b) from '{tmp_path}/its rows.csv' with (format csv, header)\n"
        f"\\copy (select b from t where a > 1) to {tmp_path}/out.csv csv\n"
        "\\copy t from stdin\n3\tz\n\\.\n"
        "\\copy nonsense\n"
        "select count(*) from t;\n"
    )
    assert re.findall(r"COPY \d", done.stdout) == ["COPY 2", "COPY 1", "COPY 1"]
    assert "     3\n" in done.stdout
    assert (tmp_path / "out.csv").read_text() == "to y\n"
    assert (
        done.stderr == "\\copy: \\copy TABLE [(COLUMNS)] from FILE [OPTIONS], or (QUERY) to FILE\n"
    )


def test_a_statement_is_edited_and_run(tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i s/one/two/ "$1"\n')
    editor.chmod(0o755)
    command = [*SHELL, "--client", "plain"]
    done = subprocess.run(
        command,
        input="select 'one' as n;\n\\e\n",
        env={**os.environ, "PSQL_EDITOR": str(editor)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert " one\n" in done.stdout and " two\n" in done.stdout


def test_copy_reads_the_lines_below_it() -> None:
    done = piped("create table t (a int);\ncopy t from stdin;\n1\n2\n\\.\nselect sum(a) from t;\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert "COPY 2\n" in done.stdout and "   3\n" in done.stdout


def test_a_session_that_ends_ends_it() -> None:
    done = piped("select pg_terminate_backend(pg_backend_pid());\nselect 1;\n")
    assert done.returncode == 1
    assert "57P01" in done.stderr and "Traceback" not in done.stderr


def test_what_is_typed_is_durable(tmp_path: Path) -> None:
    folder = str(tmp_path / "data")
    assert piped("create table t as select 42 as a;\n", "--data-dir", folder).returncode == 0
    with PGlite(folder) as db:
        assert db.query("table t").rows == [{"a": 42}]


def test_on_a_terminal_it_prompts_and_ctrl_c_cancels(plain: Terminal, tmp_path: Path) -> None:
    assert "PostgreSQL 18" in plain.expect("pglite=# ")
    plain.type("begin;\n")
    plain.expect(r"pglite=\*# ")
    plain.type("select 1\n")
    plain.expect(r"pglite-\*# ")
    plain.interrupt(r"pglite=\*# ")  # drops the line
    plain.type("select pg_sleep(600);\n")
    time.sleep(0.5)  # it has begun, or Ctrl-C drops what is not yet read: the same to the user
    plain.interrupt("pglite=[*!]# ")
    plain.type("rollback;\n")
    plain.expect("pglite=# ")
    plain.type("select 40 + 2 as sum;\n")
    plain.expect("42")
    plain.expect("pglite=# ")
    plain.type("\x04")
    assert plain.process.wait(PATIENCE_S) == 0
    assert "select 40 + 2 as sum;" in (tmp_path / "pglite-native" / "history").read_text()


def test_ctrl_d_discards_an_unfinished_statement(tmp_path: Path) -> None:
    folder = str(tmp_path / "data")
    terminal = Terminal(
        "--client", "plain", "--data-dir", folder, environment={"XDG_STATE_HOME": str(tmp_path)}
    )
    terminal.expect("pglite=# ")
    terminal.type("create table kept ();\n")
    terminal.expect("CREATE TABLE")
    terminal.expect("pglite=# ")
    terminal.type("drop table kept\n")
    terminal.expect("pglite-# ")
    terminal.type("\x04")
    terminal.expect("has not been run")
    assert terminal.process.wait(PATIENCE_S) == 0
    with PGlite(folder) as db:
        assert db.query("select to_regclass('kept') is not null as there").scalar() is True


def test_a_pager_takes_what_is_longer_than_the_terminal(tmp_path: Path) -> None:
    pager = tmp_path / "pager"
    pager.write_text(f'#!/bin/sh\ncat > "{tmp_path}/paged"\necho "paged."\n')
    pager.chmod(0o755)
    terminal = Terminal(
        "--client",
        "plain",
        environment={"XDG_STATE_HOME": str(tmp_path), "PAGER": str(pager)},
    )
    terminal.expect("pglite=# ")
    terminal.type("select generate_series(1, 5);\n")
    terminal.expect(r"\(5 rows\)")
    terminal.type("select generate_series(1, 500);\n")
    terminal.expect(r"paged\.")
    terminal.type("\\q\n")
    assert terminal.process.wait(PATIENCE_S) == 0
    assert "(500 rows)" in (tmp_path / "paged").read_text()


@pytest.mark.parametrize("term", ["dumb", "xterm"], ids=["readline", "prompt_toolkit"])
def test_tab_completes_and_lines_are_remembered(tmp_path: Path, term: str) -> None:
    environment = {"XDG_STATE_HOME": str(tmp_path), "TERM": term, "PROMPT_TOOLKIT_NO_CPR": "1"}
    terminal = Terminal("--client", "plain", environment=environment)
    terminal.expect("pglite=#")
    terminal.type("create table a_long_name as sele\t")
    terminal.expect("(?s)sele.{0,200}?ct")  # of a line prompt_toolkit writes what is new
    terminal.type(" 40 + 2 as the_answer;\r")
    terminal.expect("SELECT 1")
    terminal.expect("pglite=#")
    terminal.type("table a_lo\t")
    terminal.expect("(?s)a_lo.{0,200}?ng_name")
    terminal.type(";\r")
    terminal.expect("42")
    terminal.expect("pglite=#")
    terminal.type("exit\r")
    assert terminal.process.wait(PATIENCE_S) == 0
    assert "table a_long_name;\n" in (tmp_path / "pglite-native" / "history").read_text()


# --- other clients --------------------------------------------------------------------------


def test_another_database_is_a_command_away() -> None:
    done = piped(
        "create database shop;\n\\c shop\ncreate table t (a int);\n\\c postgres\n"
        "select count(*) as missing from pg_class where relname = 't';\n\\c shop\ntable t;\n"
        "\\conninfo\n"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [word for word in done.stdout.split() if word in ("shop", "postgres", "(0")] == (
        ["shop", "postgres"] + ["postgres"] * 2 + ["shop", "postgres", "(0", "shop", "postgres"]
    )
    done = piped("\\c nope\nselect 1 as still_here;\n")
    assert 'database "nope" does not exist' in done.stderr and "still_here" in done.stdout


@pytest.fixture
def with_psql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(programs()), prepend=os.pathsep)


@pytest.mark.usefixtures("with_psql")
def test_psql_is_taken_if_it_is_there(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "data")
    arguments = ["--", "-X", "-q", "-c", "create table t as select 42 as a", "-c", "\\d t"]
    assert main(["shell", "--data-dir", folder, *arguments]) == 0
    assert 'Table "public.t"' in capfd.readouterr().out
    assert main(["shell", "--data-dir", folder, "--", "-X", "-c", "select nope"]) == 1
    with PGlite(folder) as db:
        assert db.query("table t").rows == [{"a": 42}]


@pytest.mark.usefixtures("with_psql")
def test_ctrl_c_in_psql_is_for_its_statement() -> None:
    terminal = Terminal("--client", "psql", "--", "-X", environment={})
    terminal.expect("postgres=# ")
    terminal.type("select pg_sleep(600);\n")
    time.sleep(0.5)
    terminal.type("\x03")
    terminal.expect("canceling statement due to user request")
    terminal.expect("postgres=# ")
    terminal.type("select 40 + 2;\n")
    terminal.expect("42")
    terminal.expect("postgres=# ")
    terminal.type("\\q\n")
    assert terminal.process.wait(PATIENCE_S) == 0
    terminal.close()


def test_pgcli_comes_first_on_a_terminal(tmp_path: Path) -> None:
    client = tmp_path / "pgcli"
    client.write_text(
        f"#!{sys.executable}\n"
        "import sys, psycopg\n"
        "with psycopg.connect(sys.argv[-1]) as connection:\n"
        "    print(connection.execute('select 40 + 2').fetchone())\n"
    )
    client.chmod(0o755)
    path = os.pathsep.join([str(tmp_path), str(programs()), os.environ["PATH"]])
    terminal = Terminal(environment={"PATH": path})
    terminal.expect(r"\(42,\)")
    assert terminal.process.wait(PATIENCE_S) == 0
    terminal.close()


def test_a_psql_older_than_the_server_is_passed_over_with_a_word(tmp_path: Path) -> None:
    client = tmp_path / "psql"
    client.write_text("#!/bin/sh\necho 'psql (PostgreSQL) 15.4 (Debian 15.4-1)'\n")
    client.chmod(0o755)
    done = subprocess.run(
        SHELL,
        input="select 40 + 2 as sum;\n",
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "  42\n" in done.stdout
    assert done.stderr.startswith("psql 15 is passed over")


def test_a_client_that_is_missing_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert main(["shell", "--client", "pgcli"]) == 1
    assert "pgcli is not installed" in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        main(["shell", "--client", "plain", "--", "-c", "select 1"])
    assert caught.value.code == 2

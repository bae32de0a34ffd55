"""A plain client for a terminal, where there is neither pgcli nor psql."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TextIO

from pglite_native.cli import copying, lines, script
from pglite_native.cli.formats import Table
from pglite_native.cli.listings import LISTINGS, description, listing
from pglite_native.cli.pager import Paged
from pglite_native.cli.words import Words
from pglite_native.database.parser import Parser
from pglite_native.engine.engine import Engine
from pglite_native.engine.session import Session
from pglite_native.errors import EngineClosed, PGliteError
from pglite_native.protocol import wire

HELP = """\
Statements end with a semicolon, or with \\g or \\gx, and may have many lines.
Ctrl-C cancels one, or drops what has been typed, as \\r does; Ctrl-D, exit or
\\q leaves. Tab completes.
  \\l [NAME]       list the databases
  \\d [NAME]       list the tables, views and sequences, or describe one
  \\dt \\dv \\dm \\ds \\di \\df \\dn \\du \\dx [NAME]
                  list the tables, views, materialized views, sequences, indexes,
                  functions, schemas, roles, extensions; * and ? stand for others
  \\c DATABASE     go to another database of the same directory; \\conninfo tells which
  \\e [FILE]       edit the last statement, or a file, and run it
  \\i FILE         run a file
  \\copy ...       COPY from or to a file here: \\copy t from 'a.csv' with (format csv)
  \\timing         show how long statements take, or do not
  \\x              switch expanded output on or off
  \\?              this
"""

WITHIN = ("\\e", "\\r")
"""The commands that are heard below the first lines of a statement, also of one in quotes."""

STATUS_MARKS = {"I": "", "T": "*", "E": "!"}  # as psql's prompt has them

_RUNS = re.compile(r"(.*)(\\gx?)\s*")  # at a line's end

EDITORS = ("PSQL_EDITOR", "VISUAL", "EDITOR")


class Prompt:
    """Reads from the standard input, and does what it says."""

    def __init__(self, engine: Engine) -> None:
        self._session: Session = engine
        self._parser = Parser()
        self._is_terminal = sys.stdin.isatty()
        self._is_expanded = self._is_timed = False
        self._ok = True
        self._typed = self._last = ""
        self._lines: lines.Lines = lines.Pipe()
        self._commands: dict[str, Callable[[str], None]] = {
            **{name: self._lister(name) for name in LISTINGS},
            "\\c": self._connect,
            "\\conninfo": self._tell,
            "\\connect": self._connect,
            "\\d": self._describe,
            "\\e": self._edit,
            "\\i": self._include,
            "\\copy": self._copy,
            "\\echo": print,
            "\\restrict": _pass,  # pg_dump's, against what data could say to psql
            "\\unrestrict": _pass,
            "\\timing": self._time,
            "\\x": self._expand,
            "\\g": lambda _: self._run_typed(),
            "\\gx": lambda _: self._run_typed(is_expanded=True),
            "\\r": self._reset,
            "\\?": self._help,
        }

    def run(self) -> bool:
        """Read and run until the end; return whether the session is still there."""
        if self._is_terminal:
            print(f"{self._greeting()}\nType \\? for help.")
        words = Words(lambda: self._session, [*self._commands, "\\q"])
        with lines.opened(words.complete) as self._lines:
            try:
                while self._step():
                    pass
                self._end()
            except EngineClosed as error:
                print(error, file=sys.stderr)
                return False
        # As with psql, who types sees his errors; of a script they are its end's status.
        return self._ok or self._is_terminal

    def _end(self) -> None:
        """What has no semicolon is a script's last statement, and of a user's it is no statement:
        they may have thought better of it.
        """
        if not self._is_terminal:
            if self._typed.strip():
                self._run(self._typed)
            return
        print()
        if self._typed.strip():
            print("What was typed, and did not end with a semicolon, has not been run.")

    def _step(self) -> bool:
        """Read a line and do what it says; False at the end."""
        try:
            line = self._lines.read(self._prompt() if self._is_terminal else "")
        except EOFError:
            return False
        except KeyboardInterrupt:
            print()
            self._typed = ""
            return True
        try:
            return self._take(line)
        except KeyboardInterrupt:
            print("Cancelled.", file=sys.stderr)
        return True

    def _take(self, line: str) -> bool:
        """Do what a line says; return whether others shall follow it."""
        name, _, argument = line.strip().partition(" ")
        if name == "\\q":
            self._typed = ""
            return False
        if not self._typed.strip():
            word = line.strip().rstrip(";").lower()
            if word in ("exit", "quit"):
                return False
            if word == "help":
                self._help("")
                return True
        if line.lstrip().startswith("\\") and (not self._typed.strip() or name in WITHIN):
            self._command(name, argument.strip())
            return True
        ending = _RUNS.fullmatch(line)
        if ending and not self._parser.continues(self._typed + ending[1]):
            self._typed += ending[1]
            self._command(ending[2], "")
            return True
        self._typed += line + "\n"
        self._run_if_complete()
        return True

    def _run_if_complete(self) -> None:
        sql = self._typed.rstrip()
        if sql.endswith(";") and not self._parser.continues(sql):
            self._run_typed()

    def _run_typed(self, *, is_expanded: bool = False) -> None:
        """Run it, or where nothing has been typed, what was run last."""
        sql, self._typed = self._typed if self._typed.strip() else self._last, ""
        self._last = sql
        before, self._is_expanded = self._is_expanded, self._is_expanded or is_expanded
        try:
            self._run(sql)
        finally:
            self._is_expanded = before

    def _command(self, name: str, argument: str) -> None:
        command = self._commands.get(name)
        if command is None:
            self._complain(
                f"{name} is not a command; \\? tells which there are, and psql has more, at the"
                " address that `pglite-native serve` prints"
            )
            return
        try:
            command(argument)
        except (OSError, ValueError, PGliteError) as error:
            self._complain(f"{name}: {error}")

    def _complain(self, message: str) -> None:
        sys.stdout.flush()
        print(message, file=sys.stderr)
        self._ok = False

    def _run(
        self,
        sql: str,
        target: BinaryIO | None = None,
        copied: script.Readable | None = None,
    ) -> bool:
        began_s = time.monotonic()
        with contextlib.ExitStack() as stack:
            shown = self._shown(stack)
            if copied is None:
                copied = io.BufferedReader(_CopiedLines(self._lines.read, shown))
            ok = script.run(
                self._session, sql, shown, sys.stderr, copied, self._form(), copy_output=target
            )
        if self._is_timed:
            print(f"Time: {(time.monotonic() - began_s) * 1e3:.3f} ms")
        self._ok &= ok
        return ok

    def _shown(self, stack: contextlib.ExitStack) -> TextIO:
        """What output is written to: a pager takes what is longer than the terminal."""
        if not (self._is_terminal and sys.stdout.isatty()):
            return sys.stdout
        paged: TextIO = stack.enter_context(Paged())  # type: ignore[assignment]
        return paged

    def _form(self) -> Table:
        screen = os.get_terminal_size().columns or None if sys.stdout.isatty() else None
        return Table("", screen, is_expanded=self._is_expanded)

    def _prompt(self) -> str:
        reply = self._session.exec_protocol_raw(wire.sync())
        mark = STATUS_MARKS[reply[-1:].decode()]
        return f"pglite{'-' if self._typed else '='}{mark}# "

    def _greeting(self) -> str:
        output = io.StringIO()
        script.run(self._session, "select version()", output, output)
        return output.getvalue().splitlines()[2].strip()

    # --- commands ---------------------------------------------------------------------------

    def _lister(self, name: str) -> Callable[[str], None]:
        return lambda pattern: self._list(name, pattern)

    def _list(self, name: str, pattern: str) -> None:
        self._run(listing(name, pattern.rstrip(";")))

    def _describe(self, name: str) -> None:
        if not name or any(wild in name for wild in "*?"):
            self._list("\\d", name)
            return
        for query in description(name.rstrip(";")):
            if not self._run(query):
                break

    def _connect(self, name: str) -> None:
        """The session before is closed, but for the engine's first, which is the cluster's."""
        session = self._session.open_session(name.strip('";') or None)
        before, self._session = self._session, session
        if before is not before.engine:
            before.close()
        self._tell("")

    def _tell(self, _: str) -> None:
        self._run("select current_database() as database, current_user as user")

    def _edit(self, name: str) -> None:
        """What has been edited is as if it had been typed."""
        editor = next((os.environ[one] for one in EDITORS if os.environ.get(one)), "vi")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(name).expanduser() if name else Path(folder, "statement.sql")
            if not name:
                path.write_text(self._typed or self._last, encoding="utf-8")
            subprocess.run([*shlex.split(editor), os.fspath(path)], check=False)
            self._typed = path.read_text(encoding="utf-8-sig")
        print(self._typed, end="")
        self._run_if_complete()

    def _include(self, name: str) -> None:
        with contextlib.ExitStack() as stack:
            shown = self._shown(stack)
            self._ok &= script.run_file(self._session, name, shown, sys.stderr, self._form())

    def _copy(self, arguments: str) -> None:
        copy = copying.parse(arguments)
        if copy.file is None:
            self._run(copy.sql)
        elif copy.reads:
            with Path(copy.file).expanduser().open("rb") as source:
                self._run(copy.sql, copied=source)
        else:
            with Path(copy.file).expanduser().open("wb") as target:
                self._run(copy.sql, target=target)

    def _time(self, argument: str) -> None:
        self._is_timed = argument == "on" if argument in ("on", "off") else not self._is_timed
        print(f"Timing is {'on' if self._is_timed else 'off'}.")

    def _expand(self, argument: str) -> None:
        self._is_expanded = argument == "on" if argument in ("on", "off") else not self._is_expanded
        print(f"Expanded output is {'on' if self._is_expanded else 'off'}.")

    def _reset(self, _: str) -> None:
        self._typed = ""
        print("What was typed has been dropped.")

    def _help(self, _: str) -> None:
        print(HELP, end="")


def _pass(_: str) -> None:
    pass


class _CopiedLines(io.RawIOBase):
    """What COPY FROM STDIN reads: lines, up to one that is a backslash and a full stop."""

    def __init__(self, read: Callable[[str], str], shown: TextIO) -> None:
        self._read_line = read
        self._shown = shown
        self._pending = b""
        self._has_ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._pending and not self._has_ended:
            self._shown.flush()
            try:
                line = self._read_line(">> ")
            except EOFError:
                line = "\\."
            self._has_ended = line == "\\."
            self._pending = b"" if self._has_ended else line.encode() + b"\n"
        size = min(len(buffer), len(self._pending))
        buffer[:size], self._pending = self._pending[:size], self._pending[size:]
        return size

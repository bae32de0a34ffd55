"""A plain client for a terminal, where there is neither pgcli nor psql.

Where a statement ends only PostgreSQL knows (a line may end in a semicolon within a function's
body), so it is asked: a second engine parses what has been typed. It executes nothing, and an error
there leaves a transaction here alone.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from pglite_native.cli import script
from pglite_native.cli.formats import Table
from pglite_native.database.statements import Parser
from pglite_native.engine.engine import Engine
from pglite_native.errors import EngineClosed
from pglite_native.protocol import wire

HELP = """\
Statements end with a semicolon, and may have many lines. Ctrl-C cancels one,
or drops what has been typed; Ctrl-D or \\q leaves.
  \\d [NAME]   list the tables, views and sequences, or tell about one
  \\i FILE     run a file
  \\x          switch expanded output on or off
  \\?          this
"""

RELATIONS = """
select n.nspname as "Schema", c.relname as "Name",
    case c.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view'
        when 'm' then 'materialized view' when 'S' then 'sequence' when 'f' then 'foreign table'
        end as "Type",
    pg_catalog.pg_get_userbyid(c.relowner) as "Owner"
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and n.nspname !~ '^pg_toast'
    and n.nspname not in ('pg_catalog', 'information_schema')
    and pg_catalog.pg_table_is_visible(c.oid)
order by 1, 2"""

# The name is looked up as SQL has it: with its schema or by search_path.
COLUMNS = """
select a.attname as "Column", pg_catalog.format_type(a.atttypid, a.atttypmod) as "Type",
    case when a.attnotnull then 'not null' else '' end as "Nullable",
    case when a.attidentity <> '' then 'generated as identity'
        else coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), '') end as "Default"
from pg_catalog.pg_attribute a
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attrelid = {name}::pg_catalog.regclass and a.attnum > 0 and not a.attisdropped
order by a.attnum"""

DETAILS = """
select pg_catalog.pg_get_indexdef(indexrelid) as "Indexes and constraints"
from pg_catalog.pg_index where indrelid = {name}::pg_catalog.regclass
union all
select conname || ': ' || pg_catalog.pg_get_constraintdef(oid)
from pg_catalog.pg_constraint where conrelid = {name}::pg_catalog.regclass and contype in ('c', 'f')
order by 1"""

STATUS_MARKS = {"I": "", "T": "*", "E": "!"}  # as psql's prompt has them


class Prompt:
    """Reads from the standard input, by readline if it is a terminal."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._parser = Parser()
        self._is_terminal = sys.stdin.isatty()
        self._is_expanded = False
        self._ok = True
        self._typed = ""
        self._commands: dict[str, Callable[[str], None]] = {
            "\\d": self._describe,
            "\\i": self._include,
            "\\x": self._expand,
            "\\?": self._help,
        }

    def run(self) -> bool:
        """Read and run until the end; return whether the session is still there."""
        if self._is_terminal:
            print(f"{self._greeting()}\nType \\? for help.")
        with _history() if self._is_terminal else contextlib.nullcontext():
            try:
                while self._step():
                    pass
            except EngineClosed as error:
                print(error, file=sys.stderr)
                return False
        if self._typed.strip():  # the last statement of a script may lack its semicolon
            self._run(self._typed)
        # As with psql, who types sees his errors; of a script they are its end's status.
        return self._ok or self._is_terminal

    def _step(self) -> bool:
        """Read a line and do what it says; False at the end."""
        try:
            line = self._read(self._prompt() if self._is_terminal else "")
        except EOFError:
            return False
        except KeyboardInterrupt:
            print()
            self._typed = ""
            return True
        if line.strip() == "\\q":
            return False
        try:
            self._take(line)
        except KeyboardInterrupt:
            print("Cancelled.", file=sys.stderr)
        return True

    def _take(self, line: str) -> None:
        if not self._typed and line.lstrip().startswith("\\"):
            name, _, argument = line.strip().partition(" ")
            command = self._commands.get(name)
            if command is None:
                print(f"{name} is not a command; \\? tells which there are", file=sys.stderr)
            else:
                command(argument.strip())
            return
        self._typed += line + "\n"
        if line.rstrip().endswith(";") and not self._parser.is_open(self._typed):
            sql, self._typed = self._typed, ""
            self._run(sql)

    def _run(self, sql: str) -> bool:
        copied = io.BufferedReader(_Lines(self._read))
        form = Table("", 0 if self._is_expanded else self._width())
        ok = script.run(self._engine, sql, sys.stdout, sys.stderr, copied, form)
        self._ok &= ok
        return ok

    def _read(self, prompt: str) -> str:
        if self._is_terminal:
            return input(prompt)
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.rstrip("\n")

    def _width(self) -> int | None:
        return os.get_terminal_size().columns or None if sys.stdout.isatty() else None

    def _prompt(self) -> str:
        reply = self._engine.exec_protocol_raw(wire.sync())
        mark = STATUS_MARKS[reply[-1:].decode()]
        return f"pglite{'-' if self._typed else '='}{mark}# "

    def _greeting(self) -> str:
        output = io.StringIO()
        script.run(self._engine, "select version()", output, output)
        return output.getvalue().splitlines()[2].strip()

    # --- commands ---------------------------------------------------------------------------

    def _describe(self, name: str) -> None:
        if not name:
            self._run(RELATIONS)
            return
        literal = "'" + name.rstrip(";").replace("'", "''") + "'"
        if self._run(COLUMNS.format(name=literal)):
            self._run(DETAILS.format(name=literal))

    def _include(self, name: str) -> None:
        try:
            sql = Path(name).expanduser().read_text(encoding="utf-8-sig")
        except (OSError, ValueError) as error:
            print(f"\\i: {error}", file=sys.stderr)
            self._ok = False
            return
        self._run(sql)

    def _expand(self, _: str) -> None:
        self._is_expanded = not self._is_expanded
        print(f"Expanded output is {'on' if self._is_expanded else 'off'}.")

    def _help(self, _: str) -> None:
        print(HELP, end="")


class _Lines(io.RawIOBase):
    """What COPY FROM STDIN reads: lines, up to one that is a backslash and a full stop."""

    def __init__(self, read: Callable[[str], str]) -> None:
        self._read_line = read
        self._pending = b""
        self._has_ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._pending and not self._has_ended:
            try:
                line = self._read_line(">> ")
            except EOFError:
                line = "\\."
            self._has_ended = line == "\\."
            self._pending = b"" if self._has_ended else line.encode() + b"\n"
        size = min(len(buffer), len(self._pending))
        buffer[:size], self._pending = self._pending[:size], self._pending[size:]
        return size


@contextlib.contextmanager
def _history() -> Iterator[None]:
    """Have readline edit lines, and remember them from one time to the next."""
    try:
        import readline
    except ImportError:  # Pythons are built without it: input() works all the same
        yield
        return
    folder = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    path = Path(folder, "pglite-native", "history")
    with contextlib.suppress(OSError):
        readline.read_history_file(path)
    readline.set_history_length(1000)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(path)

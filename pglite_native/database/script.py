"""Files of SQL as psql takes them, those of pg_dump among them.

Beside statements such a file has lines that are psql's: commands, which begin with a backslash,
and below a COPY ... FROM stdin the data, up to a line of a backslash and a full stop. So it is cut
where they stand. What is between is run at once, and in one transaction; a file that has none of
them is run as a whole.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from pglite_native.database.conversation import Conversation
from pglite_native.database.parser import Parser
from pglite_native.errors import DatabaseError

END_OF_DATA = "\\."

# A line that may be one of psql's, or stand above such lines.
_CANDIDATE = re.compile(r"^\\|\bfrom\s+stdin\b", re.IGNORECASE | re.MULTILINE)

# What is of no consequence here: pg_dump's guard, and how psql prints.
_IGNORED = ("\\restrict", "\\echo", "\\qecho", "\\pset", "\\timing", "\\x")
_ON_ERROR_STOP = ["\\set", "ON_ERROR_STOP"]  # which is what is done here
_INCLUDES = ("\\i", "\\include", "\\ir", "\\include_relative")
_QUITS = ("\\q", "\\quit")

# A dump sets an empty search_path, and counts on psql's session to end with it; ours continues.
_END_OF_DUMP = "\\unrestrict"
_AFTER_DUMP = "reset search_path"

_OTHER_FORMATS = {
    b"PGDMP": "a dump in pg_dump's custom format, of which `pg_restore -f FILE.sql` makes SQL",
    b"\x1f\x8b": "it is compressed: `gunzip` it first; a tarball of `dump` is read by `load`",
}
_UNNAMED = "<file>"  # an open file that is none of the system's

Source = str | os.PathLike[str] | IO[str] | IO[bytes]
"""A path, or an open file."""


class Part:
    """SQL to be run at once, and where it stands."""

    def __init__(self, script: Script, line: int, sql: str) -> None:
        self._script = script
        self.line = line
        self.sql = sql

    @property
    def name(self) -> str:
        """The file's name."""
        return self._script.name

    def statements(self, parser: Parser) -> Iterator[Part]:
        """Its statements, each to be run by itself."""
        line, counted = self.line, 0
        for begin, end in parser.statements(self.sql):
            line += self.sql.count("\n", counted, begin)
            counted = begin
            yield Part(self._script, line, self.sql[begin:end])

    def copy_data(self) -> bytes:
        """Take the data that stands below, for a COPY in it."""
        return self._script.take_data().encode()

    def line_of(self, position: int | None, completed: int, parser: Parser) -> int | None:
        """Return the line of an error: by its position, or by the statements before it."""
        if position is not None:
            return self.line + self.sql.count("\n", 0, position - 1)
        line = parser.line_of(self.sql, completed)
        return None if line is None else self.line + line - 1


class Script:
    """A file of SQL, taken part by part."""

    def __init__(self, name: str, text: str, parser: Parser) -> None:
        self.name = name
        self._text = text
        self._parser = parser
        self._lines: list[str] = []
        self._taken = 0

    @classmethod
    def read(cls, source: Source, parser: Parser) -> Script:
        """Read a file.

        Raises:
            OSError: it cannot be read.
            ValueError: it is not UTF-8.
        """
        content: str | bytes
        if isinstance(source, (str, os.PathLike)):
            name, content = os.fspath(source), Path(source).expanduser().read_bytes()
        else:
            name, content = str(getattr(source, "name", _UNNAMED)), source.read()
        text = content if isinstance(content, str) else _decoded(content, name)
        return cls(name, text.replace("\r\n", "\n").replace("\r", "\n"), parser)

    def parts(self) -> Iterator[Part]:
        """Yield what is to be run, file by file, and in each from top to bottom.

        Raises:
            OSError: a file that it includes cannot be read.
            ValueError: it has a command of psql's that is not known here, or is not UTF-8.
        """
        if not _CANDIDATE.search(self._text):
            yield Part(self, 1, self._text)
            return
        self._lines = self._text.split("\n")
        begin = self._taken
        while self._taken < len(self._lines):
            line = self._lines[self._taken]
            is_command = line.startswith("\\")
            if is_command and not self._is_open(begin):
                yield from self._since(begin)
                self._taken += 1
                if line.split()[0] in _QUITS:
                    return
                yield from self._obey(line.split())
                begin = self._taken
                continue
            self._taken += 1
            if not is_command and _CANDIDATE.search(line) and not self._is_open(begin):
                yield from self._since(begin)
                begin = self._taken  # below the data, if it has been taken
        yield from self._since(begin)

    def take_data(self) -> str:
        """Take the lines up to the end of the data, or of the file."""
        begin = self._taken
        try:
            end = self._lines.index(END_OF_DATA, begin)
        except ValueError:
            end = len(self._lines)
        self._taken = end + 1
        return "".join(f"{line}\n" for line in self._lines[begin:end])

    def _is_open(self, begin: int) -> bool:
        sql = self._sql(begin)
        return bool(sql.strip()) and self._parser.is_open(sql)

    def _sql(self, begin: int) -> str:
        return "\n".join(self._lines[begin : self._taken])

    def _since(self, begin: int) -> Iterator[Part]:
        sql = self._sql(begin)
        if sql.strip():
            yield Part(self, begin + 1, sql)

    def _obey(self, words: list[str]) -> Iterator[Part]:
        """Do what a command of psql's says, as far as it matters."""
        name, arguments = words[0], words[1:]
        if name == _END_OF_DUMP:
            yield Part(self, self._taken, _AFTER_DUMP)
            return
        if name in _IGNORED or words[:2] == _ON_ERROR_STOP:
            return
        if name in _INCLUDES and len(arguments) == 1:
            folder = Path(self.name).parent if name in _INCLUDES[2:] else Path()
            path = folder / arguments[0].strip("'")
            try:
                included = Script.read(path, self._parser)
            except OSError as error:
                advice = "" if name in _INCLUDES[2:] else "; \\ir begins at the file's own folder"
                place = f"{self.name}:{self._taken}: {name} {path}"
                raise type(error)(f"{place}: {error.strerror}{advice}") from None
            yield from included.parts()
            return
        raise ValueError(
            f"{self.name}:{self._taken}: {name} is a command of psql's, which is not known here:"
            " serve the database (`pglite-native serve`), and run the file by psql"
        )


def _decoded(data: bytes, name: str) -> str:
    for magic, advice in _OTHER_FORMATS.items():
        if data.startswith(magic):
            raise ValueError(f"{name}: {advice}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{name}:{line}: the file is not UTF-8 (byte 0x{data[error.start]:02x}): convert"
            " it, by iconv -f latin1 -t utf-8 say"
        ) from None


def run(conversation: Conversation, source: Source) -> None:
    """Run a file.

    Raises:
        DatabaseError: PostgreSQL's error; it says file and line. What stood before that part of the
            file has taken effect.
        OSError, ValueError: as Script does.
    """
    with Parser() as parser:
        for part in Script.read(source, parser).parts():
            try:
                conversation.simple(part.sql, part.copy_data)
            except DatabaseError as error:
                error.script = part.name
                error.script_line = part.line_of(error.position, error._completed, parser)
                raise

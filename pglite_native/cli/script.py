"""Run SQL and write what comes of it, as psql does."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import BinaryIO, Protocol, TextIO

from pglite_native.cli.formats import Format, Table
from pglite_native.cli.report import describe
from pglite_native.database.parser import Parser
from pglite_native.database.script import Part, Script
from pglite_native.engine.session import Session
from pglite_native.protocol import wire

COPY_BYTES = 64 * 1024

# Statements whose tag is written below the rows that they return.
CHANGES = ("INSERT", "UPDATE", "DELETE", "MERGE")

Place = Callable[[int | None, int], str]
"""Where an error is: of its position, and how many statements have been carried out before."""


class Readable(Protocol):
    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes, none at the end."""


def run(
    session: Session,
    sql: str,
    output: TextIO,
    errors: TextIO,
    copy_input: Readable | None = None,
    form: Format | None = None,
    place: Place | None = None,
    copy_output: BinaryIO | None = None,
) -> bool:
    """Run the statements of a string, together; return whether there was no error.

    COPY FROM STDIN reads `copy_input`, COPY TO STDOUT writes to `copy_output`, or to `output`.
    `form` is how results are written: as tables. `place` says where an error is, if the statements
    are a file's.

    Raises:
        KeyboardInterrupt: the statement that ran was cancelled, and what is left of its answer
            dropped; the session can be used.
        ValueError: the format cannot have this result; the statement was cancelled.
    """
    printer = _Printer(sql, output, errors, form or Table("", None), place, copy_output)
    printer.exchange(session, wire.query(sql))
    while printer.wants_copy_data:
        try:
            message = _copy_message(copy_input)
        except BaseException as error:  # an interrupt most likely: the server still waits
            printer.exchange(session, wire.copy_fail(str(error) or type(error).__name__))
            raise
        printer.exchange(session, message)
    return not printer.failed


def run_script(
    session: Session, script: Script, parser: Parser, output: TextIO, errors: TextIO, form: Format
) -> bool:
    """Run a file's statements, each by itself, up to an error; return whether there was none.

    Raises:
        As run() and Script do.
    """
    return all(
        run(session, one.sql, output, errors, _DataBelow(one), form, _place(one, parser))
        for part in script.parts()
        for one in part.statements(parser)
    )


def run_file(
    session: Session, path: str, output: TextIO, errors: TextIO, form: Format | None = None
) -> bool:
    """The same of a file that is yet to be read."""
    with Parser() as parser:
        script = Script.read(path, parser)
        return run_script(session, script, parser, output, errors, form or Table("", None))


def _place(part: Part, parser: Parser) -> Place:
    def place(position: int | None, completed: int) -> str:
        line = part.line_of(position, completed, parser)
        return f"{part.name}: " if line is None else f"{part.name}:{line}: "

    return place


class _DataBelow:
    """What each COPY of a part reads: the data that stands below it."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._data: io.BytesIO | None = None

    def read(self, size: int) -> bytes:
        if self._data is None:
            self._data = io.BytesIO(self._part.copy_data())
        data = self._data.read(size)
        if not data:
            self._data = None  # the next COPY has its own
        return data


def _copy_message(copy_input: Readable | None) -> bytes:
    if copy_input is None:
        return wire.copy_fail("the standard input was the SQL")
    data = copy_input.read(COPY_BYTES)
    return wire.copy_data(data) if data else wire.copy_done()


class _Printer:
    """Writes the messages of one query's answer."""

    def __init__(
        self,
        sql: str,
        output: TextIO,
        errors: TextIO,
        form: Format,
        place: Place | None,
        copy_output: BinaryIO | None,
    ) -> None:
        self._place = place
        self._completed = 0
        self.failed = False
        self.wants_copy_data = False
        self._sql = sql
        self._output = output
        self._copy_output = copy_output
        self._errors = errors
        self._format = form
        self._splitter = wire.Splitter()
        self._has_rows = False
        self._copies_out = False

    def exchange(self, session: Session, message: bytes) -> None:
        """Send a message, write its answer as it comes."""
        with session.exec_protocol_stream(message) as parts:  # leaving it early cancels
            for part in parts:
                for received in self._splitter.feed(part):
                    self._take(received)

    def _take(self, message: wire.Message) -> None:
        kind, payload = message
        if kind == "D":
            self._lines(self._format.row(wire.values(payload)))
        elif kind == "T":
            self._has_rows = True
            self._lines(self._format.begin(wire.columns(payload)))
        elif kind == "C":
            self._complete(wire.string(payload))
        elif kind in "EN":
            self._report(payload, failed=kind == "E")
        elif kind == "G":
            self.wants_copy_data = True
        elif kind == "H":
            self._copies_out = True
        elif kind == "d":
            self._write(payload)
        elif kind == "A":
            process, channel, content = wire.notification(payload)
            with_content = f' with payload "{content}"' if content else ""
            self._remark(
                f'Asynchronous notification "{channel}"{with_content}'
                f" received from server process with PID {process}."
            )
        elif kind == "Z":
            self.wants_copy_data = False

    def _write(self, copied: bytes) -> None:
        """As it comes: it may be binary, or of another encoding."""
        target = self._copy_output or getattr(self._output, "buffer", None)
        if target is None:
            self._output.write(wire.text(copied))
            return
        self._output.flush()
        target.write(copied)

    def _complete(self, tag: str) -> None:
        self._completed += 1
        if self._has_rows:
            self._lines(self._format.end())
            self._remark("")
        is_mixed = self._copies_out and self._copy_output is None  # the tag would be among the data
        if not is_mixed and (not self._has_rows or tag.startswith(CHANGES)):
            self._remark(tag)
        self._forget()

    def _report(self, payload: bytes, failed: bool) -> None:
        self._output.flush()  # so that the two streams keep their order on a terminal
        fields = wire.report(payload)
        place = ""
        if failed and self._place is not None:
            place = self._place(int(fields["P"]) if "P" in fields else None, self._completed)
        for line in describe(fields, self._sql, place):
            print(line, file=self._errors)
        if failed:
            self.failed = True
            self._forget()

    def _forget(self) -> None:
        """Be ready for the next statement's answer."""
        self._has_rows = self._copies_out = self.wants_copy_data = False

    def _lines(self, lines: Iterable[str]) -> None:
        for line in lines:
            print(line, file=self._output)

    def _remark(self, line: str) -> None:
        if self._format.says_more:
            print(line, file=self._output)

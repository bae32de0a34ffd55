"""Run SQL and write what comes of it as psql does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO, TextIO

from pglite_native import _wire
from pglite_native._report import describe
from pglite_native._table import layout
from pglite_native.engine import Engine

COPY_BYTES = 64 * 1024

# Statements whose tag is written below the rows that they return.
CHANGES = ("INSERT", "UPDATE", "DELETE", "MERGE")


def run(
    engine: Engine, sql: str, output: TextIO, errors: TextIO, copy_input: BinaryIO | None = None
) -> bool:
    """Run the statements of a string, together; return whether there was no error.

    COPY FROM STDIN reads `copy_input`. An interrupt cancels the statement.
    """
    printer = _Printer(sql, output, errors)

    def work() -> None:
        printer.take(engine.exec_protocol_stream(_wire.query(sql)))
        while printer.wants_copy_data:
            printer.take(engine.exec_protocol_stream(_copy_message(copy_input)))

    _interruptibly(engine, work)
    return not printer.failed


def _copy_message(copy_input: BinaryIO | None) -> bytes:
    if copy_input is None:
        return _wire.copy_fail("the standard input was the SQL")
    data = copy_input.read(COPY_BYTES)
    return _wire.copy_data(data) if data else _wire.copy_done()


def _interruptibly(engine: Engine, work: Callable[[], None]) -> None:
    # Python handles signals in its main thread, which SQL must therefore not occupy.
    with ThreadPoolExecutor(max_workers=1) as pool:
        future = pool.submit(work)
        while True:
            try:
                return future.result()
            except KeyboardInterrupt:
                engine.cancel()


class _Printer:
    """Writes the messages of one query's answer."""

    def __init__(self, sql: str, output: TextIO, errors: TextIO) -> None:
        self.failed = False
        self.wants_copy_data = False
        self._sql = sql
        self._output = output
        self._errors = errors
        self._splitter = _wire.Splitter()
        self._columns: list[_wire.Column] | None = None
        self._rows: list[list[str | None]] = []
        self._copies_out = False

    def take(self, parts: Iterable[bytes]) -> None:
        for part in parts:
            for message in self._splitter.feed(part):
                self._take(message)

    def _take(self, message: _wire.Message) -> None:
        kind, payload = message
        if kind == "D":
            self._rows.append(_wire.values(payload))
        elif kind == "T":
            self._columns = _wire.columns(payload)
        elif kind == "C":
            self._complete(_wire.string(payload))
        elif kind in "EN":
            self._report(payload, failed=kind == "E")
        elif kind == "G":
            self.wants_copy_data = True
        elif kind == "H":
            self._copies_out = True
        elif kind == "d":
            self._output.write(_wire.text(payload))
        elif kind == "A":
            process, channel, content = _wire.notification(payload)
            with_content = f' with payload "{content}"' if content else ""
            self._line(
                f'Asynchronous notification "{channel}"{with_content}'
                f" received from server process with PID {process}."
            )
        elif kind == "Z":
            self.wants_copy_data = False

    def _complete(self, tag: str) -> None:
        if self._columns is not None:
            for line in layout(self._columns, self._rows):
                self._line(line)
            self._line("")
        if not self._copies_out and (self._columns is None or tag.startswith(CHANGES)):
            self._line(tag)
        self._forget()

    def _report(self, payload: bytes, failed: bool) -> None:
        self._output.flush()  # so that the two streams keep their order on a terminal
        for line in describe(_wire.report(payload), self._sql):
            print(line, file=self._errors)
        if failed:
            self.failed = True
            self._forget()

    def _forget(self) -> None:
        """Be ready for the next statement's answer."""
        self._columns, self._rows = None, []
        self._copies_out = self.wants_copy_data = False

    def _line(self, line: str) -> None:
        print(line, file=self._output)

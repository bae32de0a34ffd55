"""A conversation with a session in messages: SQL in, text out, errors as exceptions."""

from __future__ import annotations

import contextlib
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from pglite_native import _rows
from pglite_native.diagnostics import Notice
from pglite_native.engine.session import Session
from pglite_native.errors import DatabaseError, EngineBusy, EngineError
from pglite_native.protocol import wire

_log = logging.getLogger("pglite_native.notice")

# Python's levels for PostgreSQL's severities; the rest, DEBUG and LOG, is for debugging.
_LEVELS = {"WARNING": logging.WARNING, "NOTICE": logging.INFO, "INFO": logging.INFO}

IDLE, IN_TRANSACTION, FAILED = "I", "T", "E"
"""What ReadyForQuery says of the session."""

RUNS = "Dd"
"""DataRow and CopyData, which come in great numbers."""

NO_COPY_DATA = "there is no data to copy: copy_from sends some"


class Answer(NamedTuple):
    """What came of one statement; `tag` is its CommandComplete."""

    columns: list[wire.Column]
    runs: list[bytes]
    tag: str

    def rows(
        self, converters: Iterable[_rows.Converter], names: Iterable[str] | None = None
    ) -> list[Any]:
        """Convert the rows into tuples, or where names are given, into dicts."""
        kinds, keys = tuple(converters), None if names is None else tuple(names)
        return _rows.rows(self.runs, kinds, keys)


class Conversation:
    """What is said to a session, and what it answers. One thread at a time: callers see to it."""

    def __init__(self, session: Session, on_notice: Callable[[Notice], object] | None) -> None:
        self.session = session
        self.notifications: deque[tuple[str, str]] = deque()
        self._on_notice = on_notice
        self.also_on_notice: Callable[[Notice], object] | None = None
        """Somebody else who is told of notices, while a call lasts."""
        self._status: str | None = None
        self._copies = False  # COPY FROM STDIN: the next bytes are its
        self._lost = False  # no ReadyForQuery has come, by an interrupt: it may wait for such bytes

    @property
    def status(self) -> str:
        """IDLE, IN_TRANSACTION or FAILED.

        Asked for where it is not known: a session may come with an open transaction, and a call
        that was interrupted loses its reply.

        Raises:
            DatabaseError: the session has ended, and this is why.
        """
        if self._status is None:
            _raise_error(self._send(wire.sync()), "")
        return self._status or IDLE

    def simple(self, sql: str, copy_data: Callable[[], bytes] | None = None) -> list[Answer]:
        """Run any number of statements; `copy_data` is asked for what a COPY FROM STDIN reads.

        Raises:
            DatabaseError: one failed; outside of a transaction none has taken effect.
        """
        return list(_answers(self._exchange(wire.query(sql), sql, copy_data=copy_data)))

    def run(self, sql: str, param_types: Sequence[int] = ()) -> Answer:
        """Run one statement without parameters."""
        message = wire.parse(sql, param_types) + wire.bind([])
        message += wire.describe_portal() + wire.execute()
        return _answer(self._exchange(message, sql, end=wire.sync()))

    def prepare(
        self, sql: str, param_types: Sequence[int] = ()
    ) -> tuple[list[int], list[wire.Column]]:
        """Prepare one statement; return its parameters' types and its result's columns."""
        message = wire.parse(sql, param_types) + wire.describe_statement()
        types: list[int] = []
        columns: list[wire.Column] = []
        for kind, payload in self._exchange(message, sql, end=wire.sync()):
            if kind == "t":
                types = wire.parameter_types(payload)
            elif kind == "T":
                columns = wire.columns(payload)
        return types, columns

    def execute(self, sql: str, parameters: Sequence[str | None]) -> Answer:
        """Run the statement that was prepared last."""
        message = wire.bind(parameters) + wire.describe_portal() + wire.execute()
        return _answer(self._exchange(message, sql, end=wire.sync()))

    def _exchange(
        self,
        message: bytes,
        sql: str,
        end: bytes = b"",
        copy_data: Callable[[], bytes] | None = None,
    ) -> list[wire.Message]:
        """Send a query, ended by a Sync where it needs one; return the reply without its errors."""
        messages = self._send(message + end)
        while copy_data is not None and self._status is None and messages[-1].kind == "G":
            messages += self._call(wire.copy_data(copy_data()) + wire.copy_done())
        if self._status is None and any(kind == "G" for kind, _ in messages):
            # COPY FROM STDIN waits; it has taken the Sync for nothing.
            messages += self._call(wire.copy_fail(NO_COPY_DATA) + end)
        _raise_error(messages, sql)
        return messages

    def copy_in(self, sql: str, chunks: Iterable[bytes]) -> Answer:
        """Run one COPY FROM STDIN with data for it.

        What `chunks` raises ends the statement, which then has taken no effect, and is raised.
        """
        messages = self._send(wire.parse(sql) + wire.bind([]) + wire.execute())
        if not any(kind == "G" for kind, _ in messages):
            _raise_end(messages, sql)
            messages += self._call(wire.sync())
            _raise_error(messages, sql)
            raise ValueError(f"not a COPY FROM STDIN: {sql}")
        try:
            self._copies = True
            for chunk in chunks:
                messages += self._call(wire.copy_data(chunk))
                _raise_end(messages[-1:], sql)
                if messages[-1].kind == "E":  # what else would come the server would only drop
                    break
            messages += self._call(wire.copy_done() + wire.sync())
        except BaseException as error:
            with contextlib.suppress(EngineError):  # then there is no session to be kept in order
                self._call(wire.copy_fail(repr(error).replace("\0", "")) + wire.sync())
            raise
        finally:
            self._copies = False
        _raise_error(messages, sql)
        return _answer(messages)

    def copy_out(self, sql: str, write: Callable[[bytes], object]) -> Answer:
        """Run one COPY TO STDOUT, and hand on what comes, some hundred KiB at a time.

        What `write` raises cancels the statement.
        """
        self._status = None
        self._find()
        self._lost = True
        message = wire.parse(sql) + wire.bind([]) + wire.execute() + wire.sync()
        splitter = wire.Splitter(RUNS)
        others: list[wire.Message] = []
        with self.session.exec_protocol_stream(message) as stream:
            for part in stream:
                for received in splitter.feed(part):
                    if received.kind == "d":
                        write(_rows.payloads(received.payload))
                    elif received.kind != "D":  # rows of something else
                        others.append(received)
        messages = self._sorted(others)
        _raise_end(messages, sql)
        if self._status is None:  # COPY FROM STDIN waits
            messages += self._call(wire.copy_fail(NO_COPY_DATA) + wire.sync())
        _raise_error(messages, sql)
        if not any(kind == "H" for kind, _ in messages):
            raise ValueError(f"not a COPY TO STDOUT: {sql}")
        return _answer(messages)

    def _send(self, message: bytes) -> list[wire.Message]:
        """Send messages; return the reply to them without what is said by the way."""
        if self._copies:
            raise EngineBusy(
                "the database is busy: a COPY reads from its source, which must not query it"
            )
        self._find()
        return self._call(message)

    def _call(self, message: bytes) -> list[wire.Message]:
        self._status = None  # until ReadyForQuery: the call may be interrupted, or the session end
        self._lost = True
        splitter = wire.Splitter(RUNS)
        received: list[wire.Message] = []
        self.session._exec_in_parts(message, lambda part: received.extend(splitter.feed(part)))
        return self._sorted(received)

    def _find(self) -> None:
        """See to it that the session waits for a query."""
        if self._lost:
            self.session.exec_protocol_raw(wire.give_up())
            self._lost = False

    def _sorted(self, messages: Iterable[wire.Message]) -> list[wire.Message]:
        """Deal with what is said by the way; return the rest."""
        found = []
        for received in messages:
            kind, payload = received
            if kind == "Z":
                self._status = wire.text(payload)
                self._lost = False
            elif kind == "N":
                self._notice(Notice(wire.report(payload)))
            elif kind == "A":
                _process, channel, content = wire.notification(payload)
                self.notifications.append((channel, content))
            else:
                found.append(received)
        return found

    def _notice(self, notice: Notice) -> None:
        _log.log(_LEVELS.get(notice.severity, logging.DEBUG), "%s", notice)
        for listener in (self._on_notice, self.also_on_notice):
            try:
                if listener is not None:
                    listener(notice)
            except Exception:  # the statement continues, and its answer must not be lost
                _log.exception("on_notice failed")


def _raise_error(messages: Iterable[wire.Message], sql: str) -> None:
    completed = 0
    for kind, payload in messages:
        if kind == "E":
            raise DatabaseError(wire.report(payload), sql, completed)
        completed += kind == "C"


def _raise_end(messages: Iterable[wire.Message], sql: str) -> None:
    """Raise the error that has ended the session: no other message is answered."""
    for kind, payload in messages:
        if kind == "E" and (report := wire.report(payload)).get("V") in {"FATAL", "PANIC"}:
            raise DatabaseError(report, sql)


def _answers(messages: list[wire.Message]) -> list[Answer]:
    found = []
    columns: list[wire.Column] = []
    runs: list[bytes] = []
    for kind, payload in messages:
        if kind == "D":
            runs.append(payload)
        elif kind == "T":
            columns = wire.columns(payload)
        elif kind == "C":
            found.append(Answer(columns, runs, wire.string(payload)))
            columns, runs = [], []
    return found


def _answer(messages: list[wire.Message]) -> Answer:
    """The one answer; an empty statement's is empty."""
    answers = _answers(messages)
    return answers[0] if answers else Answer([], [], "")

"""A conversation with a session in messages: SQL in, text out, errors as exceptions."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from pglite_native import _messages, _rows, logs
from pglite_native.database.prepared_statements import Key, Statement, Statements, name_of
from pglite_native.diagnostics import Notice
from pglite_native.engine.session import Session
from pglite_native.errors import DatabaseError, EngineBusy, EngineError
from pglite_native.protocol import wire

# Python's levels for PostgreSQL's severities; the rest, DEBUG and LOG, is for debugging.
_LEVELS = {"WARNING": logs.WARNING, "NOTICE": logs.INFO, "INFO": logs.INFO}

IDLE, IN_TRANSACTION, FAILED = "I", "T", "E"
"""What ReadyForQuery says of the session."""

RUNS = "Dd"
"""DataRow and CopyData, which come in great numbers."""

NO_COPY_DATA = "there is no data to copy: copy_from sends some"
COPY_DATA_LOST = "COPY TO STDOUT has sent data, for which there is no place: copy_to returns it"


STALE = ("0A000", "26000", "22", "42")
"""How the SQLSTATEs begin of a prepared statement that is gone, or whose tables are not what they
were: "cached plan must not change result type" (0A000), values and names that do not fit."""

_BIND_AND_RUN = wire.bind([]) + wire.describe_portal() + wire.execute() + wire.sync()

_BEGUN = wire.message(b"1") + wire.message(b"2") + wire.message(b"C", b"BEGIN\0")
"""The reply to a `beginning`."""


Columns = tuple[wire.Column, ...]


class Answer(NamedTuple):
    """What came of one statement: `command` and `row_count` are of its CommandComplete."""

    columns: Columns
    runs: list[bytes]
    command: str
    row_count: int | None

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
        self.notifications: deque[tuple[int, str, str]] = deque()
        """Process, channel and payload of each that has come."""
        self._on_notice = on_notice
        self.also_on_notice: Callable[[Notice], object] | None = None
        """Somebody else who is told of notices, while a call lasts."""
        self.beginning = b""
        """Messages that begin a transaction, to be sent before the next ones, in the same call.
        There is no Sync in them: where they fail, what comes after them is not run."""
        self._status: str | None = None
        self.statements = Statements()
        self._incarnation = session._incarnation
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

    @property
    def known_status(self) -> str | None:
        """The same as far as it is known, without a call."""
        return self._status

    def continues(self, other: Conversation) -> None:
        """Know what another one knows, of whose session this one's is a fork."""
        self.statements, self._status = other.statements.copy(), other._status

    def simple(self, sql: str, copy_data: Callable[[], bytes] | None = None) -> list[Answer]:
        """Run any number of statements; `copy_data` is asked for what a COPY FROM STDIN reads.

        Raises:
            DatabaseError: one failed; outside of a transaction none has taken effect.
        """
        found = self._ask(wire.query(sql))
        if isinstance(found, Answer):
            return [found]
        while copy_data is not None and self._status is None and found[-1].kind == "G":
            found += self._call(wire.copy_data(copy_data()) + wire.copy_done())
        return list(_answers(self._complete(found, sql)))

    def run(self, sql: str, param_types: Sequence[int] = ()) -> Answer:
        """Run one statement without parameters.

        As a simple query, which PostgreSQL plans without keeping a copy, if it cannot be several
        statements and says nothing of parameters: those are the extended protocol's errors.
        """
        if param_types or ";" in sql or "$" in sql:
            return self._run(wire.parse(sql, param_types) + _BIND_AND_RUN, sql)
        found = self._ask(wire.query(sql))
        return found if isinstance(found, Answer) else _answer(self._complete(found, sql))

    def prepare(
        self, sql: str, param_types: Sequence[int] = (), name: bytes = b"", before: bytes = b""
    ) -> tuple[tuple[int, ...], Columns]:
        """Prepare one statement; return its parameters' types and its result's columns.

        `before` are messages that are sent first.
        """
        message = before + wire.parse(sql, param_types, name) + wire.describe_statement(name)
        types: tuple[int, ...] = ()
        columns: Columns = ()
        end = wire.sync()
        for kind, payload in self._complete(self._send(message + end), sql, end):
            if kind == "t":
                types = wire.parameter_types(payload)
            elif kind == "T":
                columns = wire.columns(payload)
        return types, columns

    def execute(self, sql: str, parameters: Sequence[str | None]) -> Answer:
        """Run the statement that was prepared last."""
        message = wire.bind(parameters) + wire.describe_portal() + wire.execute() + wire.sync()
        return self._run(message, sql)

    def execute_as(self, message: bytes, sql: str, columns: Columns) -> Answer:
        """Run the statement that was prepared last by messages that do not ask for its columns."""
        return self._run(message, sql, columns)

    def pipeline(self, messages: bytes, sql: str) -> int:
        """Run messages that run a statement any number of times; return how many rows they count.

        Outside of a transaction they are one: if one fails, none has taken effect.
        """
        found = self._complete(self._send(messages + wire.sync()), sql)
        return sum(wire.tag(payload)[1] or 0 for kind, payload in found if kind == "C")

    def find(self, key: Key) -> Statement | None:
        """Return a statement that is prepared, and can be used as the session stands."""
        incarnation = self.session._incarnation
        if incarnation != self._incarnation:
            self.statements.clear()
            self._incarnation = incarnation
        if self._status is None or self._status == FAILED:
            return None
        return self.statements.find(key)

    def is_due(self, key: Key) -> bool:
        """Whether a statement comes again, and can be prepared as the session stands."""
        known = self._status == IDLE or self._status == IN_TRANSACTION
        return known and self.statements.is_candidate(key)

    def prepare_again(self, key: Key) -> tuple[bytes, tuple[int, ...], Columns, list[bytes]]:
        """Prepare a statement under a name; return this, what it wants and gives, and the names of
        others that have been closed."""
        sql, param_types = key
        name, statements = name_of(key), self.statements
        closed = statements.make_room()
        statements.sent(name)
        closing = b"".join(map(wire.close_statement, {*closed, name}))
        types, columns = self.prepare(sql, param_types, name, closing)
        return name, types, columns, closed

    def repeat(self, key: Key, message: bytes, columns: Columns) -> Answer | None:
        """Run a prepared statement by its messages.

        Return None where that has done nothing, as it was no longer what its text says, and it is
        to be run anew. In a transaction that was there before, which an error ends, that is the
        error.
        """
        before, beginning = self._status, self.beginning
        found = self._ask(message, columns)
        if isinstance(found, Answer):
            return found
        if _is_stale(found):
            self.statements.drop(key)
            if beginning and self._status == FAILED:
                self.simple("rollback")
                self.beginning = beginning
            if before == IDLE == self._status:
                return None
        return _answer(self._complete(found, key[0]), columns)

    def _run(self, message: bytes, sql: str, columns: Columns | None = None) -> Answer:
        found = self._ask(message, columns)
        if isinstance(found, Answer):
            return found
        return _answer(self._complete(found, sql, wire.sync()), columns)

    def _complete(
        self, messages: list[wire.Message], sql: str, end: bytes = b""
    ) -> list[wire.Message]:
        """Return the reply to a query, which `end` has ended, or raise its error."""
        if self._status is None and any(kind == "G" for kind, _ in messages):
            # COPY FROM STDIN waits; it has taken the Sync for nothing.
            messages += self._call(wire.copy_fail(NO_COPY_DATA) + end)
        _raise_error(messages, sql)
        if any(kind == "H" for kind, _ in messages):
            raise ValueError(f"{COPY_DATA_LOST}: {sql}")
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
            raise ValueError(f"not a COPY FROM STDIN, as copy_from wants one: {sql}")
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
        beginning, self.beginning = self.beginning, b""
        splitter = wire.Splitter(RUNS)
        others: list[wire.Message] = []
        with self.session.exec_protocol_stream(beginning + message) as stream:
            for part in stream:
                for received in splitter.feed(part):
                    if received.kind == "d":
                        write(_rows.payloads(received.payload))
                    elif received.kind != "D":  # rows of something else
                        others.append(received)
        messages = _begun(self._sorted(others)) if beginning else self._sorted(others)
        _raise_end(messages, sql)
        if self._status is None:  # COPY FROM STDIN waits
            messages += self._call(wire.copy_fail(NO_COPY_DATA) + wire.sync())
        _raise_error(messages, sql)
        if not any(kind == "H" for kind, _ in messages):
            raise ValueError(f"not a COPY TO STDOUT, as copy (select ...) to stdout: {sql}")
        return _answer(messages)

    def _send(self, message: bytes) -> list[wire.Message]:
        """Send messages; return the reply to them without what is said by the way."""
        self._be_ready()
        beginning, self.beginning = self.beginning, b""
        found = self._call(beginning + message)
        return _begun(found) if beginning else found

    def _ask(self, message: bytes, known: Columns | None = None) -> Answer | list[wire.Message]:
        """Send a query; return the answer where there is nothing else, or else the reply.

        `known`: the result's columns, where the reply does not say them.
        """
        self._be_ready()
        beginning, self.beginning = self.beginning, b""
        if beginning:
            message = beginning + message
        self._status = None
        self._lost = True
        parts: list[bytes] = []
        splitter: wire.Splitter | None = None
        received: list[wire.Message] = []

        def take(part: bytes) -> None:
            nonlocal splitter
            if parts:  # a long reply: what has come is split, and only that is kept
                splitter = splitter or wire.Splitter(RUNS)
                received.extend(splitter.feed(parts.pop()))
            parts.append(part)

        self.session._exec_in_parts(message, take)
        found = None
        if parts and splitter is None:
            whole = parts[0]
            if beginning and whole.startswith(_BEGUN):
                whole = whole[len(_BEGUN) :]
            found = _messages.answer(whole)
        if found is None:
            splitter = splitter or wire.Splitter(RUNS)
            for part in parts:
                received.extend(splitter.feed(part))
            messages = self._sorted(received, known is not None)
            return _begun(messages) if beginning else messages
        status, command, count, described, rows = found
        columns = known or () if described is None else wire.columns(described)
        self.statements.completed(command, known is not None or described is not None)
        if status == IDLE:
            self.statements.idle()
        self._status = status
        self._lost = False
        return Answer(columns, [rows] if rows else [], command, count)

    def _call(self, message: bytes) -> list[wire.Message]:
        self._status = None  # until ReadyForQuery: the call may be interrupted, or the session end
        self._lost = True
        splitter = wire.Splitter(RUNS)
        received: list[wire.Message] = []
        self.session._exec_in_parts(message, lambda part: received.extend(splitter.feed(part)))
        return self._sorted(received)

    def _be_ready(self) -> None:
        if self._copies:
            raise EngineBusy(
                "the database is busy: a COPY reads from its source, which must not query it"
            )
        if self._lost:
            self._find()

    def _find(self) -> None:
        """See to it that the session waits for a query."""
        if self._lost:
            self.statements.clear()  # what the reply would have said is not known
            self.session.exec_protocol_raw(wire.give_up())
            self._lost = False

    def _sorted(
        self, messages: Iterable[wire.Message], has_columns: bool = False
    ) -> list[wire.Message]:
        """Deal with what is said by the way; return the rest."""
        found = []
        for received in messages:
            kind, payload = received
            if kind == "Z":
                status = wire.text(payload)
                if status == IDLE:
                    self.statements.idle()
                self._status = status
                self._lost = False
            elif kind == "N":
                self._notice(Notice(wire.report(payload)))
            elif kind == "A":
                self.notifications.append(wire.notification(payload))
            elif kind == "S":
                self.statements.clear()
            else:
                found.append(received)
                if kind == "T":
                    has_columns = True
                elif kind == "C":
                    self.statements.completed(wire.tag(payload)[0], has_columns)
                    has_columns = False
        return found

    def _notice(self, notice: Notice) -> None:
        log = logs.logger("notice")
        log.log(_LEVELS.get(notice.severity, logs.DEBUG), "%s", notice)
        for listener in (self._on_notice, self.also_on_notice):
            try:
                if listener is not None:
                    listener(notice)
            except Exception:  # the statement continues, and its answer must not be lost
                logs.logger().exception("on_notice failed")


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


def _begun(messages: list[wire.Message]) -> list[wire.Message]:
    """Leave out the reply to a `beginning`; where that has failed, the reply is its error."""
    kinds = [kind for kind, _ in messages]
    return messages[kinds.index("C") + 1 :] if "C" in kinds else messages


def _is_stale(messages: Iterable[wire.Message]) -> bool:
    """Whether a prepared statement has failed before it began, and may not be what its text is."""
    for kind, payload in messages:
        if kind == "2":  # bound: from here on it runs
            return False
        if kind == "E":
            return wire.report(payload).get("C", "").startswith(STALE)
    return False


def _answers(messages: list[wire.Message], known: Columns | None = None) -> list[Answer]:
    found = []
    columns = known or ()
    runs: list[bytes] = []
    for kind, payload in messages:
        if kind == "D":
            runs.append(payload)
        elif kind == "T":
            columns = wire.columns(payload)
        elif kind == "C":
            found.append(Answer(columns, runs, *wire.tag(payload)))
            columns, runs = (), []
    return found


def _answer(messages: list[wire.Message], known: Columns | None = None) -> Answer:
    """The one answer; an empty statement's is empty."""
    answers = _answers(messages, known)
    return answers[0] if answers else Answer((), [], "", None)

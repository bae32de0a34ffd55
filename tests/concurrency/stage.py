"""Scripts of interleaved steps, played on a cluster of ours and on a native PostgreSQL.

    @script
    def test_a_row_lock_waits_for_its_holder(a: Actor, b: Actor) -> None:
        a.run("create table t as select 1 as n")
        a.run("begin; update t set n = 2")
        b.start("update t set n = n + 1 returning n")   # in a thread of its own
        b.waits("transactionid")                        # as pg_stat_activity has it
        a.run("commit")
        assert b.finish() == [("3",)]

The test's parameters named by one letter are sessions. What they were answered is written down on
either side: rows, tags, errors in full, notices, notifications, what was waited for. Both have to
be the same, whatever the script itself asserts.

Nothing here sleeps for a fixed time, and nothing waits for ever: what does not happen within
PATIENCE fails the test, and says what the sessions were doing.
"""

from __future__ import annotations

import difflib
import inspect
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from pglite_native import EngineClosed
from tests import wire
from tests.concurrency.sides import Connection, Side

Row = tuple[str | None, ...]

PATIENCE = 10.0  # seconds, on a busy machine
LOOK_AGAIN = 0.004

STATES = """
    select state, wait_event_type || ':' || wait_event
    from pg_stat_activity where application_name = '{}'
"""
EVERYTHING = """
    select application_name, state, wait_event_type, wait_event, query
    from pg_stat_activity where application_name <> ''
"""


class StageError(AssertionError):
    """What a script waits for has not happened."""


class Failed(Exception):
    """A statement failed that should not have."""


class Outcome(NamedTuple):
    """What a statement was answered, as far as both sides have to agree on it."""

    rows: list[Row]
    tags: list[str]
    errors: list[tuple[str, str, str, str]]  # severity, SQLSTATE, message, detail; no numbers
    notices: list[tuple[str, str]]
    notifications: list[tuple[str, str, str]]  # sender, channel, payload


def _number_free(text: str) -> str:
    return re.sub(r"\d+", "#", text)


class Actor:
    """A session, played by a thread of its own while a statement of it runs."""

    def __init__(self, stage: Stage, name: str) -> None:
        self.name = name
        self._stage = stage
        self._connection = stage.side.connect()
        self._thread: threading.Thread | None = None
        self._reply: bytes | BaseException = b""
        self.run(f"set application_name = '{name}'")
        ((pid,),) = self.run("select pg_backend_pid()")
        stage.names[int(pid or 0)] = name
        stage.transcript.clear()

    # --- statements -------------------------------------------------------------------------

    def start(self, sql: str) -> None:
        """Begin a statement, and do not wait for its end."""
        assert self._thread is None, f"{self.name} has not finished"

        def work() -> None:
            try:
                self._reply = self._connection.ask(sql)
            except BaseException as error:
                self._reply = error

        self._thread = threading.Thread(target=work, daemon=True)
        self._thread.start()

    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def outcome(self) -> Outcome:
        """How the statement ended that was started."""
        assert self._thread is not None, f"{self.name} has started nothing"
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            raise StageError(f"{self.name} does not finish: {self._stage.what_they_do()}")
        self._thread = None
        if isinstance(self._reply, BaseException):
            raise self._reply
        outcome = self._read(self._reply)
        self._stage.note(self.name, outcome)
        return outcome

    def finish(self) -> list[Row]:
        """The rows of the statement that was started; it has to have succeeded."""
        outcome = self.outcome()
        if outcome.errors:
            raise Failed(f"{self.name}: {outcome.errors}")
        return outcome.rows

    def error(self) -> str:
        """The SQLSTATE with which the statement failed that was started; "00000" if it did not."""
        outcome = self.outcome()
        return outcome.errors[0][1] if outcome.errors else "00000"

    def run(self, sql: str) -> list[Row]:
        self.start(sql)
        return self.finish()

    def value(self, sql: str) -> str | None:
        ((value,),) = self.run(sql)
        return value

    def secret(self, sql: str) -> str:
        """The one value of a query, which is not the same on both sides."""
        value = self.value(sql)
        self._stage.transcript.pop()
        return value or ""

    def fails(self, sql: str) -> str:
        self.start(sql)
        return self.error()

    # --- what is seen -----------------------------------------------------------------------

    def waits(self, *events: str) -> None:
        """Wait until the running statement does, for one of these wait events."""
        for _ in self._stage.patiently(f"{self.name} to wait for {' or '.join(events)}"):
            if not self.is_running():
                raise StageError(f"{self.name} has finished: {self._reply!r}")
            ((state, wait),) = self._stage.ask(STATES.format(self.name))
            if state == "active" and wait and wait.partition(":")[2] in events:
                self._stage.note(self.name, f"waits for {wait}")
                return

    def rests(self) -> None:
        """Wait until the idle session is shown as waiting for its client."""
        for _ in self._stage.patiently(f"{self.name} to wait for its client"):
            ((_, wait),) = self._stage.ask(STATES.format(self.name))
            if wait == "Client:ClientRead":
                return

    def has_gone(self) -> None:
        """Wait until there is no such session any more, without a call of it."""
        for _ in self._stage.patiently(f"{self.name} to go"):
            if not self._stage.ask(STATES.format(self.name)):
                return

    def last_words(self) -> str:
        """The SQLSTATE that an idle session ended with."""
        said = bytearray()
        for _ in self._stage.patiently(f"last words of {self.name}"):
            said += self._connection.listen(LOOK_AGAIN)
            if wire.errors(bytes(said)):
                break
        outcome = self._read(bytes(said))
        self._stage.note(self.name, outcome)
        try:
            self._connection.ask("select 'still there'")
        except EngineClosed:
            return outcome.errors[0][1]
        raise StageError(f"{self.name} is still there after {outcome}")

    def hears(self, count: int = 1) -> list[tuple[str, str, str]]:
        """The next notifications (sender, channel, payload) for the idle session."""
        said = bytearray()
        for _ in self._stage.patiently(f"{count} notifications for {self.name}"):
            said += self._connection.listen(LOOK_AGAIN)
            if wire.kinds(bytes(said)).count("A") >= count:
                break
        outcome = self._read(bytes(said))
        self._stage.note(self.name, outcome)
        return outcome.notifications

    def cancel(self) -> None:
        """As a client does: a cancel request."""
        self._connection.cancel()

    def leave(self) -> None:
        """As a client that is gone."""
        self._connection.close()

    def _read(self, reply: bytes) -> Outcome:
        outcome = Outcome([], [], [], [], [])
        for item in wire.split(reply):
            if item.kind == "D":
                values = wire.row(item.payload)
                outcome.rows.append(tuple(v if v is None else v.decode() for v in values))
            elif item.kind == "C":
                outcome.tags.append(item.payload[:-1].decode())
            elif item.kind in "EN":
                fields = wire.report(item.payload)
                message, detail = (_number_free(fields.get(letter, "")) for letter in "MD")
                if item.kind == "E":
                    outcome.errors.append((fields["V"], fields["C"], message, detail))
                else:
                    outcome.notices.append((fields["V"], message))
            elif item.kind == "A":
                _, process, channel, payload = wire.decode(item)
                sender = self._stage.names.get(process, str(process))
                outcome.notifications.append((sender, channel, payload))
        return outcome


class Stage:
    """One side, the sessions that play on it, and what has been written down."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.names: dict[int, str] = {}
        self.transcript: list[tuple[str, object]] = []
        self._observer: Connection = side.connect()
        self._actors: list[Actor] = []

    def actor(self, name: str) -> Actor:
        actor = Actor(self, name)
        self._actors.append(actor)
        return actor

    def note(self, name: str, what: object) -> None:
        self.transcript.append((name, what))

    def ask(self, sql: str) -> list[Row]:
        """Rows for the stage itself, which are not written down."""
        reply = self._observer.ask(sql)
        assert not wire.errors(reply), wire.errors(reply)
        return [tuple(v if v is None else v.decode() for v in row) for row in wire.rows(reply)]

    def patiently(self, what: str) -> Iterator[None]:
        """Repeat until the loop is left; fail after a while, and say what was waited for."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            yield
            time.sleep(LOOK_AGAIN)
        raise StageError(f"waited for {what}: {self.what_they_do()}")

    def until(self, sql: str) -> None:
        """Wait until a query for one boolean says yes."""
        for _ in self.patiently(sql):
            if self.ask(sql) == [("t",)]:
                return

    def what_they_do(self) -> str:
        return f"on {self.side.name} {self.ask(EVERYTHING)}"

    def close(self) -> None:
        for actor in self._actors:
            actor.leave()
        self._observer.close()


OpenStage = Callable[[str], Any]  # a context manager that gives the Stage of a side by its name


@contextmanager
def playing(side: Side) -> Iterator[Stage]:
    stage = Stage(side)
    try:
        yield stage
    finally:
        stage.close()


def script(play: Callable[..., None]) -> Callable[..., None]:
    """Make a test of a script: play it on both sides, and compare what was answered."""
    parameters = inspect.signature(play).parameters
    actors = [name for name in parameters if len(name) == 1]

    def test(open_stage: OpenStage, **arguments: object) -> None:
        transcripts = []
        for side in ("native", "ours"):
            print(f"on {side}:")  # the last one printed is where it failed
            with open_stage(side) as stage:
                if "stage" in parameters:
                    arguments["stage"] = stage
                play(**{name: stage.actor(name) for name in actors}, **arguments)
                transcripts.append(stage.transcript)
        if transcripts[1] != transcripts[0]:
            native, ours = ([str(line) for line in transcript] for transcript in transcripts)
            differences = difflib.unified_diff(native, ours, "native", "ours", lineterm="")
            raise AssertionError("\n".join(["they differ", *differences]))

    keyword = inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = [inspect.Parameter("open_stage", keyword)]
    signature += [p for name, p in parameters.items() if name not in {*actors, "stage"}]
    test.__signature__ = inspect.Signature(signature)  # type: ignore[attr-defined]
    test.__name__, test.__doc__ = play.__name__, play.__doc__
    return test

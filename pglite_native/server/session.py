"""One client's session where many share an engine: it comes and goes by turns.

A session takes its turn when its client has said something, in whole messages, and keeps it for as
long as PostgreSQL has to remember what was begun: an open transaction, a pipeline before its Sync,
COPY. What tells is ReadyForQuery and the status in it. Between two turns other sessions run; what
is this one's own (settings, prepared statements, temporary tables ...) waits in the engine.

The client's socket and the session are this thread's alone. Who has something for an idle session,
a notification say, wakes it up, and it takes a turn like everybody else: a client that does not
read keeps nobody waiting but its own thread.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress

from pglite_native import _wire
from pglite_native.session import Message, Session
from pglite_native.errors import EngineError
from pglite_native.server.backend import LoginRefused
from pglite_native.server.declined import Declined
from pglite_native.server.framing import Framing
from pglite_native.server.inbox import Alarm, Inbox
from pglite_native.server.messages import READY_BYTES, READY_IDLE, Refusal, is_ready
from pglite_native.server.outbox import Outbox
from pglite_native.server.shared_engine import SharedEngine
from pglite_native.server.turns import Claim

_IDLE = b"I"  # ReadyForQuery's status outside of a transaction
_SYNC = _wire.sync()
_BUSY = b""  # ReadyForQuery is still to come

# A client that has the turn and is silent may have asked PostgreSQL for a timeout, which it sees
# when it runs.
_TICK_MS = 1000


class SessionLease:
    """A session that takes turns: the Lease of shared mode."""

    def __init__(self, shared: SharedEngine) -> None:
        self._shared = shared
        self._session: Session | None = None
        self._claim = Claim()
        self._has_turn = False
        self._status = _IDLE
        self._has_ended = False
        self._framing = Framing()
        self._declined: Declined | None = None
        self._alarm = Alarm()

    def log_in(self, packet: bytes) -> bytes:
        """Begin the session by a startup packet; return the welcome.

        Raises:
            Refusal: PostgreSQL refuses, or the turn does not come.
            EngineError: there is no memory for one more session, or the engine has failed.
        """
        self._take_turn(self._shared.turn_timeout_s)
        self._session = self._shared.open_session(self._alarm.ring)
        self._claim.process = self._session.pid
        with self._shared.exchange(self._session, packet) as parts:
            welcome = b"".join(parts)
        if not is_ready(welcome):
            raise LoginRefused(welcome)
        self._give_turn_back()
        return welcome

    def converse(self, client: socket.socket, is_stopping: Callable[[], bool]) -> None:
        client.setblocking(False)
        shared = self._shared
        outbox = Outbox(client, shared.spool, shared.turns.is_wanted, shared.turn_timeout_s)
        inbox = Inbox(client, self._alarm)
        try:
            while not is_stopping() and not self._has_ended:
                data = inbox.receive(_TICK_MS if self._has_turn else None)
                if data is None:
                    self._look_up(outbox)
                elif not data:
                    return
                else:
                    data, is_last = self._framing.feed(data)
                    self._answer(data, outbox)
                    if is_last:
                        return
        finally:
            outbox.close()
            client.setblocking(True)

    def cancel(self) -> None:
        self._shared.turns.cancel(self._claim, self._shared.cancel)

    def release(self) -> None:
        try:
            if self._session is not None:
                self._insist_on_turn()
                self._shared.close_session(self._session)
        except EngineError:
            self._shared.wake_all()
        finally:
            if self._has_turn:
                self._give_turn_back()
            self._alarm.close()

    def _answer(self, data: memoryview, outbox: Outbox) -> None:
        """Have messages executed, in a turn, or else declined."""
        while data:
            if self._declined is not None:
                data = self._decline(self._declined, data, outbox)
                continue
            has_request = self._framing.has_request
            if not self._has_turn:
                if not has_request and not self._framing.missing:
                    break
                if data[: len(_SYNC)] == _SYNC:  # there is nothing to end
                    data = data[len(_SYNC) :]
                    outbox.put(READY_IDLE)
                    continue
                try:
                    self._take_turn(self._shared.turn_timeout_s)
                except Refusal as refusal:
                    self._declined = Declined(refusal.encode("ERROR"))
                    continue
            self._exchange(data, has_request, outbox)
            break
        outbox.drain()

    def _decline(self, declined: Declined, data: memoryview, outbox: Outbox) -> memoryview:
        rest, answer = declined.feed(data)
        if declined.has_ended:
            self._declined = None
        outbox.put(answer)
        return rest

    def _look_up(self, outbox: Outbox) -> None:
        """Let PostgreSQL run without a message: for notifications, terminations, timeouts."""
        try:
            if not self._has_turn:
                self._take_turn(self._shared.turn_timeout_s)
        except Refusal:
            return  # who has the turn wakes it again
        self._exchange(b"", False, outbox)
        outbox.drain()

    def _exchange(self, data: Message, has_request: bool, outbox: Outbox) -> None:
        """Hand messages on and the answer back; end the turn if nothing is left open."""
        assert self._session is not None
        tail = b""
        self._claim.is_waiting_for_client = False
        with self._shared.exchange(self._session, data) as parts:
            for part in parts:
                outbox.put(part)
                tail = (tail + part[-READY_BYTES:])[-READY_BYTES:]
        self._note(tail, has_request)
        if self._status == _IDLE and not self._framing.missing:
            self._give_turn_back()
        self._claim.is_waiting_for_client = True

    def _note(self, tail: bytes, has_request: bool) -> None:
        """Learn from the end of an answer how things stand."""
        assert self._session is not None
        if is_ready(tail):
            self._status = tail[-1:]
        elif has_request and (tail or self._framing.missing):
            # Without an answer there was nothing to do: what was asked for by whole messages is
            # answered, and be it by ParseComplete.
            self._status = _BUSY
        if tail and not is_ready(tail):
            self._has_ended = self._shared.has_ended(self._session)

    def _take_turn(self, limit_s: float | None) -> None:
        self._shared.turns.take(self._claim, limit_s)
        self._has_turn = True

    def _insist_on_turn(self) -> None:
        """Wait for the turn as long as it takes."""
        while not self._has_turn:
            with suppress(Refusal):  # a cancel that came late
                self._take_turn(None)

    def _give_turn_back(self) -> None:
        try:
            self._shared.wake_signalled()
        finally:
            self._has_turn = False
            self._shared.turns.give_back()

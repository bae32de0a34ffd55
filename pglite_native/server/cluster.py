"""A cluster that connections have sessions in: an engine, as the server sees it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import NamedTuple

from pglite_native.engine import login
from pglite_native.engine.engine import Engine
from pglite_native.engine.session import Session
from pglite_native.engine.snapshot import Snapshot
from pglite_native.errors import EngineBusy, EngineError, SnapshotError
from pglite_native.protocol import wire
from pglite_native.server import messages, timeouts
from pglite_native.server.messages import Refusal
from pglite_native.server.startup import Startup

BOOTSTRAP_SUPERUSER = 10  # its OID

# Each name with its schema, operators too: the search path may be set by who owns the database, and
# a superuser would call what they have put in it.
WHEREABOUTS = f"""
    SELECT session_user, pg_catalog.current_database(), rolname
    FROM pg_catalog.pg_roles WHERE oid OPERATOR(pg_catalog.=) {BOOTSTRAP_SUPERUSER}
"""
PASSWORD = """
    SELECT rolpassword, rolvaliduntil OPERATOR(pg_catalog.<) pg_catalog.now()
    FROM pg_catalog.pg_authid WHERE rolname OPERATOR(pg_catalog.=) $1
"""

# What the owner of the database must not set for who looks up passwords: a role that cannot, say.
LOOKING_UP = {
    "role": "none",
    "client_encoding": "UTF8",
    "statement_timeout": "0",
    "transaction_timeout": "0",
    "event_triggers": "off",
}


class Whereabouts(NamedTuple):
    """The user and the database of sessions that do not ask for others."""

    user: str
    database: str
    superuser: str

    @classmethod
    def of(cls, session: Session) -> Whereabouts:
        """Those of a session, which is idle."""
        ((user, database, superuser),) = _rows(session.exec_protocol_raw(wire.query(WHEREABOUTS)))
        return cls(str(user), str(database), str(superuser))


class Password(NamedTuple):
    """What a cluster keeps of a role's password."""

    verifier: str | None
    has_expired: bool


@dataclass(frozen=True)
class Seat:
    """A session for one connection, with what PostgreSQL has said to welcome the client."""

    cluster: Cluster
    session: Session
    welcome: bytes


class LoginRefused(Refusal):
    """What PostgreSQL said instead of a welcome."""

    def __init__(self, reply: bytes) -> None:
        super().__init__("", "login refused")
        self._reply = reply

    def encode(self) -> bytes:
        return self._reply


class Cluster:
    """An engine that connections have sessions of.

    Args:
        engine: it may be in use by others; its own session is left to them.
        whereabouts: None to ask the engine.
        lends_session: the engine's own session is for the first connection instead.
    """

    def __init__(
        self,
        engine: Engine,
        whereabouts: Whereabouts | None = None,
        *,
        lends_session: bool = False,
    ) -> None:
        self._engine = engine
        if whereabouts is None:
            with engine.open_session() as session:
                whereabouts = Whereabouts.of(session)
        self.whereabouts = whereabouts
        self.has_failed = False
        self._lends_session = lends_session
        self._has_lent = False
        self._asking = threading.Lock()  # passwords are looked up one at a time, by one session
        self._seats = 0
        self._seat_left = threading.Condition()

    @contextmanager
    def seat(self, startup: Startup, database: str) -> Iterator[Seat]:
        """A session of its own for a connection, closed at the end.

        Raises:
            Refusal: PostgreSQL does not welcome the client, or the cluster has failed.
            EngineError: there is no memory for one more session.
        """
        if self.has_failed:
            raise crashed()
        with self._seat_left:
            self._seats += 1
            lends = self._lends_session and self._suits(startup, database)
            if lends:
                self._lends_session, self._has_lent = False, True
        try:
            if lends:
                with self._own_seat(startup, database) as seat:
                    yield seat
                return
            packet = startup.encode(database)
            with self._engine._open_sibling(packet, startup.address) as session:
                yield Seat(self, session, _welcome(session.exec_protocol_raw(b"")))
        finally:
            with self._seat_left:
                self._seats -= 1
                self._seat_left.notify_all()

    @contextmanager
    def _own_seat(self, startup: Startup, database: str) -> Iterator[Seat]:
        """The engine's own session, which ends with the connection."""
        try:
            reply = self._engine.exec_protocol_raw(startup.encode(database))
            yield Seat(self, self._engine, _welcome(reply))
        finally:
            with suppress(EngineError):  # the client has said so itself
                self._engine.exec_protocol_raw(wire.give_up() + wire.terminate())

    @contextmanager
    def only_seat(self, startup: Startup) -> Iterator[Seat]:
        """The session of a cluster that is there for one connection.

        It is the engine's own if it is of the right database, which saves opening one; but that
        has no address.
        """
        if self._suits(startup, startup.database):
            with self._own_seat(startup, startup.database) as seat:
                yield seat
        else:
            with self.seat(startup, startup.database) as seat:
                yield seat

    def _suits(self, startup: Startup, database: str) -> bool:
        """Whether the engine's own session can be a client's: it is of one database, and has no
        address."""
        return database == self.whereabouts.database and startup.address is None

    def password_of(self, role: str) -> Password | None:
        """What the cluster keeps of a role's password; None if there is no such role.

        Raises:
            EngineError: it cannot be asked.
        """
        try:
            named = wire.bind([role])
        except UnicodeEncodeError:  # bytes that are no UTF-8, in which no role's name is kept
            return None
        question = wire.parse(PASSWORD) + named + wire.execute() + wire.sync()
        superuser = self.whereabouts.superuser
        with (
            self._asking,
            login.open_session(self._engine, None, superuser, LOOKING_UP) as session,
        ):
            rows = _rows(session.exec_protocol_raw(question))
        if not rows:
            return None
        verifier, has_expired = rows[0]
        return Password(verifier, has_expired == "t")

    def snapshot(self) -> Snapshot:
        """Write it down, without what belongs to the connections' sessions.

        Raises:
            SnapshotError: a transaction is open, the files are in a data directory, or the
                engine's own session has been lent.
            EngineBusy: a statement is running.
        """
        if self._has_lent:
            raise SnapshotError(
                "the database's own session has been lent to its first connection (lend_session)"
            )
        deadline = time.monotonic() + timeouts.SNAPSHOT_PATIENCE_S
        while True:
            try:
                return self._engine.snapshot()
            except (EngineBusy, SnapshotError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(timeouts.SNAPSHOT_INTERVAL_S)

    def becomes_empty(self) -> bool:
        """Have all connections left, or do they within a moment?

        A client is often faster than the server at seeing that it has left.
        """
        with self._seat_left:
            return self._seat_left.wait_for(lambda: not self._seats, timeouts.LEAVING_PATIENCE_S)

    def close(self) -> None:
        """End it; connections that are left have been told to leave."""
        self.becomes_empty()
        with suppress(EngineError):  # a session that has failed is closed already
            self._engine.close()


def crashed() -> Refusal:
    """What the connections of a cluster are told when it has failed: PostgreSQL's words.

    Why it has is in the engine's log, which has other connections' statements in it.
    """
    return Refusal(
        "57P02",
        "terminating connection because of crash of another server process",
        detail="The postmaster has commanded this server process to roll back the current"
        " transaction and exit, because another server process exited abnormally and possibly"
        " corrupted shared memory.",
        hint="In a moment you should be able to reconnect to the database and repeat your command.",
    )


def _welcome(reply: bytes) -> bytes:
    """What PostgreSQL has said to a startup packet, if that is a welcome.

    To say that it is ready for a query is, where the session was opened by the packet, left to us.
    """
    if all(kind != "K" for kind, _ in wire.Splitter().feed(reply)):
        raise LoginRefused(reply)
    return reply if reply.endswith(messages.READY_IDLE) else reply + messages.READY_IDLE


def _rows(reply: bytes) -> list[list[str | None]]:
    """The rows of a reply; EngineError where there is an error instead."""
    rows = []
    for kind, payload in wire.Splitter().feed(reply):
        if kind == "E":
            raise EngineError(f"a question of the server's failed: {wire.report(payload)['M']}")
        if kind == "D":
            rows.append(wire.values(payload))
    return rows

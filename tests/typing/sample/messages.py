"""What is below: Engine, Session, Stream, Snapshot, their errors; and a server before them."""

from __future__ import annotations

import datetime
from pathlib import Path

from pglite_native import (
    DumpError,
    Engine,
    EngineBusy,
    EngineClosed,
    EngineError,
    EngineLocked,
    EngineMemoryError,
    ExtensionError,
    PGliteError,
    Session,
    Snapshot,
    SnapshotError,
    Stream,
)
from pglite_native.server import Server

SELECT = b"Q\0\0\0\rselect 1\0"

ERRORS: list[type[PGliteError]] = [
    DumpError,
    EngineBusy,
    EngineClosed,
    EngineError,
    EngineLocked,
    EngineMemoryError,
    ExtensionError,
    SnapshotError,
]


def ask(session: Session) -> bytes:
    reply: bytes = session.exec_protocol_raw(SELECT)
    stream: Stream = session.exec_protocol_stream(memoryview(SELECT))
    with stream as parts:
        assert b"".join(parts) == reply
    return reply


def main() -> None:
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    with Engine(clock=now, seed=1) as engine:
        ask(engine)
        engine.advance(datetime.timedelta(hours=1))
        engine.set_time(None)
        snapshot: Snapshot = engine.snapshot()
        snapshot.save(Path("messages.image"))
        size: int = snapshot.size
        assert size > 0
        engine.restore(Snapshot.load("messages.image"))
        with engine.open_session() as other, engine.open_session(database="postgres") as third:
            process: int = other.pid
            assert process != third.pid and ask(other) == ask(third)
        counters: dict[str, int] = engine.statistics()
        assert counters["bytes_in"] > 0
        with engine.fork() as fork, Engine(image=snapshot) as another:
            assert ask(fork) == ask(another)
        try:
            Engine("messages", transport="polling", settings={"work_mem": "x"})
        except EngineError as error:
            message = str(error)
        assert "work_mem" in message
        with Server(engine, max_connections=5) as server:
            dsn: str = server.dsn
            assert "host" in dsn


if __name__ == "__main__":
    main()

"""Ours, in the process itself: messages for the engine, and the class PGlite."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench import template
from bench.against.serve import Missing
from pglite_native import Engine, PGlite
from tests import wire

COPY_CHUNK = 64 * 1024
SELECT_1 = wire.query("select 1")
FIRST_QUERY = wire.query(template.FIRST_QUERY)
WRITES = wire.query(template.WRITES)
ERROR = b"SERROR\0"  # how an ErrorResponse begins


def open_raw() -> Iterator[Raw]:
    with Engine() as engine:
        ask(engine, SELECT_1)
        yield Raw(engine)


def open_pglite() -> Iterator[ByPGlite]:
    with PGlite() as db:
        assert db.query("select 1 as one").rows == [{"one": 1}]
        yield ByPGlite(db)


def ask(engine: Engine, message: bytes) -> bytes:
    reply = engine.exec_protocol_raw(message)
    if ERROR in reply:  # cheap, as it is a part of what is measured
        raise RuntimeError(wire.errors(reply))
    return reply


class WithTests:
    """What a test costs is the engine's own affair, whichever interface is measured."""

    _tests: Tests | None = None

    def write(self) -> None:
        self._tests = self._tests or Tests()
        self._tests.write()

    def reset(self) -> None:
        assert self._tests is not None
        self._tests.reset()


class Raw(WithTests):
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._names: dict[str, str] = {}

    @property
    def description(self) -> str:
        return f"tier {self._engine.tier}"

    def call(self, sql: str) -> Callable[[], object]:
        engine, message = self._engine, wire.query(sql)
        return lambda: ask(engine, message)

    def prepared_call(self, sql: str, parameters: list[int]) -> Callable[[], object]:
        name = self._names.get(sql)
        if name is None:
            name = self._names[sql] = f"p{len(self._names)}"
            ask(self._engine, wire.parse(name, sql) + wire.sync())
        message = wire.bind("", name, [str(value) for value in parameters])
        message += wire.execute() + wire.sync()
        engine = self._engine
        return lambda: ask(engine, message)

    def copy_in(self, sql: str, data: bytes) -> None:
        chunks = (data[at : at + COPY_CHUNK] for at in range(0, len(data), COPY_CHUNK))
        copied = b"".join(map(wire.copy_data, chunks)) + wire.copy_done()
        ask(self._engine, wire.query(sql) + copied)

    def copy_out(self, sql: str) -> Callable[[], int]:
        reply = ask(self._engine, wire.query(sql))
        return lambda: wire.kinds(reply).count("d")

    def fetch(self, sql: str) -> int:
        raise Missing("a raw answer is messages, not values")

    def fetch_arrow(self, sql: str) -> int:
        raise Missing("a raw answer is messages, not a table")

    def second(self) -> None:
        with Engine() as engine:
            ask(engine, SELECT_1)


class ByPGlite(WithTests):
    def __init__(self, db: PGlite) -> None:
        self._db = db

    @property
    def description(self) -> str:
        return f"tier {self._db.engine.tier}"

    def call(self, sql: str) -> Callable[[], object]:
        query = self._db.query
        return lambda: query(sql)

    def prepared_call(self, sql: str, parameters: list[int]) -> Callable[[], object]:
        query = self._db.query
        return lambda: query(sql, parameters)

    def copy_in(self, sql: str, data: bytes) -> None:
        self._db.copy_from(sql, data)

    def copy_out(self, sql: str) -> Callable[[], int]:
        copied = self._db.copy_to(sql)
        return lambda: copied.count(b"\n")

    def fetch(self, sql: str) -> int:
        return len(self._db.query(sql, row_mode="array").rows)

    def fetch_arrow(self, sql: str) -> int:
        return self._db.query_arrow(sql).num_rows

    def second(self) -> None:
        with PGlite() as db:
            db.query("select 1")


class Tests:
    """A database with the template's schema, and its snapshot to go back to."""

    def __init__(self) -> None:
        self._engine = Engine()
        ask(self._engine, wire.query(template.SCHEMA) + FIRST_QUERY)
        self._snapshot = self._engine.snapshot()

    def write(self) -> None:
        ask(self._engine, WRITES)

    def reset(self) -> None:
        self._engine.restore(self._snapshot)
        ask(self._engine, FIRST_QUERY)

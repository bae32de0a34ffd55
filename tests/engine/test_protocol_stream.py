"""exec_protocol_stream: the same bytes in parts, one stream at a time, and its early end."""

from __future__ import annotations

import gc
import time

import pytest

from pglite_native import Engine, EngineBusy, EngineClosed
from tests import wire

LONG = wire.query("SELECT g, repeat('x', 1000) FROM generate_series(1, 20000) g")
# In the select list, where a set comes row by row; FROM would first put it all aside.
ENDLESS = wire.query("SELECT generate_series(1, 1000000000), repeat('x', 1000)")

CANCEL_SECONDS = 2.0  # the promise is 0.1; a shared machine may be slow


@pytest.fixture(autouse=True)
def _no_hang(engine: Engine) -> None:
    """A cancel that goes astray fails its test by the time it took."""
    engine.exec_protocol_raw(wire.query("SET statement_timeout = '10s'"))


def answers(engine: Engine) -> bool:
    return wire.rows(engine.exec_protocol_raw(wire.query("SELECT 'still here'"))) == [
        (b"still here",)
    ]


def test_parts_make_the_whole(engine: Engine) -> None:
    parts = list(engine.exec_protocol_stream(LONG))
    assert len(parts) > 10
    assert b"".join(parts) == engine.exec_protocol_raw(LONG)


def test_no_part_is_empty(engine: Engine) -> None:
    assert all(engine.exec_protocol_stream(LONG))
    assert list(engine.exec_protocol_stream(b"")) == []


def test_first_part_comes_before_the_statement_ends(engine: Engine) -> None:
    stream = engine.exec_protocol_stream(ENDLESS)
    first = next(stream)
    assert next(wire.Splitter().feed(first)).kind == "T"
    stream.close()
    assert answers(engine)


def test_small_replies_stream_too(engine: Engine) -> None:
    stream = engine.exec_protocol_stream(wire.query("SELECT 1"))
    assert wire.kinds(b"".join(stream)) == "TDCZ"


def test_part_of_a_message_streams_nothing(engine: Engine) -> None:
    message = wire.query("SELECT 1")
    assert list(engine.exec_protocol_stream(message[:7])) == []
    assert wire.kinds(b"".join(engine.exec_protocol_stream(message[7:]))) == "TDCZ"


def test_error_in_the_middle_of_a_stream(engine: Engine) -> None:
    sql = "SELECT repeat('x', 1000), 1 / (9000 - g) FROM generate_series(1, 10000) g"
    reply = b"".join(engine.exec_protocol_stream(wire.query(sql)))
    kinds = wire.kinds(reply)
    assert kinds.count("D") == 8999 and kinds.endswith("EZ")
    assert wire.sqlstates(reply) == ["22012"]


@pytest.mark.parametrize("parts", [0, 1, 3])
def test_stream_closed_half_way(engine: Engine, parts: int) -> None:
    stream = engine.exec_protocol_stream(ENDLESS)
    for _ in range(parts):
        next(stream)
    started = time.monotonic()
    stream.close()
    assert time.monotonic() - started < CANCEL_SECONDS
    assert answers(engine)


def test_stream_dropped_half_way(engine: Engine) -> None:
    next(engine.exec_protocol_stream(ENDLESS))
    gc.collect()
    assert answers(engine)


def test_exception_in_the_loop_over_a_stream(engine: Engine) -> None:
    def consume() -> None:
        for _ in engine.exec_protocol_stream(ENDLESS):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        consume()
    gc.collect()
    assert answers(engine)


def test_stream_closed_in_a_transaction_fails_it(engine: Engine) -> None:
    engine.exec_protocol_raw(wire.query("BEGIN"))
    stream = engine.exec_protocol_stream(ENDLESS)
    next(stream)
    stream.close()
    assert wire.sqlstates(engine.exec_protocol_raw(wire.query("SELECT 1"))) == ["25P02"]
    assert wire.kinds(engine.exec_protocol_raw(wire.query("ROLLBACK"))) == "CZ"


@pytest.mark.parametrize("parts", [0, 1])
def test_stream_of_many_statements_closed_half_way(engine: Engine, parts: int) -> None:
    """Every one of them is cancelled, not only the one that runs."""
    stream = engine.exec_protocol_stream(ENDLESS * 3)
    for _ in range(parts):
        next(stream)
    started = time.monotonic()
    stream.close()
    assert time.monotonic() - started < CANCEL_SECONDS
    assert answers(engine)


def test_stream_closed_drops_the_rest_of_the_pipeline(engine: Engine) -> None:
    """The caller has gone, as a client that closes its connection: nothing more is started."""
    engine.exec_protocol_raw(wire.query("CREATE TEMP TABLE t (a int)"))
    stream = engine.exec_protocol_stream(LONG + wire.query("INSERT INTO t VALUES (1)"))
    next(stream)
    stream.close()
    assert answers(engine)


def test_copy_out_closed_half_way(engine: Engine) -> None:
    sql = "COPY (SELECT generate_series(1, 1000000000), repeat('x', 1000)) TO STDOUT"
    stream = engine.exec_protocol_stream(wire.query(sql))
    next(stream)
    stream.close()
    assert answers(engine)


def test_cancel_reaches_a_stream(engine: Engine) -> None:
    stream = engine.exec_protocol_stream(ENDLESS)
    reply = bytearray(next(stream))
    engine.cancel()
    for part in stream:
        reply += part
    assert wire.sqlstates(bytes(reply)) == ["57014"]


def test_engine_is_busy_while_a_stream_is_open(engine: Engine) -> None:
    stream = engine.exec_protocol_stream(ENDLESS)
    next(stream)
    with pytest.raises(EngineBusy):
        engine.exec_protocol_raw(wire.query("SELECT 1"))
    with pytest.raises(EngineBusy):
        engine.exec_protocol_stream(wire.query("SELECT 1"))
    stream.close()
    assert answers(engine)


def test_engine_is_free_once_a_stream_is_exhausted(engine: Engine) -> None:
    stream = engine.exec_protocol_stream(LONG)
    for _ in stream:
        pass
    assert answers(engine)
    assert list(stream) == []


def test_engine_closed_under_a_stream() -> None:
    engine = Engine()
    stream = engine.exec_protocol_stream(ENDLESS)
    next(stream)
    engine.close()
    with pytest.raises(EngineClosed):
        list(stream)
    with pytest.raises(EngineClosed):
        engine.exec_protocol_raw(wire.query("SELECT 1"))

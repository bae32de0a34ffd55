"""Input that no client should send: PostgreSQL's own answer, and never more than one engine's end.

tests/oracle compares the answers with a native server's; these tests need none, and put every kind
of nonsense at every place.
"""

from __future__ import annotations

import random
import struct
from typing import Any

import pytest

from pglite_native import Engine, EngineClosed, EngineError
from tests import wire

pytestmark = pytest.mark.tiers

SELECT_1 = wire.query("SELECT 1")


def ended(engine: Engine) -> bool:
    """Whether the session has ended as a closed connection, the guest itself being sound."""
    with pytest.raises(EngineClosed):
        engine.exec_protocol_raw(SELECT_1)
    engine.close()
    return True


# --- what breaks the stream -----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["\x01", "\x0a", "0", "a", "Z", "y", "z", "\x7f"])
def test_unknown_message_type(kind: str) -> None:
    engine = Engine()
    reply = engine.exec_protocol_raw(wire.message(kind, b"payload"))
    (fields,) = wire.errors(reply)
    assert (fields["V"], fields["C"]) == ("FATAL", "08P01")
    assert fields["M"] == f"invalid frontend message type {ord(kind)}"
    assert ended(engine)


@pytest.mark.parametrize("length", [-(2**31), -1, 0, 1, 3, 2**30, 2**31 - 1])
@pytest.mark.parametrize("kind", ["Q", "P", "d"])
def test_impossible_length(kind: str, length: int) -> None:
    """PostgreSQL closes the connection without a word: nothing says where a message begins."""
    engine = Engine()
    assert engine.exec_protocol_raw(struct.pack("!ci", kind.encode(), length) + b"abc") == b""
    assert ended(engine)


def test_length_too_large_for_a_message_without_data() -> None:
    engine = Engine()
    assert engine.exec_protocol_raw(struct.pack("!ci", b"S", 1 << 20)) == b""
    assert ended(engine)


def test_length_huge_but_allowed_then_close() -> None:
    """A gigabyte announced is not a gigabyte taken."""
    with Engine() as engine:
        before = engine.statistics()["guest_memory"]
        assert engine.exec_protocol_raw(struct.pack("!ci", b"Q", 900 << 20) + b"SELECT") == b""
        assert engine.statistics()["guest_memory"] - before < 1100 << 20


@pytest.mark.parametrize("cut", range(1, len(SELECT_1)))
def test_truncated_message_then_close(cut: int) -> None:
    engine = Engine()
    assert engine.exec_protocol_raw(SELECT_1[:cut]) == b""
    engine.close()
    with pytest.raises(EngineClosed):
        engine.exec_protocol_raw(SELECT_1[cut:])


@pytest.mark.parametrize("seed", range(12))
def test_garbage(seed: int) -> None:
    """Random bytes end the session or wait for more; they never break the engine."""
    garbage = random.Random(seed).randbytes(5000)
    engine = Engine()
    try:
        engine.exec_protocol_raw(garbage)
        engine.exec_protocol_raw(SELECT_1)
    except EngineClosed:
        pass
    engine.close()


def test_garbage_that_looks_like_messages(engine: Engine) -> None:
    """Well-framed nonsense of every type that does not end a session: an answer, and recovery."""
    chance = random.Random(1)
    for _ in range(2000):
        kind = chance.choice("QPBDECFHdcfS")
        payload = chance.randbytes(chance.choice((0, 1, 2, 5, 30)))
        engine.exec_protocol_raw(wire.message(kind, payload))
    reply = engine.exec_protocol_raw(wire.sync() + wire.query("SELECT 'sane'"))
    assert wire.rows(reply) == [(b"sane",)]


def test_mutated_pipelines(engine: Engine) -> None:
    """Sound messages with one byte of a payload changed."""
    chance = random.Random(2)
    sound = [
        wire.parse("s", "SELECT $1::int + $2::int", [23, 23]),
        wire.bind("p", "s", ["1", b"\0\0\0\2"], [0, 1], [1]),
        wire.describe("P", "p"),
        wire.execute("p", 1),
        wire.close("S", "s"),
    ]
    for _ in range(1000):
        messages = [bytearray(message) for message in sound]
        victim = chance.choice(messages)
        victim[chance.randrange(wire.HEADER_BYTES, len(victim))] = chance.randrange(256)
        reply = engine.exec_protocol_raw(b"".join(messages) + wire.close("S", "s") + wire.sync())
        assert wire.split(reply)[-1] == ("Z", b"I")
    assert wire.rows(engine.exec_protocol_raw(SELECT_1)) == [(b"1",)]


# --- what is refused before PostgreSQL sees it ----------------------------------------------


@pytest.mark.parametrize("message", [None, "SELECT 1", 7, ["Q"], object()])
def test_not_bytes(engine: Engine, message: Any) -> None:
    for call in (engine.exec_protocol_raw, engine.exec_protocol_stream):
        with pytest.raises(TypeError):
            call(message)
    assert wire.rows(engine.exec_protocol_raw(SELECT_1)) == [(b"1",)]


def test_view_with_gaps(engine: Engine) -> None:
    with pytest.raises((BufferError, ValueError, TypeError)):
        engine.exec_protocol_raw(memoryview(SELECT_1 * 2)[::2])


def test_empty_input(engine: Engine) -> None:
    assert engine.exec_protocol_raw(b"") == b""
    assert list(engine.exec_protocol_stream(b"")) == []
    engine.exec_protocol_raw(SELECT_1[:5])
    assert engine.exec_protocol_raw(b"") == b""
    assert wire.rows(engine.exec_protocol_raw(SELECT_1[5:])) == [(b"1",)]


# --- statements that ask for too much -------------------------------------------------------


def test_eight_million_parentheses(engine: Engine) -> None:
    """PostgreSQL's parser says no (54001, or 54000 for its own stack); the engine lives."""
    for sql in ("SELECT " + "(" * 8_000_000, "SELECT " + "(" * 8_000_000 + "1" + ")" * 8_000_000):
        (state,) = wire.sqlstates(engine.exec_protocol_raw(wire.query(sql)))
        assert state in {"54001", "54000", "53200", "42601"}
    assert wire.rows(engine.exec_protocol_raw(SELECT_1)) == [(b"1",)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "NOT " * 200_000 + "true",
        "SELECT " + "ARRAY[" * 100_000 + "1" + "]" * 100_000,
        "SELECT " + "(SELECT " * 100_000 + "1" + ")" * 100_000,
        "SELECT 1" + " + 1" * 300_000,
        "SELECT " + "coalesce(" * 100_000 + "1" + ")" * 100_000,
        "SELECT '" + "[" * 200_000 + "'::json",
        "SELECT '" + "[" * 200_000 + "'::jsonb",
        "SELECT '" + '{"a":' * 200_000 + "'::jsonb",
        "SELECT '" + "(" * 200_000 + "'::tsquery",
        "SELECT '" + "(" * 200_000 + "'::jsonpath",
        "SELECT 'x' ~ '" + "(" * 200_000 + ")" * 200_000 + "'",
        "SELECT 'x' ~ '" + "(x" * 200_000 + ")*" * 200_000 + "'",
        "SELECT 'x' SIMILAR TO '" + "(" * 200_000 + ")" * 200_000 + "'",
        "SELECT repeat('(', 200000)::polygon",
        "SELECT 'x'::xml" + "::text::xml" * 1000,
        "SELECT xmlparse(content '" + "<a>" * 100_000 + "')",
    ],
    ids=[
        "not",
        "array",
        "subquery",
        "addition",
        "coalesce",
        "json",
        "jsonb",
        "jsonb-object",
        "tsquery",
        "jsonpath",
        "regex-groups",
        "regex-stars",
        "similar",
        "polygon",
        "casts",
        "xml",
    ],
)
def test_deep_nesting(engine: Engine, sql: str) -> None:
    """An error or an answer; the guest's stacks hold."""
    reply = engine.exec_protocol_raw(wire.query(sql))
    assert wire.split(reply)[-1] == ("Z", b"I")
    assert wire.rows(engine.exec_protocol_raw(SELECT_1)) == [(b"1",)]


RECURSION = {
    "sql": "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS "
    "'SELECT CASE WHEN $1 = 0 THEN 0 ELSE pg_temp.f($1 - 1) + (random() * 0)::int END'",
    "plpgsql": "CREATE FUNCTION f(int) RETURNS int LANGUAGE plpgsql AS "
    "'BEGIN RETURN CASE WHEN $1 = 0 THEN 0 ELSE pg_temp.f($1 - 1) END; END'",
    "plpgsql with exceptions": "CREATE FUNCTION f(int) RETURNS int LANGUAGE plpgsql AS "
    "'BEGIN BEGIN RETURN CASE WHEN $1 = 0 THEN 0 ELSE pg_temp.f($1 - 1) END;"
    " EXCEPTION WHEN division_by_zero THEN RETURN 1; END; END'",
}


@pytest.mark.parametrize("language", RECURSION)
def test_recursion_of_100_000_calls(engine: Engine, language: str) -> None:
    make = RECURSION[language].replace("FUNCTION f", "FUNCTION pg_temp.f")
    engine.exec_protocol_raw(wire.query(make))
    # A quarter of the default: each level's line of context is added to all before it, so the time
    # that the error takes grows with the square (40 s in SQL at 2 MB).
    engine.exec_protocol_raw(wire.query("SET max_stack_depth = '500kB'"))
    for depth, expected in ((10, []), (100_000, ["54001"]), (10, [])):
        reply = engine.exec_protocol_raw(wire.query(f"SELECT pg_temp.f({depth})"))
        assert wire.sqlstates(reply) == expected


def test_recursion_by_trigger_and_view(engine: Engine) -> None:
    for statement in (
        "CREATE TEMP TABLE t (a int)",
        "CREATE FUNCTION pg_temp.again() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN INSERT INTO pg_temp.t VALUES (new.a + 1); RETURN new; END'",
        "CREATE TRIGGER again BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION pg_temp.again()",
    ):
        assert wire.errors(engine.exec_protocol_raw(wire.query(statement))) == []
    reply = engine.exec_protocol_raw(wire.query("INSERT INTO t VALUES (1)"))
    assert wire.sqlstates(reply) == ["54001"]
    assert wire.rows(engine.exec_protocol_raw(wire.query("SELECT count(*) FROM t"))) == [(b"0",)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT repeat('x', 1073741823)",
        "SELECT string_agg(repeat('x', 100000000), '') FROM generate_series(1, 20)",
        "SELECT array_agg(repeat('x', 50000000) || g) FROM generate_series(1, 100) g",
        "WITH RECURSIVE t(s) AS (SELECT 'x' UNION ALL SELECT s || s FROM t)"
        " SELECT max(octet_length(s)) FROM t",
        "SELECT lpad('', 1073741823)",
    ],
    ids=["repeat", "string_agg", "array_agg", "doubling", "lpad"],
)
def test_memory_exhausted(engine: Engine, sql: str) -> None:
    """53200 where the guest's 2 GiB end, 54000 where PostgreSQL's own limit comes first."""
    (state,) = wire.sqlstates(engine.exec_protocol_raw(wire.query(sql)))
    assert state in {"53200", "54000"}
    assert wire.rows(engine.exec_protocol_raw(SELECT_1)) == [(b"1",)]


@pytest.mark.long
def test_message_too_large_for_the_guest() -> None:
    """Two values that each fit and together do not."""
    with Engine() as engine:
        value = bytes(300 << 20)
        sql = "SELECT octet_length($1::bytea || $2::bytea || $1::bytea)"
        try:
            reply = engine.exec_protocol_raw(wire.extended(sql, [value, value], [wire.BINARY]))
            assert wire.sqlstates(reply) in (["53200"], ["54000"])
        except EngineError:
            pytest.fail("the guest ran out of memory and did not recover")
        assert wire.rows(engine.exec_protocol_raw(SELECT_1)) == [(b"1",)]

"""Messages of any size, in any number of calls: where a call or a buffer ends does not matter."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from pglite_native import Engine
from tests import wire
from tests.engine import child

pytestmark = pytest.mark.tiers

MIB = 1 << 20
BUFFER = 64 * 1024  # Engine's default buffer_size
SMALL_BUFFER = 4096
SHORT_REPLY = 512

IDLE = ("Z", b"I")


def query_of(size: int) -> bytes:
    """A Query message of that many bytes, its header included."""
    frame = len(wire.query("SELECT 7 AS n --"))
    return wire.query("SELECT 7 AS n --" + "x" * (size - frame))


def around(size: int) -> list[int]:
    return [size - 2, size - 1, size, size + 1, size + 2, size + wire.HEADER_BYTES]


# --- in -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [22, 8191, *around(BUFFER), *around(3 * BUFFER), MIB, 16 * MIB])
def test_query_of_any_size(engine: Engine, size: int) -> None:
    message = query_of(size)
    assert len(message) == size
    assert wire.rows(engine.exec_protocol_raw(message)) == [(b"7",)]


@pytest.mark.parametrize("size", [0, 1, 2, BUFFER - 30, BUFFER, BUFFER + 1, MIB + 3, 32 * MIB])
def test_parameter_of_any_size(engine: Engine, size: int) -> None:
    value = bytes(range(256)) * (size // 256) + bytes(range(size % 256))
    sql = "SELECT octet_length($1::bytea), substr($1, octet_length($1) - 99)"
    reply = engine.exec_protocol_raw(wire.extended(sql, [value], [wire.BINARY], [wire.BINARY]))
    assert wire.rows(reply) == [(struct.pack("!i", size), value[-100:])]


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1000, SMALL_BUFFER - 1, SMALL_BUFFER])
def test_message_in_pieces(piece: int) -> None:
    """Only the last piece of a message has an answer."""
    with Engine(buffer_size=SMALL_BUFFER) as engine:
        message = query_of(10_001)
        pieces = [message[i : i + piece] for i in range(0, len(message), piece)]
        for part in pieces[:-1]:
            assert engine.exec_protocol_raw(part) == b""
        assert wire.rows(engine.exec_protocol_raw(pieces[-1])) == [(b"7",)]


def test_call_ends_anywhere_in_a_pipeline(engine: Engine) -> None:
    """Every place to cut two messages in two calls."""
    messages = wire.extended("SELECT $1 || 'y'", ["x"]) + wire.query("SELECT 2")
    expected = engine.exec_protocol_raw(messages)
    for cut in range(len(messages) + 1):
        first = engine.exec_protocol_raw(messages[:cut])
        assert first + engine.exec_protocol_raw(messages[cut:]) == expected, f"cut at {cut}"


def test_answer_comes_with_the_call_that_completes_the_message(engine: Engine) -> None:
    first, second = wire.query("SELECT 1"), wire.query("SELECT 2")
    assert wire.rows(engine.exec_protocol_raw(first + second[:9])) == [(b"1",)]
    assert wire.rows(engine.exec_protocol_raw(second[9:])) == [(b"2",)]


@pytest.mark.parametrize("view", [bytes, bytearray, memoryview])
def test_message_is_any_bytes_like_object(engine: Engine, view: Any) -> None:
    assert wire.rows(engine.exec_protocol_raw(view(wire.query("SELECT 1")))) == [(b"1",)]


def test_message_may_be_a_slice_of_a_view(engine: Engine) -> None:
    message = wire.query("SELECT 1")
    view = memoryview(b"junk" + message + b"junk")[4:-4]
    assert wire.rows(engine.exec_protocol_raw(view)) == [(b"1",)]


# --- out ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 8191, *around(BUFFER), *around(3 * BUFFER), MIB, 32 * MIB])
def test_value_of_any_size(engine: Engine, size: int) -> None:
    reply = engine.exec_protocol_raw(wire.query(f"SELECT repeat('y', {size})"))
    assert wire.rows(reply) == [(b"y" * size,)]
    assert wire.split(reply)[-1] == IDLE


def test_a_reply_is_short_or_not(engine: Engine) -> None:
    """Up to 512 bytes it comes with the call, in the C API; else it is fetched."""
    engine.exec_protocol_raw(wire.query("SELECT 1"))  # may come with ParameterStatus
    overhead = len(engine.exec_protocol_raw(wire.query("SELECT repeat('y', 0)")))
    for size in around(SHORT_REPLY):
        reply = engine.exec_protocol_raw(wire.query(f"SELECT repeat('y', {size - overhead})"))
        assert len(reply) == size
        assert wire.rows(reply) == [(b"y" * (size - overhead),)]
        assert wire.split(reply)[-1] == IDLE


def test_reply_ends_anywhere_in_a_buffer() -> None:
    """Replies of every size around one and two buffers."""
    with Engine(buffer_size=SMALL_BUFFER) as engine:
        engine.exec_protocol_raw(wire.query("SELECT 1"))  # may come with ParameterStatus
        overhead = len(engine.exec_protocol_raw(wire.query("SELECT repeat('y', 0)")))
        for target in (SMALL_BUFFER, 2 * SMALL_BUFFER):
            for size in range(target - overhead - 8, target - overhead + 8):
                reply = engine.exec_protocol_raw(wire.query(f"SELECT repeat('y', {size})"))
                assert len(reply) == overhead + size
                assert wire.rows(reply) == [(b"y" * size,)]


def test_hundred_thousand_rows(engine: Engine) -> None:
    reply = engine.exec_protocol_raw(wire.query("SELECT g FROM generate_series(1, 100000) g"))
    assert wire.rows(reply) == [(str(number).encode(),) for number in range(1, 100_001)]


# --- pipelines ------------------------------------------------------------------------------


def test_pipeline_of_five_thousand_queries(engine: Engine) -> None:
    messages = b"".join(wire.query(f"SELECT {number}") for number in range(5000))
    reply = engine.exec_protocol_raw(messages)
    assert wire.rows(reply) == [(str(number).encode(),) for number in range(5000)]
    assert wire.kinds(reply).count("Z") == 5000


def test_pipeline_of_five_thousand_executions_and_one_sync(engine: Engine) -> None:
    engine.exec_protocol_raw(wire.query("CREATE TEMP TABLE t (a int)"))
    step = "INSERT INTO t VALUES ($1)"
    messages = wire.parse("i", step) + b"".join(
        wire.bind("", "i", [str(number)]) + wire.execute() for number in range(5000)
    )
    reply = engine.exec_protocol_raw(messages + wire.sync())
    assert wire.kinds(reply) == "1" + "2C" * 5000 + "Z"
    reply = engine.exec_protocol_raw(wire.query("SELECT count(*), sum(a) FROM t"))
    assert wire.rows(reply) == [(b"5000", b"12497500")]


def test_pipeline_of_errors(engine: Engine) -> None:
    messages = b"".join(wire.extended("SELECT 1 / $1::int", [str(n % 2)]) for n in range(2000))
    reply = engine.exec_protocol_raw(messages)
    assert wire.sqlstates(reply) == ["22012"] * 1000
    assert wire.rows(reply) == [(b"1",)] * 1000


# --- COPY -----------------------------------------------------------------------------------


@pytest.mark.parametrize("piece", [1, 5, 4093, 65536, 10**9])
def test_copy_in_by_any_number_of_calls(engine: Engine, piece: int) -> None:
    count = 100 if piece == 1 else 20_000
    rows = [(b"%d" % number, b"row %d" % number) for number in range(count)]
    lines = b"".join(b"\t".join(row) + b"\n" for row in rows)
    data = b"".join(wire.copy_data(lines[i : i + 7919]) for i in range(0, len(lines), 7919))
    data += wire.copy_done()
    engine.exec_protocol_raw(wire.query("CREATE TEMP TABLE t (a int, b text)"))

    reply = engine.exec_protocol_raw(wire.query("COPY t FROM STDIN"))
    assert wire.kinds(reply) == "G"
    replies = [engine.exec_protocol_raw(data[i : i + piece]) for i in range(0, len(data), piece)]

    assert not any(replies[:-1])
    assert [wire.decode(item) for item in wire.split(replies[-1])] == [
        ("CommandComplete", f"COPY {count}"),
        ("ReadyForQuery", b"I"),
    ]
    assert wire.rows(engine.exec_protocol_raw(wire.query("TABLE t"))) == rows


def test_copy_in_beside_a_suspended_portal(engine: Engine) -> None:
    """The guest waits for data within one statement while another is half read."""
    engine.exec_protocol_raw(wire.query("CREATE TEMP TABLE t (a int)"))
    engine.exec_protocol_raw(wire.query("BEGIN"))
    reply = engine.exec_protocol_raw(
        wire.parse("", "SELECT g FROM generate_series(1, 4) g")
        + wire.bind("p", "")
        + wire.execute("p", 2)
        + wire.flush()
    )
    assert wire.rows(reply) == [(b"1",), (b"2",)]
    engine.exec_protocol_raw(
        wire.parse("", "COPY t FROM STDIN") + wire.bind("", "") + wire.execute()
    )
    assert engine.exec_protocol_raw(wire.copy_data(b"1\n")) == b""
    reply = engine.exec_protocol_raw(wire.copy_done() + wire.execute("p", 9) + wire.sync())
    assert wire.kinds(reply) == "CDDCZ"
    assert wire.rows(reply) == [(b"3",), (b"4",)]


def test_copy_out_of_many_messages(engine: Engine) -> None:
    sql = "COPY (SELECT g, repeat('z', g % 50) FROM generate_series(1, 20000) g) TO STDOUT"
    items = wire.split(engine.exec_protocol_raw(wire.query(sql)))
    lines = [payload for kind, payload in items if kind == "d"]
    assert lines == [b"%d\t%s\n" % (g, b"z" * (g % 50)) for g in range(1, 20001)]


# --- 256 MiB, in memory that does not grow with it ------------------------------------------

PEAK = """
import sys
from pglite_native import Engine
from tests import wire

MIB = 1 << 20
PARTS = 256

def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4096

engine = Engine()
engine.exec_protocol_raw(wire.query("SELECT 1"))
"""

STREAM_OUT = (
    PEAK
    + """
sql = "SELECT repeat(repeat('x', 1024), 1024) FROM generate_series(1, %d)" % PARTS
idle = peak = resident()
size = 0
for part in engine.exec_protocol_stream(wire.query(sql)):
    size += len(part)
    peak = max(peak, resident())
print(size, (peak - idle) // MIB)
"""
)

COPY_IN = (
    PEAK
    + """
# Each row is dropped when it is what was sent, so the count tells whether any was not.
engine.exec_protocol_raw(wire.query("CREATE TEMP TABLE t (b bytea)"))
value = bytes(range(256)) * 4096
row = wire.copy_data(b"\\0\\1" + len(value).to_bytes(4, "big") + value)
engine.exec_protocol_raw(wire.query(
    "COPY t FROM STDIN (FORMAT binary)"
    " WHERE octet_length(b) <> 1048576 OR get_byte(b, 0) <> 0 OR get_byte(b, 1048575) <> 255"))
engine.exec_protocol_raw(wire.copy_data(b"PGCOPY\\n\\377\\r\\n\\0" + bytes(8)))
idle = peak = resident()
for _ in range(PARTS):
    assert engine.exec_protocol_raw(row) == b""
    peak = max(peak, resident())
reply = engine.exec_protocol_raw(wire.copy_data(b"\\377\\377") + wire.copy_done())
print(wire.decode(wire.split(reply)[0])[1], (peak - idle) // MIB, sep="|")
"""
)

ONE_MESSAGE = (
    PEAK
    + """
value = bytes(range(256)) * (PARTS * 4096)
message = wire.extended("SELECT octet_length($1::bytea), $1", [value], [1], [1])
del value
answer = bytearray()
for part in engine.exec_protocol_stream(message):
    answer += part
((length, echo),) = wire.rows(answer)
print(int.from_bytes(length, "big"), echo == bytes(range(256)) * (PARTS * 4096))
"""
)

BOUND_MIB = 64


def test_stream_out_of_256_mib_in_bounded_memory() -> None:
    size, grown_mib = map(int, child.output(STREAM_OUT).split())
    assert size > 256 * MIB
    assert grown_mib < BOUND_MIB


def test_copy_in_of_256_mib_in_bounded_memory() -> None:
    tag, grown_mib = child.output(COPY_IN).split("|")
    assert tag == "COPY 0"
    assert int(grown_mib) < BOUND_MIB


@pytest.mark.long
def test_one_message_of_256_mib_each_way() -> None:
    assert child.output(ONE_MESSAGE).split() == [str(256 * MIB), "True"]

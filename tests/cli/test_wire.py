"""The command line's decoder, against the tests' own (tests/wire.py)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pglite_native import Engine, EngineError
from pglite_native.protocol import wire as client
from tests import wire

messages = st.lists(st.tuples(st.sampled_from("CDEGTZ"), st.binary(max_size=40)), max_size=8)


@given(messages, st.lists(st.integers(1, 60)))
def test_a_stream_is_split_alike_in_whatever_pieces(
    items: list[tuple[str, bytes]], sizes: list[int]
) -> None:
    rest = b"".join(wire.message(kind, payload) for kind, payload in items)
    splitter = client.Splitter()
    found = []
    for size in sizes:
        found += list(splitter.feed(rest[:size]))
        rest = rest[size:]
    for position in range(len(rest)):  # and the end byte by byte
        found += list(splitter.feed(rest[position : position + 1]))
    assert found == items


def test_an_impossible_length_is_an_error() -> None:
    with pytest.raises(EngineError, match="length is 3"):
        list(client.Splitter().feed(b"Z\0\0\0\3"))


def test_messages_are_built_alike() -> None:
    assert client.query("select 'é'") == wire.query("select 'é'")
    assert client.copy_data(b"1\n") == wire.copy_data(b"1\n")
    assert client.copy_done() == wire.copy_done()
    assert client.copy_fail("no") == wire.copy_fail("no")
    with pytest.raises(ValueError, match="NUL"):
        client.query("select 1\0")


def test_payloads_are_read_alike(engine: Engine) -> None:
    sql = "listen c; notify c, 'p'; select 1 as a, null as \"é\", 'x' as b; select nope"
    answer = {
        item.kind: item.payload for item in wire.split(engine.exec_protocol_raw(wire.query(sql)))
    }
    columns = [(column.name, column.type) for column in wire.columns(answer["T"])]
    found = [(column.name, column.type) for column in client.columns(answer["T"])]
    assert found == columns == [("a", 23), ("é", 25), ("b", 25)]
    assert client.values(answer["D"]) == ["1", None, "x"]
    assert client.string(answer["C"]) == "SELECT 1"
    assert client.report(answer["E"]) == wire.report(answer["E"])

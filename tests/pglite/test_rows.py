"""The C function that makes rows of messages: every kind of value, and messages that lie."""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from pglite_native import _rows
from pglite_native._rows import BOOLEAN, BYTES, FLOAT, INTEGER, TEXT, payloads, run_end


def row(*values: bytes | None) -> bytes:
    body = struct.pack("!H", len(values))
    for value in values:
        body += struct.pack("!i", -1 if value is None else len(value)) + (value or b"")
    return message(b"D", body)


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def rows(
    run: bytes, converters: tuple[_rows.Converter, ...], names: tuple[str, ...] | None
) -> list[Any]:
    return _rows.rows([run], converters, names)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (TEXT, "héllo\n".encode(), "héllo\n"),
        (TEXT, b"", ""),
        (TEXT, b"caf\xe9", "caf\\xe9"),
        (INTEGER, b"0", 0),
        (INTEGER, b"-1", -1),
        (INTEGER, b"999999999999999999", 10**18 - 1),
        (INTEGER, b"-9223372036854775808", -(2**63)),
        (INTEGER, b"18446744073709551615", 2**64 - 1),
        (INTEGER, b"-123456789012345678901234567890", -123456789012345678901234567890),
        (FLOAT, b"0.1", 0.1),
        (FLOAT, b"-1e-310", -1e-310),
        (FLOAT, b"-1", -1.0),
        (FLOAT, b"Infinity", math.inf),
        (FLOAT, b"-Infinity", -math.inf),
        (FLOAT, b"1" * 200, float("1" * 200)),
        (BOOLEAN, b"t", True),
        (BOOLEAN, b"f", False),
        (BYTES, b"\\x", b""),
        (BYTES, b"\\x00ff10", b"\0\xff\x10"),
        (BYTES, b"\\000a\\\\\\377", b"\0a\\\xff"),
        (BYTES, b"", b""),
        ((str.upper, None), b"a", "A"),
        ((int, str), b"7", 7),
        ((int, str), b"x", "x"),
    ],
)
def test_a_value(kind: _rows.Converter, text: bytes, value: object) -> None:
    ((found,),) = rows(row(text), (kind,), None)
    assert found == value
    assert type(found) is type(value)
    assert rows(row(None), (kind,), None) == [(None,)]


def test_not_a_number() -> None:
    ((found,),) = rows(row(b"NaN"), (FLOAT,), None)
    assert math.isnan(found)


def decimals() -> Iterator[str]:
    """What float8out says, with extra_float_digits or without, and what is hard to round."""
    chance = random.Random(1)
    for _ in range(100_000):
        yield repr(struct.unpack("d", chance.randbytes(8))[0])
        yield repr(chance.uniform(-1e6, 1e6))
        yield f"{chance.randrange(10**19)}.{chance.randrange(10**9)}"
        digits = str(chance.randrange(10 ** chance.randint(1, 20)))
        yield f"{digits}.{'0' * chance.randint(0, 12)}{chance.randrange(10**5)}"
        # Near the middle of two doubles.
        middle = (2 * chance.randrange(2**52, 2**53) + 1) / 2 ** chance.randint(1, 54)
        yield f"{Decimal(middle):.{chance.randint(1, 18)}f}"
    for middle in range(2**53 + 1, 2**53 + 2001, 2):
        yield from (f"{middle}", f"-{middle}", f"{middle}.0", f"{middle}.001", f"{middle - 1}.999")
    yield from ("-0", "0", "0.000", "-0.0", "00.5", ".5", "5.", "1e22", "9007199254740993")


def test_floats_are_those_that_python_makes() -> None:
    for text in decimals():
        ((found,),) = rows(row(text.encode()), (FLOAT,), None)
        assert struct.pack("d", found) == struct.pack("d", float(text)) or found != found, text


@pytest.mark.parametrize("text", [b"", b"-", b".", b"1.2.3", b"--1", b"1x", b"e5", b"0x10"])
def test_what_is_no_float_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="could not convert"):
        rows(row(text), (FLOAT,), None)


@pytest.mark.parametrize("text", [b"\\xg0", b"\\", b"a\\0", b"\\089", b"\\x0"])
def test_bytes_that_are_in_no_form_of_bytea_output(text: bytes) -> None:
    with pytest.raises(ValueError, match="damaged"):
        rows(row(text), (BYTES,), None)


def test_many_runs_make_one_list() -> None:
    runs = [row(b"1") + row(b"2"), b"", row(b"3")]
    assert _rows.rows(runs, (INTEGER,), None) == [(1,), (2,), (3,)]
    with pytest.raises(ValueError, match="damaged"):
        _rows.rows([row(b"1"), b"D"], (INTEGER,), None)


def test_tuples_and_dicts() -> None:
    run = row(b"1", b"a") + row(None, b"b")
    assert rows(run, (INTEGER, TEXT), None) == [(1, "a"), (None, "b")]
    assert rows(run, (INTEGER, TEXT), ("n", "t")) == [{"n": 1, "t": "a"}, {"n": None, "t": "b"}]
    assert rows(run, (INTEGER, TEXT), ("n", "n")) == [{"n": "a"}, {"n": "b"}], "the last counts"
    assert rows(row(), (), None) == [()]
    assert rows(b"", (TEXT,), None) == []


def fail(error: Exception) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        raise error

    return parse


@pytest.mark.parametrize("names", [None, ("a", "b")])
def test_what_a_converter_raises_is_raised(names: tuple[str, ...] | None) -> None:
    run = row(b"1", b"2") * 3
    with pytest.raises(LookupError):
        rows(run, (TEXT, (fail(LookupError()), str)), names)
    with pytest.raises(ValueError, match="second"):
        rows(run, (TEXT, (fail(ValueError("first")), fail(ValueError("second")))), names)
    with pytest.raises(ValueError, match="invalid literal"):
        rows(run + row(b"1", b"x"), (INTEGER, INTEGER), names)
    with pytest.raises(ValueError, match="could not convert"):
        rows(row(b"x", b""), (FLOAT, TEXT), names)


def test_arguments_that_make_no_sense() -> None:
    for converter in (-1, 99, (str,), "text", None):
        with pytest.raises((TypeError, ValueError)):
            rows(row(b""), (converter,), None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="names"):
        rows(row(b""), (TEXT,), ("a", "b"))
    with pytest.raises((TypeError, SystemError)):
        rows(row(b""), (TEXT,), 5)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        rows(bytearray(row(b"")), (TEXT,), None)  # type: ignore[arg-type]
    for start in (-1, 2):
        with pytest.raises(ValueError, match="outside"):
            run_end(b"1", start)


def test_messages_that_lie_are_refused() -> None:
    whole = row(b"abc", None)
    damaged = [whole[:end] for end in range(1, len(whole))]
    damaged += [
        message(b"C", b"x"),
        whole + b"D",
        row(b"abc"),  # one column, and there are two
        message(b"D", struct.pack("!Hi", 2, 100) + b"x"),
        message(b"D", struct.pack("!Hi", 2, -2) + b"x"),
        message(b"D", struct.pack("!Hi", 2, 2**31 - 1) + b"x"),
        b"D" + struct.pack("!I", 3) + b"x" * 10,
        b"D" + struct.pack("!I", 2**32 - 1) + b"x" * 10,
    ]
    for each in damaged:
        for names in (None, ("a", "b")):
            with pytest.raises(ValueError, match="damaged"):
                rows(each, (TEXT, TEXT), names)
    with pytest.raises(ValueError, match="damaged"):
        payloads(message(b"d", b"x") + b"d")


def test_garbage_is_never_read_beyond_its_end() -> None:
    chance = random.Random(1)
    whole = row(b"12", b"ab", None) * 3
    for _ in range(20_000):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            found = rows(bytes(data), (TEXT, BYTES, BOOLEAN), None)
        except ValueError:
            continue
        assert len(found) <= 3
        assert run_end(bytes(data), 0) == len(data)


def test_runs_end_where_another_kind_begins_or_a_message_is_cut_off() -> None:
    run, other = row(b"1") * 3, message(b"C", b"SELECT 3\0")
    data = other + run + other
    assert run_end(data, 0) == len(other)
    assert run_end(data, len(other)) == len(other + run)
    assert run_end(run[:-1], 0) == len(run) * 2 // 3
    assert run_end(run[:3], 0) == 0
    assert run_end(b"", 0) == 0


def test_payloads_are_joined() -> None:
    assert payloads(message(b"d", b"ab") + message(b"d", b"") + message(b"d", b"c")) == b"abc"
    assert payloads(b"") == b""

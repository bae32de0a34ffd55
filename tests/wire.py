"""The PostgreSQL wire protocol, version 3, as the tests speak it: bytes in, bytes out, no I/O.

A driver would be the better-kept library, but a driver hides what these tests are about: it picks
the messages, merges them, and cannot send a wrong one. So the frontend messages are built here, one
function each, named as in the manual ("Message Formats"); and a backend's answer is split into
messages and decoded into plain tuples, for comparing and for reading a failure.

Arguments are not checked: a wrong message is often the point.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

PROTOCOL_3_0 = 3 << 16
SSL_REQUEST_CODE = 1234 << 16 | 5679
CANCEL_REQUEST_CODE = 1234 << 16 | 5678
HEADER_BYTES = 5  # type u8, length i32; the length counts itself but not the type

TEXT, BINARY = 0, 1

# --- frontend -------------------------------------------------------------------------------


def message(kind: str, payload: bytes = b"") -> bytes:
    return kind.encode() + struct.pack("!i", len(payload) + 4) + payload


def query(sql: str | bytes) -> bytes:
    return message("Q", _cstring(sql))


def parse(name: str, sql: str | bytes, types: Sequence[int] = ()) -> bytes:
    """`types` are OIDs; 0 leaves one to be inferred."""
    return message("P", _cstring(name) + _cstring(sql) + _counted("!I", types))


def bind(
    portal: str,
    statement: str,
    values: Sequence[str | bytes | None] = (),
    formats: Sequence[int] = (),
    result_formats: Sequence[int] = (),
) -> bytes:
    """Formats: none means all text, one stands for all, else one each."""
    return message(
        "B",
        _cstring(portal)
        + _cstring(statement)
        + _counted("!h", formats)
        + _values(values)
        + _counted("!h", result_formats),
    )


def describe(kind: str, name: str) -> bytes:
    """`kind`: "S" for a statement, "P" for a portal; the same in `close`."""
    return message("D", kind.encode() + _cstring(name))


def execute(portal: str = "", limit: int = 0) -> bytes:
    return message("E", _cstring(portal) + struct.pack("!i", limit))


def close(kind: str, name: str) -> bytes:
    return message("C", kind.encode() + _cstring(name))


def sync() -> bytes:
    return message("S")


def flush() -> bytes:
    return message("H")


def copy_data(data: bytes) -> bytes:
    return message("d", data)


def copy_done() -> bytes:
    return message("c")


def copy_fail(reason: str) -> bytes:
    return message("f", _cstring(reason))


def function_call(
    function: int,
    values: Sequence[str | bytes | None] = (),
    formats: Sequence[int] = (),
    result_format: int = TEXT,
) -> bytes:
    return message(
        "F",
        struct.pack("!I", function)
        + _counted("!h", formats)
        + _values(values)
        + struct.pack("!h", result_format),
    )


def terminate() -> bytes:
    return message("X")


def startup(parameters: Mapping[str, str], protocol: int = PROTOCOL_3_0) -> bytes:
    """The one message without a type; also asks the server for `user` and `database`."""
    pairs = b"".join(_cstring(key) + _cstring(value) for key, value in parameters.items())
    return _untyped(struct.pack("!i", protocol) + pairs + b"\0")


def ssl_request() -> bytes:
    return _untyped(struct.pack("!i", SSL_REQUEST_CODE))


def extended(
    sql: str,
    values: Sequence[str | bytes | None] = (),
    formats: Sequence[int] = (),
    result_formats: Sequence[int] = (),
) -> bytes:
    """One statement by the unnamed statement and portal, as drivers send it."""
    return (
        parse("", sql)
        + bind("", "", values, formats, result_formats)
        + describe("P", "")
        + execute()
        + sync()
    )


def _cstring(text: str | bytes) -> bytes:
    return (text.encode() if isinstance(text, str) else text) + b"\0"


def _counted(item: str, values: Sequence[int]) -> bytes:
    return struct.pack("!H", len(values)) + b"".join(struct.pack(item, value) for value in values)


def _values(values: Sequence[str | bytes | None]) -> bytes:
    parts = [struct.pack("!H", len(values))]
    for value in values:
        if value is None:
            parts.append(struct.pack("!i", -1))
        else:
            data = value.encode() if isinstance(value, str) else value
            parts.append(struct.pack("!i", len(data)) + data)
    return b"".join(parts)


def _untyped(payload: bytes) -> bytes:
    return struct.pack("!i", len(payload) + 4) + payload


# --- backend --------------------------------------------------------------------------------


class ProtocolError(Exception):
    """The stream is not made of messages, or not of those waited for."""


class Message(NamedTuple):
    kind: str
    payload: bytes

    def encode(self) -> bytes:
        return message(self.kind, self.payload)


class Splitter:
    """Cuts a stream that arrives in any pieces into messages."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        self._pending += data
        while len(self._pending) >= HEADER_BYTES:
            (length,) = struct.unpack_from("!i", self._pending, 1)
            if length < 4:
                raise ProtocolError(f"message length {length} at {bytes(self._pending[:16])!r}")
            if len(self._pending) < length + 1:
                return
            kind = chr(self._pending[0])
            payload = bytes(self._pending[HEADER_BYTES : length + 1])
            del self._pending[: length + 1]
            yield Message(kind, payload)

    @property
    def pending(self) -> bytes:
        """The start of a message whose end has not arrived."""
        return bytes(self._pending)


def split(stream: bytes) -> list[Message]:
    """A whole stream's messages; one cut short is an error."""
    splitter = Splitter()
    messages = list(splitter.feed(stream))
    if splitter.pending:
        raise ProtocolError(f"stream ends inside a message: {splitter.pending[:64]!r}")
    return messages


def kinds(stream: bytes) -> str:
    """The messages' types as one word: "TDDCZ" is a query with two rows."""
    return "".join(item.kind for item in split(stream))


class Column(NamedTuple):
    """One field of a RowDescription, in its order on the wire."""

    name: str
    table: int
    attribute: int
    type: int
    size: int
    modifier: int
    format: int


def columns(payload: bytes) -> list[Column]:
    fields = _Reader(payload)
    return [
        Column(fields.cstring(), *fields.unpack("!IhIhih")) for _ in range(*fields.unpack("!H"))
    ]


def encode_columns(fields: Sequence[Column]) -> bytes:
    return struct.pack("!H", len(fields)) + b"".join(
        _cstring(field.name) + struct.pack("!IhIhih", *field[1:]) for field in fields
    )


def encode_parameter_types(types: Sequence[int]) -> bytes:
    return _counted("!I", types)


def row(payload: bytes) -> tuple[bytes | None, ...]:
    fields = _Reader(payload)
    return tuple(fields.value() for _ in range(*fields.unpack("!H")))


def rows(stream: bytes) -> list[tuple[bytes | None, ...]]:
    """The values of every DataRow."""
    return [row(payload) for kind, payload in split(stream) if kind == "D"]


def report(payload: bytes) -> dict[str, str]:
    """The fields of an ErrorResponse or NoticeResponse by their letter: C is the SQLSTATE."""
    return {field[:1].decode(): field[1:].decode("utf-8", "replace") for field in _strings(payload)}


def errors(stream: bytes) -> list[dict[str, str]]:
    return [report(payload) for kind, payload in split(stream) if kind == "E"]


def sqlstates(stream: bytes) -> list[str]:
    return [fields["C"] for fields in errors(stream)]


def parameters(stream: bytes) -> dict[str, str]:
    """The settings that ParameterStatus messages tell, the last word on each."""
    return dict(decode(item)[1:] for item in split(stream) if item.kind == "S")


def decode(item: Message) -> tuple[Any, ...]:
    """One message as (name, fields…), every byte of it accounted for."""
    kind, payload = item
    fields = _Reader(payload)
    name = BACKEND_NAMES.get(kind, f"Unknown {kind!r}")
    if kind == "T":
        return (name, *columns(payload))
    if kind == "D":
        return (name, *row(payload))
    if kind in "EN":
        return (name, report(payload))
    if kind == "C":
        return (name, fields.cstring())
    if kind == "S":
        return (name, fields.cstring(), fields.cstring())
    if kind == "A":
        return (name, *fields.unpack("!i"), fields.cstring(), fields.cstring())
    if kind == "t":
        return (name, *fields.unpack(f"!H{(len(payload) - 2) // 4}I")[1:])
    if kind in "GH":
        return (name, *fields.unpack(f"!bH{(len(payload) - 3) // 2}h"))
    return (name, payload) if payload else (name,)


BACKEND_NAMES = {
    "1": "ParseComplete",
    "2": "BindComplete",
    "3": "CloseComplete",
    "A": "NotificationResponse",
    "C": "CommandComplete",
    "D": "DataRow",
    "E": "ErrorResponse",
    "G": "CopyInResponse",
    "H": "CopyOutResponse",
    "I": "EmptyQueryResponse",
    "K": "BackendKeyData",
    "N": "NoticeResponse",
    "R": "Authentication",
    "S": "ParameterStatus",
    "T": "RowDescription",
    "V": "FunctionCallResponse",
    "Z": "ReadyForQuery",
    "c": "CopyDone",
    "d": "CopyData",
    "n": "NoData",
    "s": "PortalSuspended",
    "t": "ParameterDescription",
    "v": "NegotiateProtocolVersion",
}


class _Reader:
    """Reads fields off a payload, front to back."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._offset = 0

    def unpack(self, layout: str) -> tuple[int, ...]:
        values = struct.unpack_from(layout, self._payload, self._offset)
        self._offset += struct.calcsize(layout)
        return values

    def cstring(self) -> str:
        end = self._payload.index(b"\0", self._offset)
        text = self._payload[self._offset : end].decode("utf-8", "replace")
        self._offset = end + 1
        return text

    def value(self) -> bytes | None:
        (length,) = self.unpack("!i")
        if length < 0:
            return None
        start, self._offset = self._offset, self._offset + length
        return self._payload[start : self._offset]


def _strings(payload: bytes) -> list[bytes]:
    """The strings of a list that an empty one ends."""
    return payload.split(b"\0")[:-2]

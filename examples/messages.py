"""What the examples know of PostgreSQL's wire protocol: some messages, and how to read a reply.

Reference: PostgreSQL documentation, "Frontend/Backend Protocol", "Message Formats".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def query(sql: str) -> bytes:
    """Run SQL, one or many statements."""
    return _message("Q", _string(sql))


def parse(name: str, sql: str) -> bytes:
    """Prepare a statement; the server finds out its parameters' types."""
    return _message("P", _string(name) + _string(sql) + _int16(0))


def bind_and_execute(name: str, values: Sequence[str | None]) -> bytes:
    """Execute a prepared statement with some values, as text."""
    parameters = b"".join(
        (-1).to_bytes(4, "big", signed=True) if value is None else _counted(value.encode())
        for value in values
    )
    count = _int16(len(values))
    # The unnamed portal of that statement; no format codes: everything is text; no limit of rows.
    bind = _string("") + _string(name) + _int16(0) + count + parameters + _int16(0)
    return _message("B", bind) + _message("E", _string("") + _int32(0))


def sync() -> bytes:
    """End a pipeline: ReadyForQuery comes, and after an error the session recovers."""
    return _message("S", b"")


def copy_data(data: bytes) -> bytes:
    return _message("d", data)


def copy_done() -> bytes:
    return _message("c", b"")


def messages(reply: bytes) -> Iterator[tuple[str, bytes]]:
    """The messages of a whole reply: type and payload."""
    start = 0
    while start < len(reply):
        end = start + 1 + int.from_bytes(reply[start + 1 : start + 5], "big")
        yield chr(reply[start]), reply[start + 5 : end]
        start = end


def rows(reply: bytes) -> list[list[str | None]]:
    """The values of all rows, as text; None is NULL. An error becomes an exception."""
    found = []
    for kind, payload in messages(reply):
        if kind == "E":
            raise RuntimeError(error(payload))
        if kind == "D":
            found.append(list(_values(payload)))
    return found


def error(payload: bytes) -> str:
    """SQLSTATE and message of an ErrorResponse."""
    fields = {field[:1]: field[1:].decode() for field in payload.split(b"\0") if field}
    return f"{fields[b'C']}: {fields[b'M']}"


def _values(payload: bytes) -> Iterator[str | None]:
    position = 2  # after the count
    while position < len(payload):
        length = int.from_bytes(payload[position : position + 4], "big", signed=True)
        position += 4
        yield None if length < 0 else payload[position : position + length].decode()
        position += max(length, 0)


def _message(kind: str, payload: bytes) -> bytes:
    return kind.encode() + _int32(4 + len(payload)) + payload


def _string(text: str) -> bytes:
    return text.encode() + b"\0"


def _counted(data: bytes) -> bytes:
    return _int32(len(data)) + data


def _int16(value: int) -> bytes:
    return value.to_bytes(2, "big")


def _int32(value: int) -> bytes:
    return value.to_bytes(4, "big")

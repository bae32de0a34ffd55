"""The messages that the server itself says, where no backend is there to say them; no I/O.

Reference: PostgreSQL documentation, "Message Formats", "Error and Notice Message Fields".
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from pglite_native.protocol.wire import message

READY_IDLE = b"Z\0\0\0\5I"  # ReadyForQuery, outside of a transaction

# What an Authentication message asks for.
SASL, SASL_CONTINUE, SASL_FINAL = 10, 11, 12


class Refusal(Exception):
    """A FATAL error of the server's: the client is told, the connection ends."""

    def __init__(self, sqlstate: str, message: str, *, detail: str = "", hint: str = "") -> None:
        super().__init__(message)
        self._fields = {"C": sqlstate, "M": message, "D": detail, "H": hint}

    def encode(self) -> bytes:
        """ErrorResponse."""
        pairs = {"S": "FATAL", "V": "FATAL", **self._fields}
        fields = (key + value for key, value in pairs.items() if value)
        return message(b"E", b"".join(cstring(field) for field in fields) + b"\0")


def cstring(text: str) -> bytes:
    return text.encode(errors="surrogateescape") + b"\0"


def authentication(code: int, payload: bytes = b"") -> bytes:
    return message(b"R", struct.pack("!i", code) + payload)


def backend_key_data(process: int, secret: bytes) -> bytes:
    return message(b"K", struct.pack("!i", process) + secret)


def negotiate_protocol_version(version: int, unknown_options: Sequence[str]) -> bytes:
    names = b"".join(cstring(name) for name in unknown_options)
    return message(b"v", struct.pack("!ii", version, len(unknown_options)) + names)

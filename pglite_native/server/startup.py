"""Startup packets: the messages without a type by which a connection begins; no I/O.

Reference: PostgreSQL documentation, "Message Flow: Start-up"; ProcessStartupPacket in
backend_startup.c, which the errors are worded after.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pglite_native.server.messages import Refusal, cstring

LENGTH_BYTES = 4
SIZE_MIN = 8
SIZE_MAX = 10000  # MAX_STARTUP_PACKET_LENGTH

CANCEL_REQUEST = 1234 << 16 | 5678
SSL_REQUEST = 1234 << 16 | 5679
GSSENC_REQUEST = 1234 << 16 | 5680

PROTOCOL_3_0 = 3 << 16
PROTOCOL_LATEST = 3 << 16 | 2
SECRET_BYTES_3_0 = 4  # of a cancel key; since 3.2 it may be longer
SECRET_BYTES = 32

NAME_BYTES = 63  # NAMEDATALEN - 1

# What a walsender would be told by; the engine has none.
_REPLICATION_OFF = {"", "0", "f", "false", "n", "no", "of", "off"}


class InternetAddress(NamedTuple):
    """An address and a port, as the engine has them: pgn_address."""

    version: int
    port: int
    high: int
    low: int

    @classmethod
    def parse(cls, host: str, port: int) -> InternetAddress:
        """One that is written as numbers."""
        address = ipaddress.ip_address(host)
        number = int.from_bytes(address.packed.ljust(16, b"\0"), "big")
        return cls(address.version, port, number >> 64, number & (2**64 - 1))


@dataclass(frozen=True)
class CancelRequest:
    """The one message of a connection that wants another one's statement cancelled."""

    process: int
    secret: bytes


@dataclass(frozen=True)
class Startup:
    """A startup packet, understood: who wants which database, and how."""

    requested: int
    version: int  # negotiated
    unknown_options: tuple[str, ...]
    parameters: Mapping[str, str]
    address: InternetAddress | None = None  # the client's; None: it is on this machine

    @property
    def user(self) -> str:
        return self.parameters["user"]

    @property
    def database(self) -> str:
        return self.parameters.get("database") or self.user

    @property
    def is_negotiated(self) -> bool:
        """Must the client be told that it does not get all it asked for?"""
        return self.requested > self.version or bool(self.unknown_options)

    @property
    def secret_size(self) -> int:
        return SECRET_BYTES if self.version > PROTOCOL_3_0 else SECRET_BYTES_3_0

    def encode(self, database: str) -> bytes:
        """A packet for the backend, of its own database, without what is not its business.

        Names are cut off as PostgreSQL does it: the client's may fill a packet, and one that names
        no database has the user's twice here.
        """
        others = {
            key: value for key, value in self.parameters.items() if key not in ("user", "database")
        }
        pairs = b"".join(cstring(key) + cstring(value) for key, value in others.items())
        for key, name in (("user", self.user), ("database", database)):
            pairs += cstring(key) + cstring(name)[:-1][:NAME_BYTES] + b"\0"
        body = struct.pack("!i", PROTOCOL_3_0) + pairs + b"\0"
        return struct.pack("!i", LENGTH_BYTES + len(body)) + body


def packet_size(header: bytes) -> int:
    """The size of a packet from its first four bytes."""
    size = int.from_bytes(header, "big")
    if not SIZE_MIN <= size <= SIZE_MAX:
        raise Refusal("08P01", "invalid length of startup packet")
    return size


def code_of(packet: bytes) -> int:
    """What a packet is: a request's code or a protocol version."""
    return int.from_bytes(packet[4:8], "big")


def parse_cancel_request(packet: bytes) -> CancelRequest:
    if len(packet) <= 12:
        raise Refusal("08P01", "invalid length of query cancel packet")
    (process,) = struct.unpack_from("!i", packet, 8)
    return CancelRequest(process, packet[12:])


def parse_startup(packet: bytes, address: InternetAddress | None = None) -> Startup:
    version = code_of(packet)
    if version >> 16 != 3:
        raise Refusal(
            "0A000",
            f"unsupported frontend protocol {version >> 16}.{version & 0xFFFF}:"
            " server supports 3.0 to 3.2",
        )
    pairs = _parameters(packet[8:])
    parameters = {key: value for key, value in pairs.items() if not key.startswith("_pq_.")}
    if not parameters.get("user"):
        raise Refusal("28000", "no PostgreSQL user name specified in startup packet")
    if parameters.pop("replication", "").lower() not in _REPLICATION_OFF:
        raise Refusal("0A000", "replication is not supported")
    return Startup(
        requested=version,
        version=min(version, PROTOCOL_LATEST),
        unknown_options=tuple(key for key in pairs if key.startswith("_pq_.")),
        parameters=parameters,
        address=address,
    )


def _parameters(body: bytes) -> dict[str, str]:
    """Names and values, each ended by a zero, and a zero at the end of all."""
    *strings, last = body.split(b"\0")
    # A name that is empty ends the list: it must be the packet's last byte.
    if last or not strings or strings.pop() or len(strings) % 2 or b"" in strings[::2]:
        raise Refusal("08P01", "invalid startup packet layout: expected terminator as last byte")
    decoded = [item.decode(errors="surrogateescape") for item in strings]
    return dict(zip(decoded[::2], decoded[1::2], strict=True))

"""LEB128 integers, WebAssembly's encoding of every index, size and constant (core spec, 5.2.2)."""

from __future__ import annotations

from .errors import MalformedModuleError

MAX_BYTES = 10  # of a 64-bit integer


def unsigned(value: int) -> bytes:
    if value < 0x80:
        return bytes((value,))
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def signed(value: int) -> bytes:
    encoded = bytearray()
    while not -0x40 <= value < 0x40:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value & 0x7F)
    return bytes(encoded)


def read_unsigned(data: bytes, position: int) -> tuple[int, int]:
    """The integer at `position`, and the position after it."""
    value, _, position = _read(data, position)
    return value, position


def read_signed(data: bytes, position: int) -> tuple[int, int]:
    """The integer at `position`, and the position after it."""
    value, bits, position = _read(data, position)
    return (value - (1 << bits) if value >> (bits - 1) else value), position


def _read(data: bytes, position: int) -> tuple[int, int, int]:
    value = bits = 0
    for byte in data[position : position + MAX_BYTES]:
        value |= (byte & 0x7F) << bits
        bits += 7
        if byte < 0x80:
            return value, bits, position + bits // 7
    raise MalformedModuleError(f"no integer ends within {MAX_BYTES} bytes of offset {position}")

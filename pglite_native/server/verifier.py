"""What is kept of a password: pg_authid.rolpassword, as scramp has it.

Reference: PostgreSQL documentation, "pg_authid".
"""

from __future__ import annotations

import re
from base64 import b64decode
from typing import NamedTuple

_FORMAT = re.compile(
    r"SCRAM-SHA-256\$(?P<iterations>\d+):(?P<salt>[^:$]+)\$(?P<stored>[^:$]+):(?P<server>[^:$]+)"
)


class Verifier(NamedTuple):
    """A password, salted and hashed."""

    salt: bytes
    stored_key: bytes
    server_key: bytes
    iterations: int


def parse(text: str) -> Verifier | None:
    """What PostgreSQL has written down; None where it is not for SCRAM, as MD5's is not."""
    found = _FORMAT.fullmatch(text)
    if found is None:
        return None
    salt, stored, server = (b64decode(found[name]) for name in ("salt", "stored", "server"))
    return Verifier(salt, stored, server, int(found["iterations"]))

"""Who may come in: everybody (trust), or who knows their password, by SCRAM-SHA-256.

Within TLS also by SCRAM-SHA-256-PLUS: the password is then proven to who has the certificate that
the client sees, and to no one in between.

Why scramp: a well-kept implementation of RFC 5802 for both sides, pure Python, by the makers of
pg8000; cryptography is nothing to write anew.

Reference: PostgreSQL documentation, "SASL Authentication"; RFC 5802, RFC 7677.
"""

from __future__ import annotations

import ssl
import struct
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from scramp import ScramException, ScramMechanism

from pglite_native.server import tls, verifier
from pglite_native.server.cluster import Password
from pglite_native.server.handshake import Handshake
from pglite_native.server.messages import (
    SASL,
    SASL_CONTINUE,
    SASL_FINAL,
    Refusal,
    authentication,
    cstring,
)
from pglite_native.server.verifier import Verifier

MECHANISM = "SCRAM-SHA-256"
MECHANISM_PLUS = "SCRAM-SHA-256-PLUS"


Look = Callable[[], Password | None]


class LoginFailed(Refusal):
    """The password is wrong, or there is no such user: the client does not hear which."""

    def __init__(self, user: str) -> None:
        super().__init__("28P01", f'password authentication failed for user "{user}"')


class Authentication(Protocol):
    """One way of finding out whether to let a user in."""

    def admit(self, handshake: Handshake, user: str, look: Look) -> None:
        """Return, or raise a Refusal.

        `look` finds what the cluster keeps of the role's password.
        """


class Trust:
    """For sockets that only the own user can reach."""

    def admit(self, handshake: Handshake, user: str, look: Look) -> None:
        pass


class Scram:
    """A role's own password, or else one for all; kept as SCRAM keeps it, salted and hashed."""

    def __init__(self, password: str, context: ssl.SSLContext | None) -> None:
        self._common = Verifier(*ScramMechanism(MECHANISM).make_auth_info(password))
        self._binding = tls.channel_binding(context) if context is not None else None

    def admit(self, handshake: Handshake, user: str, look: Look) -> None:
        binding = self._binding if handshake.is_encrypted else None
        offered = [MECHANISM] if binding is None else [MECHANISM_PLUS, MECHANISM]
        names = b"".join(cstring(name) for name in offered)
        name, first = _initial_response(handshake.ask(SASL, names + b"\0"), offered)
        known = self._verifier_of(look())  # not before: who says nothing costs the cluster nothing
        if binding is not None and name == MECHANISM and first.startswith(b"y"):
            raise Refusal(
                "28000",
                "SCRAM channel binding negotiation error",
                detail="The client supports SCRAM channel binding but thinks the server does not."
                " However, this server does support channel binding.",
            )
        checked = known or self._common
        mechanism = ScramMechanism(name)
        exchange = mechanism.make_server(
            lambda _: (*checked[:3], max(checked.iterations, int(mechanism.iteration_count))),
            binding if name == MECHANISM_PLUS else None,
        )
        try:
            _set_client_first(exchange, first.decode())
            exchange.i = checked.iterations  # which PostgreSQL leaves to its users, scramp does not
            final = handshake.ask(SASL_CONTINUE, exchange.get_server_first().encode())
            exchange.set_client_final(final.decode())
        except (ScramException, UnicodeDecodeError, ValueError) as error:
            raise LoginFailed(user) from error
        if known is None:
            raise LoginFailed(user)
        proof = exchange.get_server_final().encode()
        handshake.client.sendall(authentication(SASL_FINAL, proof))

    def _verifier_of(self, password: Password | None) -> Verifier | None:
        """What the user has to know the password of; None for a user who cannot come in.

        As in PostgreSQL they hear so when they have given a password, not before.
        """
        if password is None or password.has_expired:
            return None
        if password.verifier is None:
            return self._common
        return verifier.parse(password.verifier)


def _set_client_first(exchange: Any, first: str) -> None:
    """Take what the client says first, also where it leaves the user's name empty.

    libpq does, since the name is the startup packet's; scramp 1.5 insists on one. The name plays no
    part but in the text that is signed, which is put back.
    """
    head, separator, bare = first.partition(",n=,")
    if not separator:
        exchange.set_client_first(first)
        return
    exchange.set_client_first(f"{head},n=*,{bare}")
    exchange.client_first_bare = f"n=,{bare}"


def _initial_response(payload: bytes, offered: Sequence[str]) -> tuple[str, bytes]:
    """SASLInitialResponse: a mechanism's name, a length, what the client says first."""
    name, end, rest = payload.partition(b"\0")
    if not end or len(rest) < 4:
        raise Refusal("08P01", "malformed SCRAM message")
    if name.decode("latin-1") not in offered:
        raise Refusal("08P01", "client selected an invalid SASL authentication mechanism")
    (length,) = struct.unpack_from("!i", rest)
    if length != len(rest) - 4:
        raise Refusal("08P01", "malformed SCRAM message")
    return name.decode(), rest[4:]

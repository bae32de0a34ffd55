"""TLS as PostgreSQL's clients expect it: a protocol's name, a certificate to bind passwords to.

Reference: PostgreSQL documentation, "SSL Session Encryption", "SASL Authentication"; RFC 5929.
"""

from __future__ import annotations

import hashlib
import ssl
from contextlib import suppress

PROTOCOL = "postgresql"  # by ALPN
RECORD = b"\x16"  # a handshake's first byte, and no startup packet's

BINDING = "tls-server-end-point"  # the one that PostgreSQL knows


def announce(context: ssl.SSLContext) -> None:
    """Have a server's context say, by ALPN, that PostgreSQL's protocol is spoken."""
    context.set_alpn_protocols([PROTOCOL])


def channel_binding(context: ssl.SSLContext) -> tuple[str, bytes] | None:
    """What clients bind their passwords to: a hash of the certificate, which they have seen.

    None where that is not to be had: there is no hash for the signature (Ed25519), or the choice
    is not the context's alone.
    """
    certificate = _certificate(context)
    # Why asn1crypto: scramp has it for this very purpose, on the client's side.
    from asn1crypto.x509 import Certificate

    try:
        algorithm = Certificate.load(certificate).hash_algo if certificate else None
    except ValueError:
        algorithm = None
    if certificate is None or algorithm is None:
        return None
    if algorithm in ("md5", "sha1"):  # too weak: RFC 5929, 4.1
        algorithm = "sha256"
    return BINDING, hashlib.new(algorithm, certificate).digest()


def _certificate(context: ssl.SSLContext) -> bytes | None:
    """The certificate a context shows, which it does not tell: a client in memory is shown it."""
    if context.sni_callback is not None:  # it may show another one
        return None
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    curious = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    curious.check_hostname = False
    curious.verify_mode = ssl.CERT_NONE
    client = curious.wrap_bio(to_client, to_server)
    server = context.wrap_bio(to_server, to_client, server_side=True)
    try:
        while True:
            with suppress(ssl.SSLWantReadError):
                client.do_handshake()
                return client.getpeercert(binary_form=True)
            with suppress(ssl.SSLWantReadError):
                server.do_handshake()
    except ssl.SSLError:
        return None

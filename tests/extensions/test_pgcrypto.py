"""pgcrypto: known answers, and there and back."""

from __future__ import annotations

import pytest

from pglite_native import Engine
from tests.engine.sql import run, sqlstate, value
from tests.extensions.bundled import create, uses


@uses("pgcrypto")
def test_pgcrypto(engine: Engine) -> None:
    create(engine, "pgcrypto")
    digests = {
        "md5": "900150983cd24fb0d6963f7d28e17f72",
        "sha1": "a9993e364706816aba3e25717850c26c9cd0d89d",
        "sha224": "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
        "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "sha512": "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    }
    for algorithm, digest in digests.items():
        assert value(engine, f"select encode(digest('abc', '{algorithm}'), 'hex')") == digest
    assert value(
        engine, "select encode(hmac('what do ya want for nothing?', 'Jefe', 'md5'), 'hex')"
    ) == ("750c783e6ab0b503eaa86e310a5db738")
    # Of crypt_blowfish and OpenSSL.
    assert value(engine, "select crypt('U*U', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.')") == (
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
    )
    assert value(engine, "select crypt('password', '$1$3azHgidD')") == (
        "$1$3azHgidD$SrJPt7B.9rekpmwJwtON31"
    )
    for method in ("bf", "md5", "des", "xdes", "sha256crypt", "sha512crypt"):
        hashed = (
            "select crypt('secret', h) = h, crypt('wrong', h) = h"
            f" from crypt('secret', gen_salt('{method}')) h"
        )
        assert run(engine, hashed) == [("t", "f")], method
    assert (
        value(
            engine,
            "select encode(encrypt('\\x00112233445566778899aabbccddeeff',"
            " '\\x000102030405060708090a0b0c0d0e0f', 'aes-ecb/pad:none'), 'hex')",
        )
        == "69c4e0d86a7b0430d8cdb78070b4c55a"
    )
    for cipher in ("aes", "3des"):
        encrypted = f"encrypt_iv('hello', 'a key of 24 bytes', 'iv', '{cipher}')"
        decrypted = f"decrypt_iv({encrypted}, 'a key of 24 bytes', 'iv', '{cipher}')"
        assert value(engine, f"select convert_from({decrypted}, 'UTF8')") == "hello", cipher
    lengths = "select length(gen_random_bytes(1000)), gen_random_bytes(16) = gen_random_bytes(16)"
    assert run(engine, lengths) == [("1000", "f")]
    assert (
        value(engine, "select count(distinct gen_random_uuid()) from generate_series(1, 100)")
        == "100"
    )


@pytest.mark.parametrize("options", ["", "cipher-algo=aes256", "compress-algo=1, compress-level=9"])
def test_pgcrypto_openpgp(engine: Engine, options: str) -> None:
    create(engine, "pgcrypto")
    run(engine, "create table t as select repeat('sèrre ', 1000) as plain")
    encrypted = f"pgp_sym_encrypt(plain, 'key', '{options}')"
    assert value(engine, f"select pgp_sym_decrypt({encrypted}, 'key') = plain from t") == "t"
    assert sqlstate(engine, f"select pgp_sym_decrypt({encrypted}, 'other') from t") == "39000"


@pytest.mark.parametrize(
    "statement",
    [
        "select pgp_key_id(dearmor('-----BEGIN PGP PUBLIC KEY BLOCK-----'))",
        "select digest('abc', 'nonsense')",
        "select encrypt('x', 'y', 'nonsense')",
        # In OpenSSL's legacy provider, which upstream leaves out.
        "select encrypt('x', 'y', 'bf')",
        "select encrypt('x', 'y', 'des')",
        "select encrypt('x', 'y', 'cast5')",
        "select digest('x', 'md4')",
    ],
)
def test_pgcrypto_refuses(engine: Engine, statement: str) -> None:
    create(engine, "pgcrypto")
    assert sqlstate(engine, statement) in ("22023", "39000")

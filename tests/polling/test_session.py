"""Logging in, and the encodings, in the real guest; expected is what a native server does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from pglite_native import Engine
from tests import wire

LOGIN = {"user": "postgres", "database": "postgres"}


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


def log_in(engine: Engine, changes: Mapping[str, str]) -> bytes:
    return bytes(engine.exec_protocol_raw(wire.startup({**LOGIN, **changes})))


def refusal(engine: Engine, changes: Mapping[str, str]) -> tuple[str, str]:
    [error] = wire.errors(log_in(engine, changes))
    return error["C"], error["M"]


def execute(engine: Engine, *statements: str) -> None:
    for statement in statements:
        assert wire.errors(engine.exec_protocol_raw(wire.query(statement))) == []


def ask(engine: Engine, sql: str) -> list[str | None]:
    """The one row that a query answers."""
    reply = engine.exec_protocol_raw(wire.query(sql))
    assert wire.errors(reply) == []
    [row] = wire.rows(reply)
    return [None if value is None else value.decode() for value in row]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"user": "nobody"}, ("28000", 'role "nobody" does not exist')),
        ({"user": "nologin"}, ("28000", 'role "nologin" is not permitted to log in')),
        ({"user": "limited"}, ("53300", 'too many connections for role "limited"')),
        ({"database": "nowhere"}, ("3D000", 'database "nowhere" does not exist')),
        ({"database": "template1"}, ("0A000", 'cannot connect to database "template1"')),
        (
            {"options": "-c work_mem=foo"},
            ("22023", 'invalid value for parameter "work_mem": "foo"'),
        ),
        ({"no_such": "1"}, ("42704", 'unrecognized configuration parameter "no_such"')),
        ({"options": "-c work_mem"}, ("42601", "-c work_mem requires a value")),
        (
            {"options": "-F"},
            ("55P02", 'parameter "fsync" cannot be changed now'),
        ),
        (
            {"user": "plain", "log_statement": "all"},
            ("42501", 'permission denied to set parameter "log_statement"'),
        ),
    ],
)
def test_refused(engine: Engine, changes: dict[str, str], expected: tuple[str, str]) -> None:
    execute(
        engine,
        "create role nologin",
        "create role plain login",
        "create role limited login connection limit 0",
    )
    assert refusal(engine, changes) == expected


def test_no_right_to_connect(engine: Engine) -> None:
    execute(
        engine,
        "create role plain login",
        "revoke connect on database postgres from public",
    )
    assert refusal(engine, {"user": "plain"}) == (
        "42501",
        'permission denied for database "postgres"',
    )


def test_full_database(engine: Engine) -> None:
    execute(
        engine,
        "create role plain login",
        "alter database postgres connection limit 0",
    )
    assert wire.errors(log_in(engine, {})) == []  # a superuser may
    assert refusal(engine, {"user": "plain"}) == (
        "53300",
        'too many connections for database "postgres"',
    )


def test_user(engine: Engine) -> None:
    who = "select session_user, current_user, current_setting('is_superuser')"
    assert ask(engine, who) == ["postgres", "postgres", "on"]
    execute(engine, "create role plain login", "create table t ()")
    reply = log_in(engine, {"user": "plain"})
    assert wire.errors(reply) == []
    assert wire.parameters(reply)["session_authorization"] == "plain"
    assert wire.parameters(reply)["is_superuser"] == "off"
    assert ask(engine, who) == ["plain", "plain", "off"]
    assert wire.sqlstates(engine.exec_protocol_raw(wire.query("table t"))) == ["42501"]
    for become in ("set role postgres", "set session authorization postgres"):
        assert wire.sqlstates(engine.exec_protocol_raw(wire.query(become))) == ["42501"]
    execute(engine, "reset session authorization")
    assert ask(engine, who) == ["plain", "plain", "off"]
    assert wire.errors(log_in(engine, {})) == []
    assert ask(engine, who) == ["postgres", "postgres", "on"]


def test_options(engine: Engine) -> None:
    options = r"-c work_mem=2MB --statement-timeout=5s -c search_path=a,\ b"
    changes = {"options": options, "DateStyle": "German", "application_name": "tests"}
    reply = log_in(engine, changes)
    assert wire.errors(reply) == []
    assert wire.parameters(reply)["DateStyle"] == "German, DMY"
    assert wire.parameters(reply)["application_name"] == "tests"
    assert ask(
        engine,
        "select current_setting('work_mem'), current_setting('statement_timeout'),"
        " current_setting('search_path'), '2020-02-03'::date",
    ) == ["2MB", "5s", "a, b", "03.02.2020"]
    # They are the session's defaults, as a server makes them.
    execute(engine, "set work_mem = '9MB'", "reset work_mem")
    assert ask(engine, "show work_mem") == ["2MB"]


def test_stored_settings(engine: Engine) -> None:
    execute(
        engine,
        "create role plain login",
        "alter role all set deadlock_timeout = '9s'",
        "alter database postgres set statement_timeout = '77s'",
        "alter role plain set work_mem = '3MB'",
        "alter role plain set lock_timeout = '4s'",
        "alter role plain in database postgres set lock_timeout = '5s'",
        "alter role plain set application_name = 'stored'",
    )
    assert wire.errors(log_in(engine, {"user": "plain", "application_name": "mine"})) == []
    reply = engine.exec_protocol_raw(
        wire.query(
            "select name, setting, source from pg_settings where name in ('deadlock_timeout',"
            " 'statement_timeout', 'work_mem', 'lock_timeout', 'application_name') order by 1"
        )
    )
    assert wire.rows(reply) == [
        (b"application_name", b"mine", b"client"),
        (b"deadlock_timeout", b"9000", b"global"),
        (b"lock_timeout", b"5000", b"database user"),
        (b"statement_timeout", b"77000", b"database"),
        (b"work_mem", b"3072", b"user"),
    ]


def test_each_packet_starts_afresh(engine: Engine) -> None:
    execute(engine, "create role plain login")
    assert wire.errors(log_in(engine, {"options": "-O"})) == []
    # Were -O still there, it would be refused: it takes a superuser.
    assert wire.errors(log_in(engine, {"user": "plain"})) == []
    # And the database is now the one that is named like the user.
    [error] = wire.errors(engine.exec_protocol_raw(wire.startup({"user": "plain"})))
    assert error["M"] == 'database "plain" does not exist'


def test_login_in_a_transaction(engine: Engine) -> None:
    execute(engine, "begin")
    assert refusal(engine, {}) == (
        "25001",
        'user "postgres" cannot log in during a transaction',
    )


SAMPLES = [
    ("LATIN1", "héß", "iso8859-1"),
    ("LATIN2", "łódź", "iso8859-2"),
    ("WIN1251", "Привет", "cp1251"),
    ("KOI8R", "Привет", "koi8-r"),
    ("ISO_8859_7", "Γειά", "iso8859-7"),
    ("SJIS", "日本語ｱ", "cp932"),
    ("SHIFT_JIS_2004", "か゚日本", "shift_jis_2004"),
    ("EUC_JP", "日本語", "euc_jp"),
    ("EUC_JIS_2004", "か゚日本", "euc_jis_2004"),
    ("EUC_CN", "简体", "gb2312"),
    ("GBK", "漢字簡体", "gbk"),
    ("GB18030", "漢字😀", "gb18030"),
    ("BIG5", "漢字", "big5"),
    ("EUC_KR", "한국어", "euc_kr"),
    ("UHC", "한국어똠", "cp949"),
]


def test_every_encoding(engine: Engine) -> None:
    for name, text, codec in SAMPLES:
        local = text.encode(codec).hex()
        assert ask(
            engine,
            f"select encode(convert_to('{text}', '{name}'), 'hex'),"
            f" convert_from('\\x{local}', '{name}')",
        ) == [local, text], name


def test_client_encodings(engine: Engine) -> None:
    for name, text, codec in SAMPLES:
        execute(engine, f"set client_encoding to '{name}'")
        reply = engine.exec_protocol_raw(
            wire.query(f"select '{text}', length('{text}')".encode(codec))
        )
        assert wire.errors(reply) == [], name
        assert wire.rows(reply) == [(text.encode(codec), str(len(text)).encode())], name


def test_between_local_encodings(engine: Engine) -> None:
    """Through MULE_INTERNAL or directly: the modules that need the single-byte conversions."""
    for source, source_codec, target, target_codec, text in [
        ("KOI8R", "koi8-r", "WIN1251", "cp1251", "Привет"),
        ("WIN866", "cp866", "ISO_8859_5", "iso8859-5", "Привет"),
        ("LATIN2", "iso8859-2", "WIN1250", "cp1250", "łódź"),
        ("EUC_JP", "euc_jp", "SJIS", "cp932", "日本語"),
    ]:
        given, expected = text.encode(source_codec).hex(), text.encode(target_codec).hex()
        assert ask(
            engine, f"select encode(convert('\\x{given}', '{source}', '{target}'), 'hex')"
        ) == [expected]
        mule = f"convert('\\x{given}', '{source}', 'MULE_INTERNAL')"
        assert ask(
            engine, f"select encode(convert({mule}, 'MULE_INTERNAL', '{source}'), 'hex')"
        ) == [given]


@pytest.mark.parametrize(
    ("expression", "sqlstate", "message"),
    [
        (
            "convert_to('漢', 'LATIN1')",
            "22P05",
            'character with byte sequence 0xe6 0xbc 0xa2 in encoding "UTF8" has no equivalent'
            ' in encoding "LATIN1"',
        ),
        (
            "convert_from('\\x81', 'SJIS')",
            "22021",
            'invalid byte sequence for encoding "SJIS": 0x81',
        ),
        (
            "convert('\\x80a1a1a1', 'JOHAB', 'UTF8')",
            "22P05",
            'character with byte sequence 0x80 0xa1 in encoding "JOHAB" has no equivalent'
            ' in encoding "UTF8"',
        ),
    ],
)
def test_conversion_errors(engine: Engine, expression: str, sqlstate: str, message: str) -> None:
    [error] = wire.errors(engine.exec_protocol_raw(wire.query(f"select {expression}")))
    assert (error["C"], error["M"]) == (sqlstate, message)
    assert ask(engine, "select 1") == ["1"]

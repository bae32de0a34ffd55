"""Clusters that initdb makes at run time. That takes seconds, so each test asks much of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from pglite_native import Engine, EngineError
from tests import wire
from tests.engine.sql import run, sqlstate, value


def locale(engine: Engine) -> tuple[str | None, ...]:
    """Encoding, provider (b, c or i), LC_CTYPE and the provider's locale."""
    (row,) = run(
        engine,
        "select pg_encoding_to_char(encoding), datlocprovider, datctype, datlocale"
        " from pg_database where datname = current_database()",
    )
    return row


def bytes_of(engine: Engine, expression: str) -> str | None:
    """Hexadecimal digits of a text as the server stores it."""
    return value(engine, f"select encode(convert_to({expression}, getdatabaseencoding()), 'hex')")


def test_the_packaged_cluster() -> None:
    with Engine() as engine:
        assert locale(engine) == ("UTF8", "c", "C.UTF-8", None)
        assert value(engine, "select upper('é') || lower('É')") == "Éé"
        assert value(engine, "show data_checksums") == "on"


def test_latin1_in_a_directory(tmp_path: Path) -> None:
    arguments = ["--encoding=LATIN1", "--locale=C", "--username=admin", "--wal-segsize=4"]
    folder = tmp_path / "data"
    with Engine(folder, user="admin", initdb_args=arguments) as engine:
        assert locale(engine) == ("LATIN1", "c", "C", None)
        assert value(engine, "show wal_segment_size") == "4MB"
        run(engine, "create table t as select 'é'::text as c")  # the client speaks UTF-8
        assert value(engine, "select octet_length(c) from t") == "1"
        assert value(engine, "select c from t") == "é"
        assert sqlstate(engine, "insert into t values ('€')") == "22P05"
        assert sqlstate(engine, "select chr(8364)") == "54000"
    with pytest.raises(EngineError, match="not empty: initdb_args are for a new one"):
        Engine(folder, initdb_args=arguments)
    with Engine(folder, user="admin") as engine:
        assert value(engine, "select c from t") == "é"
        run(engine, "set client_encoding = 'LATIN1'")
        reply = engine.exec_protocol_raw(wire.query("select c from t"))
        assert wire.rows(reply) == [(b"\xe9",)]


def test_euc_jp_and_no_checksums() -> None:
    arguments = ["--encoding=EUC_JP", "--locale=C", "--no-data-checksums"]
    with Engine(initdb_args=arguments) as engine:
        assert locale(engine) == ("EUC_JP", "c", "C", None)
        assert value(engine, "show data_checksums") == "off"
        assert value(engine, "select octet_length('日本語')") == "6"
        assert bytes_of(engine, "'日'") == "c6fc"
        assert value(engine, "select upper('日本語') || lower('X')") == "日本語x"


def test_sql_ascii() -> None:
    with Engine(initdb_args=["--encoding=SQL_ASCII", "--locale=C"]) as engine:
        assert locale(engine) == ("SQL_ASCII", "c", "C", None)
        run(engine, "set client_encoding = 'SQL_ASCII'")
        reply = engine.exec_protocol_raw(wire.query(b"select '\xe9\xff', octet_length('\xe9\xff')"))
        assert wire.rows(reply) == [(b"\xe9\xff", b"2")]  # no questions asked


def test_the_builtin_provider() -> None:
    arguments = ["--locale-provider=builtin", "--builtin-locale=PG_UNICODE_FAST", "--encoding=UTF8"]
    with Engine(initdb_args=arguments) as engine:
        assert locale(engine)[1::2] == ("b", "PG_UNICODE_FAST")
        assert value(engine, "select upper('straße')") == "STRASSE"  # full case mapping
        assert value(engine, "select 'Z' < 'a' and 'z' < 'é'") == "t"  # by code point


def test_the_icu_provider() -> None:
    arguments = ["--locale-provider=icu", "--icu-locale=de-AT", "--encoding=UTF8"]
    with Engine(initdb_args=arguments) as engine:
        assert locale(engine)[1::2] == ("i", "de-AT")
        assert value(engine, "select 'a' < 'B' and 'é' < 'f' and 'z' > 'É'") == "t"
        assert value(engine, "select upper('é')") == "É"
    with pytest.raises(EngineError, match='locale "xx-AT" has unknown language "xx"'):
        Engine(initdb_args=["--locale-provider=icu", "--icu-locale=xx-AT"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--nonsense"], "unrecognized option: nonsense"),
        (["--encoding=NOPE"], '"NOPE" is not a valid server encoding name'),
        (["--wal-segsize=3"], "must be a power of two between 1 and 1024"),
        (["--locale-provider=magic"], "unrecognized locale provider: magic"),
        (
            ["--encoding=LATIN1", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
            "mismatch",
        ),
        (["--username=pg_me"], 'superuser name "pg_me" is disallowed'),
        (["surplus"], "too many command-line arguments"),
    ],
)
def test_bad_arguments_are_refused_in_initdb_s_words(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    folder = tmp_path / "data"
    with pytest.raises(EngineError, match=message):
        Engine(folder, initdb_args=arguments)
    with Engine(folder) as engine:  # as new: nothing is in the way
        assert locale(engine)[0] == "UTF8"


def test_a_nul_in_an_argument() -> None:
    with pytest.raises(ValueError, match="NUL"):
        Engine(initdb_args=["--encoding=UTF8\0"])

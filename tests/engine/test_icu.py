"""ICU: its collations are all there, as initdb of a native PostgreSQL brings them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pglite_native import Engine
from tests.engine.sql import SqlError, run, value

# The encodings for which PostgreSQL knows a converter of ICU.
ENCODINGS = (
    *("EUC_JP", "EUC_CN", "EUC_KR", "EUC_TW", "LATIN1", "LATIN2", "LATIN3", "LATIN4", "LATIN5"),
    *("LATIN6", "LATIN7", "LATIN8", "LATIN9", "ISO_8859_5", "ISO_8859_6", "ISO_8859_7"),
    *("ISO_8859_8", "KOI8R", "KOI8U", "WIN866", "WIN1250", "WIN1251", "WIN1252", "WIN1253"),
    *("WIN1254", "WIN1255", "WIN1256", "WIN1257", "WIN1258"),
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


@pytest.mark.parametrize(
    ("locale", "question", "answer"),
    [
        ("und-u-ks-level2", "'HELLO' = 'hello' collate c", "t"),
        ("und-u-ks-level1-kc-true", "'Hello' = 'hello' collate c", "f"),
        ("und-u-kn-true", "'a10' < 'a2' collate c", "f"),
        ("@colCaseFirst=lower;colNumeric=yes", "'a10' < 'a2' collate c", "f"),
        ("und-u-kf-upper", "'A' < 'a' collate c", "t"),
        ("und-u-ka-shifted", "'de-luge' < 'deanza' collate c", "f"),
        ("de-u-co-phonebk", "'Ad' < 'Ä' collate c", "t"),
        ("de", "'Ad' < 'Ä' collate c", "f"),
        ("sv", "'z' < 'å' collate c", "t"),
        ("da-DK", "'z' < 'aa' collate c", "t"),
        ("cs", "'h' < 'ch' collate c and 'ci' < 'ch' collate c", "t"),
        ("es-u-co-trad", "'cz' < 'ch' collate c", "t"),
        ("lt", "'i' < 'y' collate c and 'y' < 'k' collate c", "t"),
        ("zh", "'阿' < '北' collate c", "t"),
        ("zh-u-co-stroke", "'一' < '丁' collate c and '丁' < '阿' collate c", "t"),
        ("ja", "'ア' < 'い' collate c", "t"),
        ("tr", "upper('i' collate c) = 'İ'", "t"),
        ("en", "initcap('hello wORLD ǆ' collate c) = 'Hello World ǅ'", "t"),
    ],
)
def test_a_collation_sorts_as_its_language_does(
    engine: Engine, locale: str, question: str, answer: str
) -> None:
    run(
        engine,
        "drop collation if exists c;"
        f"create collation c (provider = icu, locale = '{locale}', deterministic = false)",
    )
    assert value(engine, f"select {question}") == answer


def test_an_unknown_language_is_refused_if_asked_for(engine: Engine) -> None:
    with pytest.raises(SqlError, match='locale "xx-nowhere" has unknown language "xx"'):
        run(
            engine,
            "set icu_validation_level = error;"
            "create collation nowhere (provider = icu, locale = 'xx-nowhere')",
        )


def test_initdb_brings_a_collation_for_each_locale(engine: Engine) -> None:
    known = value(engine, "select count(*) > 850 from pg_collation where collprovider = 'i'")
    assert known == "t"
    assert value(engine, "select 'z' < 'å' collate \"sv-x-icu\"") == "t"
    described = "select obj_description(oid) from pg_collation where collname = 'de-AT-x-icu'"
    assert value(engine, described) == "German (Austria)"


def test_rules_are_added_to_a_locale_s(engine: Engine) -> None:
    run(engine, "create collation r (provider = icu, locale = '', rules = '&V << w <<< W')")
    sort = "select string_agg(x, '' order by x collate r) from unnest(array['W', 'y', 'V', 'w']) x"
    assert value(engine, sort) == "VwWy"


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_database_of_another_encoding_has_icu(engine: Engine, encoding: str) -> None:
    run(
        engine,
        f"create database {encoding} template template0 encoding '{encoding}'"
        " locale_provider icu icu_locale 'en' locale 'C'",
    )
    with engine.open_session(encoding.lower()) as session:
        assert run(session, "select upper('ab'), 'b' > 'A', 'a' < 'B'") == [("AB", "t", "t")]
    run(engine, f"drop database {encoding}")

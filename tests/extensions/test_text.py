"""Text: similarity, sound, dictionaries, full-text search."""

from __future__ import annotations

import pytest

from pglite_native import Engine
from tests.engine.sql import run, value
from tests.extensions.bundled import column, create, plan, uses


@uses("pg_trgm")
def test_pg_trgm(engine: Engine) -> None:
    create(engine, "pg_trgm")
    assert run(
        engine,
        "select similarity('word', 'two words'), word_similarity('word', 'two words'),"
        " show_trgm('cat'), 'abc' % 'xyz', strict_word_similarity('word', 'two words')",
    ) == [("0.36363637", "0.8", '{"  c"," ca","at ",cat}', "f", "0.5714286")]
    run(
        engine,
        "create table t (w text); insert into t select 'word' || i || md5(i::text)"
        " from generate_series(1, 500) i;"
        "insert into t values ('postgresql'), ('postgres'), ('mongo');"
        "create index gin on t using gin (w gin_trgm_ops); set local enable_seqscan = off",
    )
    assert "on gin" in plan(engine, "select * from t where w like '%ostgr%'")
    assert column(engine, "select w from t where w like '%ostgr%' order by 1") == [
        "postgres",
        "postgresql",
    ]
    assert column(engine, "select w from t where w ~ 'm.ngo$'") == ["mongo"]
    nearest = "select w from t where w % 'postgre' order by similarity(w, 'postgre') desc, w"
    assert column(engine, nearest) == ["postgres", "postgresql"]
    run(engine, "drop index gin; create index gist on t using gist (w gist_trgm_ops)")
    nearest = "select w from t order by w <-> 'postgrez' limit 1"
    assert "using gist" in plan(engine, nearest)
    assert column(engine, nearest) == ["postgres"]


@uses("fuzzystrmatch")
def test_fuzzystrmatch(engine: Engine) -> None:
    create(engine, "fuzzystrmatch")
    assert run(
        engine,
        "select soundex('Anne'), difference('Anne', 'Andrew'), levenshtein('GUMBO', 'GAMBOL'),"
        " levenshtein_less_equal('extensive', 'exhaustive', 2), metaphone('GUMBO', 4),"
        " dmetaphone('Thompson'), metaphone('Thompson', 10), dmetaphone_alt('Schmidt'),"
        " daitch_mokotoff('Schwartzenegger')",
    ) == [("A500", "2", "2", "3", "KM", "TMPS", "0MPSN", "SMT", "{479465}")]


@uses("unaccent")
def test_unaccent(engine: Engine) -> None:
    create(engine, "unaccent")
    assert (
        value(engine, "select unaccent('Hôtel Œuvre straße ½ №')") == "Hotel OEuvre strasse  1/2 No"
    )
    run(
        engine,
        "create text search configuration fr (copy = french);"
        "alter text search configuration fr alter mapping for hword, hword_part, word"
        " with unaccent, french_stem",
    )
    assert value(engine, "select to_tsvector('fr', 'Hôtels de la Mer')") == "'hotel':1 'mer':4"
    assert value(engine, "select to_tsvector('fr', 'Hôtel') @@ to_tsquery('fr', 'hotels')") == "t"


@uses("dict_int")
def test_dict_int(engine: Engine) -> None:
    create(engine, "dict_int")
    assert value(engine, "select ts_lexize('intdict', '12345678')") == "{123456}"
    run(engine, "alter text search dictionary intdict (maxlen = 4, rejectlong = true)")
    assert run(engine, "select ts_lexize('intdict', '12345'), ts_lexize('intdict', '123')") == [
        ("{}", "{123}")
    ]


@uses("dict_xsyn")
def test_dict_xsyn(engine: Engine) -> None:
    create(engine, "dict_xsyn")
    run(engine, "alter text search dictionary xsyn (rules = 'xsyn_sample', keeporig = true)")
    assert value(engine, "select ts_lexize('xsyn', 'supernova')") == "{supernova,sn,sne,1987a}"


SNOWBALL = [
    ("danish", "bjergene", "bjerg"),
    ("dutch", "lichamelijkheden", "licham"),
    ("english", "running", "run"),
    ("finnish", "taloissa", "talo"),
    ("french", "continuellement", "continuel"),
    ("german", "häuser", "haus"),
    ("hungarian", "házakban", "ház"),
    ("italian", "abbandonata", "abbandon"),
    ("norwegian", "havnedistriktene", "havnedistrikt"),
    ("portuguese", "quilométricas", "quilométr"),
    ("romanian", "abruptului", "abrupt"),
    ("russian", "важнейшими", "важн"),
    ("spanish", "chicharrones", "chicharron"),
    ("swedish", "klostergården", "klostergård"),
    ("turkish", "güllerimizin", "gül"),
]


@pytest.mark.parametrize(("language", "word", "stem"), SNOWBALL)
def test_snowball(engine: Engine, language: str, word: str, stem: str) -> None:
    assert value(engine, f"select ts_lexize('{language}_stem', '{word}')") == f"{{{stem}}}"


def test_full_text_search(engine: Engine) -> None:
    run(
        engine,
        """
        begin;
        create table article (id int, body text,
            words tsvector generated always as (to_tsvector('english', body)) stored);
        insert into article select i, 'filler number ' || i from generate_series(1, 300) i;
        insert into article values (1001, 'The quick brown foxes jumped over the lazy dogs'),
            (1002, 'A dog barks; foxes are running'), (1003, 'Nothing of interest');
        create index on article using gin (words);
        set local enable_seqscan = off""",
    )
    found = "select id from article where words @@ to_tsquery('english', 'fox & dog') order by id"
    assert "Bitmap Index Scan on article_words_idx" in plan(engine, found)
    assert column(engine, found) == ["1001", "1002"]
    phrase = "select id from article where words @@ phraseto_tsquery('english', 'lazy dog')"
    assert column(engine, phrase) == ["1001"]
    assert (
        value(
            engine,
            "select ts_headline('english', body, to_tsquery('english', 'jumping'))"
            " from article where id = 1001",
        )
        == "The quick brown foxes <b>jumped</b> over the lazy dogs"
    )
    assert (
        value(engine, "select to_tsvector('german', 'Die Häuser der Städte')")
        == "'haus':2 'stadt':4"
    )
    assert value(engine, "select websearch_to_tsquery('english', '\"lazy dog\" -cat or fox')") == (
        "'lazi' <-> 'dog' & !'cat' | 'fox'"
    )

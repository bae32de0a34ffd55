"""Every encoding conversion, over the whole repertoire of its encodings, is native PostgreSQL's.

PGlite cannot convert: its build drops functions that the conversions call. Ours are in
csrc/encoding. What is converted is found out from the native server: of all that may be a character
in an encoding, what it converts. The engine then has to convert that to the same bytes, both ways,
and to refuse some of the rest in the same words.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import pytest

from pglite_native import Engine
from tests import wire
from tests.oracle.native import NativeServer, NativeSession

pytestmark = pytest.mark.long

Exchange = Callable[[bytes], bytes]

REFUSED_SAMPLE = 30

# Halves what does not convert as a whole until single characters are left.
CONVERTIBLE = """
create function pg_temp.convertible(characters bytea[], source name, destination name)
returns setof bytea language plpgsql as $$
declare n int := cardinality(characters);
begin
    perform convert(string_agg(c, '' order by i), source, destination)
    from unnest(characters) with ordinality u(c, i);
    return query select unnest(characters);
exception when others then
    if n > 1 then
        return query select pg_temp.convertible(characters[: n / 2], source, destination);
        return query select pg_temp.convertible(characters[n / 2 + 1 :], source, destination);
    end if;
end $$"""


@pytest.fixture(scope="module")
def native() -> Iterator[NativeSession]:
    with NativeServer() as server:
        session = server.connect()
        assert not wire.errors(session.exchange(wire.query(CONVERTIBLE), "Z"))
        yield session
        session.close()


# To an encoding of many characters from those of fewer; each conversion has its inverse.
CONVERSIONS = {
    "UTF8": "BIG5 EUC_CN EUC_JIS_2004 EUC_JP EUC_KR EUC_TW GB18030 GBK ISO_8859_5 ISO_8859_6"
    " ISO_8859_7 ISO_8859_8 JOHAB KOI8R KOI8U LATIN1 LATIN10 LATIN2 LATIN3 LATIN4 LATIN5 LATIN6"
    " LATIN7 LATIN8 LATIN9 SHIFT_JIS_2004 SJIS UHC WIN1250 WIN1251 WIN1252 WIN1253 WIN1254 WIN1255"
    " WIN1256 WIN1257 WIN1258 WIN866 WIN874",
    "MULE_INTERNAL": "BIG5 EUC_CN EUC_JP EUC_KR EUC_TW ISO_8859_5 KOI8R LATIN1 LATIN2 LATIN3 LATIN4"
    " SJIS WIN1250 WIN1251 WIN866",
    "EUC_TW": "BIG5",
    "SJIS": "EUC_JP",
    "SHIFT_JIS_2004": "EUC_JIS_2004",
    "WIN1250": "LATIN2",
    "WIN1251": "ISO_8859_5 KOI8R",
    "WIN866": "ISO_8859_5 KOI8R WIN1251",
    "KOI8R": "ISO_8859_5",
}
PAIRS = [(one, other) for other, names in CONVERSIONS.items() for one in names.split()]


def ask(engine: Engine, sql: str) -> bytes:
    return engine.exec_protocol_raw(wire.query(sql))


# --- what may be a character ----------------------------------------------------------------

HIGH = range(0x80, 0x100)
GRAPHIC = range(0xA1, 0xFF)  # of a 94 by 94 character set, both bytes
ALPHABETS = range(0x80, 0x700)
UNICODE = [*range(0x700, 0xD800), *range(0xE000, 0x10000), *range(0x1F000, 0x2FA20)]


def pairs(*first: int) -> Iterator[bytes]:
    return (bytes((*first, a, b)) for a in GRAPHIC for b in GRAPHIC)


def candidates(encoding: str) -> list[bytes]:
    """All that may be one character, and more; of the large repertoires, some of it."""
    singles = [bytes((byte,)) for byte in range(1, 0x100)]
    doubles = [bytes((a, b)) for a in HIGH for b in range(0x30, 0x100)]
    chance = random.Random(encoding)
    match encoding:
        case "UTF8":
            return [chr(code).encode() for code in [*ALPHABETS, *chance.sample(UNICODE, 3000)]]
        case "MULE_INTERNAL":
            twos = [bytes((a, b)) for a in range(0x81, 0x90) for b in range(0xA0, 0x100)]
            threes = [character for a in range(0x90, 0x9A) for character in pairs(a)]
            return [*twos, *chance.sample(threes, 4000)]
        case "EUC_JP" | "EUC_JIS_2004":
            return [*singles, *doubles, *pairs(0x8F)]
        case "EUC_TW":
            planes = [character for plane in range(0xA1, 0xA8) for character in pairs(0x8E, plane)]
            return [*singles, *doubles, *chance.sample(planes, 10_000)]
        case "GB18030":
            fours = [
                bytes((chance.randrange(0x81, 0xE4), chance.randrange(0x30, 0x3A)))
                + bytes((chance.randrange(0x81, 0xFF), chance.randrange(0x30, 0x3A)))
                for _ in range(10_000)
            ]
            return [*singles, *doubles, *fours]
        case "BIG5" | "EUC_CN" | "EUC_KR" | "GBK" | "JOHAB" | "SHIFT_JIS_2004" | "SJIS" | "UHC":
            return [*singles, *doubles]
    return singles


# --- the comparison -------------------------------------------------------------------------


def literal(data: bytes) -> str:
    return f"'\\x{data.hex()}'::bytea"


@cache  # finding them takes a second or two
def convertible(native: NativeSession, source: str, destination: str) -> list[bytes]:
    """Of an encoding's candidates, those that the native server converts."""
    array = ",".join(f'"\\\\x{character.hex()}"' for character in candidates(source))
    sql = f"select pg_temp.convertible('{{{array}}}', '{source}', '{destination}')"
    answer = native.exchange(wire.query(sql), "Z")
    assert not wire.errors(answer)
    return [bytes.fromhex((value or b"")[2:].decode()) for (value,) in wire.rows(answer)]


def refused(source: str, accepted: Sequence[bytes]) -> list[bytes]:
    """Some of the candidates that are not among those accepted, and some that are cut short."""
    chance = random.Random(source)
    rest = sorted(set(candidates(source)) - set(accepted))
    short = [character[:-1] for character in accepted if len(character) > 1]
    return [
        *chance.sample(rest, min(REFUSED_SAMPLE, len(rest))),
        *chance.sample(short, min(REFUSED_SAMPLE // 4, len(short))),
        b"a\0b",
    ]


def outcome(answer: bytes) -> list[tuple[str, object]]:
    """Rows, and errors without the place in PostgreSQL's sources."""
    found: list[tuple[str, object]] = []
    for kind, payload in wire.split(answer):
        if kind == "D":
            found.append((kind, wire.row(payload)))
        elif kind == "E":
            fields = wire.report(payload)
            found.append((kind, [fields[letter] for letter in "SCM"]))
    return found


def test_these_are_all_conversions(engine: Engine) -> None:
    sql = "select pg_encoding_to_char(conforencoding), pg_encoding_to_char(contoencoding)"
    found = wire.rows(ask(engine, f"{sql} from pg_conversion"))
    expected = {(a.encode(), b.encode()) for pair in PAIRS for a, b in (pair, pair[::-1])}
    assert len(found) == len(expected) and set(found) == expected


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=map("-".join, PAIRS))
def test_conversion(engine: Engine, native: NativeSession, one: str, other: str) -> None:
    def compare(sql: str) -> None:
        expected = outcome(native.exchange(wire.query(sql), "Z"))
        assert outcome(ask(engine, sql)) == expected, sql[:200]

    for source, destination in ((one, other), (other, one)):
        accepted = convertible(native, source, destination)
        assert len(accepted) >= (90 if source == one else 1)
        there = f"convert({literal(b''.join(accepted))}, '{source}', '{destination}')"
        compare(f"select {there}")
        compare(f"select convert({there}, '{destination}', '{source}')")
        for character in refused(source, accepted):
            compare(f"select convert({literal(character)}, '{source}', '{destination}')")


@pytest.mark.parametrize("encoding", CONVERSIONS["UTF8"].split())
def test_client_encoding(engine: Engine, native: NativeSession, encoding: str) -> None:
    """Text comes and goes in the client's encoding: values, names, and messages."""
    characters = [c for c in convertible(native, encoding, "UTF8") if len(c) > 1 or c > b"\x7f"]
    text = b"".join(characters)
    unknown = refused(encoding, characters)[0]
    script = [
        f"set client_encoding = {encoding}".encode(),
        b"select '%s' as \"%s\"" % (text, characters[0]),
        b"select length('%s'), encode(convert_to('%s', 'UTF8'), 'hex')" % (text, text),
        b"select %s" % characters[-1],
        b"select '%s'" % unknown,
        b"select chr(4096)",  # of Burmese, for which there is no other encoding
        b"show client_encoding",
        b"reset client_encoding",
    ]
    for statement in script:
        expected = native.exchange(wire.query(statement), "Z")
        found = engine.exec_protocol_raw(wire.query(statement))
        assert outcome(found) == outcome(expected), statement[:200]
        assert wire.kinds(found) == wire.kinds(expected), statement[:200]

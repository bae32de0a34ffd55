"""Adding extensions that are not bundled: our own, compiled here, and some of PGlite's packages."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pglite_native import Engine, ExtensionError, extensions
from pglite_native.cli import main
from pglite_native.engine import guest
from pglite_native.engine.store import Store
from pglite_native.extensions import bundle
from tests.cli import tarballs
from tests.engine.sql import run, sqlstate, value
from vendor.fetch import find_archive
from vendor.pins import VendorError, load_pins
from vendor.unpack import unpack

PROBE = """
select probe_count(), probe_count(), probe_compare(1, 2), probe_text(),
    probe_process() = pg_backend_pid(), probe_half(84)"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The per-user folder, of this test's own."""
    monkeypatch.setenv("PGLITE_NATIVE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def probe(tmp_path: Path) -> Path:
    return tarballs.write(tmp_path / "probe.tar.gz", tarballs.probe())


def snapshot(folder: Path) -> dict[str, str]:
    """Every file below a folder, by its content; but for the lock, which has none."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "lock"
    }


# --- adding, listing, removing --------------------------------------------------------------


def test_an_added_extension_works(probe: Path) -> None:
    packaged = snapshot(guest.packaged())
    assert extensions.add(probe) == ("probe",)
    with Engine() as engine:
        run(engine, "create extension probe")
        answer = ("41", "42", "-1", "é, from the probe", "t", "42")
        assert run(engine, PROBE) == [answer]
        run(engine, "create extension vector; create extension pgcrypto")
        assert value(engine, "select '[1,2,3]'::vector <-> '[1,2,5]'") == "2"
    with Engine() as engine:
        assert sqlstate(engine, PROBE) == "42883", "another engine has a database of its own"
    assert snapshot(guest.packaged()) == packaged


def test_it_works_in_a_durable_database_and_in_another_process(probe: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    extensions.add(probe)
    with Engine(data) as engine:
        run(engine, "create extension probe; create table t as select probe_text() as a")
    line = [sys.executable, "-m", "pglite_native", "sql", "--data-dir", str(data)]
    line += ["select a, probe_half(6) from t"]
    printed = subprocess.run(line, check=True, capture_output=True, text=True).stdout
    assert " é, from the probe |          3\n" in printed


def test_the_command(probe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def lines(*arguments: str) -> list[str]:
        assert main(["extension", *arguments]) == 0
        return capsys.readouterr().out.splitlines()

    assert lines("add", str(probe)) == ["added probe"]
    listed = {line.split("|")[0].strip(): line.split("|")[1:] for line in lines("list")[2:-2]}
    assert [part.strip() for part in listed["probe"][:2]] == ["1.0", "added"]
    assert [part.strip() for part in listed["hstore"][:2]] == ["1.8", "bundled"]
    assert lines("remove", "probe") == ["removed probe"]
    assert not [line for line in lines("list") if "probe" in line or "added" in line]
    assert main(["extension", "remove", "probe"]) == 1
    assert capsys.readouterr().err == "pglite-native: no extension 'probe' was added\n"


def test_several_are_added_one_after_another(probe: Path, tmp_path: Path) -> None:
    for name in ("second", "first"):
        extensions.add(tarballs.write(tmp_path / "sql.tar.gz", tarballs.sql_only(name)))
    extensions.add(probe)
    assert extensions.added() == ["first", "probe", "second"]
    with Engine() as engine:
        run(engine, "create extension first; create extension second; create extension probe")
        assert run(engine, "select first(), second(), probe_half(2)") == [("42", "42", "1")]
    assert extensions.remove("second") == ("second",)
    with Engine() as engine:
        assert sqlstate(engine, "create extension second") == "0A000"
        run(engine, "create extension first; create extension probe")


def test_the_order_does_not_matter(probe: Path, tmp_path: Path, home: Path) -> None:
    other = tarballs.write(tmp_path / "sql.tar.gz", tarballs.sql_only("other"))
    found = []
    for order in ((probe, other), (other, probe)):
        for tarball in order:
            extensions.add(tarball)
        store = Store(guest.packaged(), home)
        files = snapshot(store.current() or home)
        del files["postgres.image"]  # of another boot: times and random numbers are in it
        found.append(files)
        for name in extensions.added():
            extensions.remove(name)
    assert found[0] == found[1]


def test_replacing(tmp_path: Path) -> None:
    old = tarballs.write(tmp_path / "old.tar.gz", tarballs.sql_only("answer", 41))
    new = tarballs.write(tmp_path / "new.tar.gz", tarballs.sql_only("answer", 42))
    extensions.add(old)
    with pytest.raises(ExtensionError, match="answer was added before"):
        extensions.add(new)
    extensions.add(new, replace=True)
    assert extensions.added() == ["answer"]
    with Engine() as engine:
        assert value(engine, "create extension answer; select answer()") == "42"


def test_a_library_without_an_extension(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {"lib/postgresql/probe.so": tarballs.compile_probe()}
    assert extensions.add(tarballs.write(tmp_path / "a.tar.gz", files)) == ("probe",)
    assert main(["extension", "list"]) == 0
    assert "added   | library for LOAD" in capsys.readouterr().out
    with Engine() as engine:
        run(engine, "load 'probe'; create function probe_count() returns int language c as 'probe'")
        assert value(engine, "select probe_count()") == "41"


def test_links_inside_a_tarball_are_followed(tmp_path: Path) -> None:
    """As PostGIS has for its upgrades: 488 names for a few scripts."""
    files = tarballs.sql_only("linked")
    script = f"{tarballs.EXTENSION}/linked--1.0.sql"
    links = [
        member(f"{tarballs.EXTENSION}/linked--2.0.sql", tarfile.SYMTYPE, "linked--1.0.sql"),
        member(f"{tarballs.EXTENSION}/linked--3.0.sql", tarfile.LNKTYPE, script),
    ]
    extensions.add(tarballs.write(tmp_path / "a.tar.gz", files, *links))
    for version in ("1.0", "2.0", "3.0"):
        with Engine() as engine:
            run(engine, f"create extension linked version '{version}'")
            assert value(engine, "select linked()") == "42"


def test_other_files_are_there_for_the_server(tmp_path: Path) -> None:
    files = tarballs.sql_only("words") | {
        "share/postgresql/tsearch_data/words.stop": b"foo\nbar\n",
        "share/doc/extension/words.md": b"not for the server",
        "bin/words": b"#!/bin/sh",
    }
    extensions.add(tarballs.write(tmp_path / "a.tar.gz", files))
    with Engine() as engine:
        run(
            engine,
            "create text search dictionary words (template = simple, stopwords = words);"
            "alter text search configuration simple alter mapping for asciiword with words",
        )
        assert value(engine, "select to_tsvector('simple', 'foo baz bar')") == "'baz':2"
        assert value(engine, "select pg_stat_file('/pglite/bin/words', true) is null") == "t"
        assert value(engine, "select pg_stat_file('/pglite/share/doc', true) is null") == "t"


# --- what is refused, and changes nothing ---------------------------------------------------


def sql_and(**files: bytes) -> dict[str, bytes]:
    paths = {name.replace("__", "/"): content for name, content in files.items()}
    return tarballs.sql_only("bad") | paths


def member(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


CONTROL = f"{tarballs.EXTENSION}/bad.control"


@pytest.mark.parametrize(
    ("files", "extra", "complaint"),
    [
        ({}, [], "neither .*control nor .*NAME.so"),
        ({"share/postgresql/extension/bad--1.0.sql": b""}, [], "neither .*control"),
        ({"README.md": b"hello"}, [], "'README.md' is not a path below"),
        ({"share/../../etc/passwd": b"x"}, [], "'share/../../etc/passwd' is not a path"),
        ({"/share/postgresql/extension/bad.control": b"x"}, [], "'/share/.*' is not a path"),
        ({"../bad.control": b"x"}, [], r"'../bad.control' is not a path"),
        ({"share\\bad.control": b"x"}, [], "is not a path"),
        ({"share/postgresql/extension/bad\n.control": b"x"}, [], "is not a path"),
        ({"lib/postgresql": b"x"}, [], "is not a path"),
        ({CONTROL: b""}, [member("share/a", tarfile.SYMTYPE, "/etc/passwd")], "does not contain"),
        (
            {CONTROL: b""},
            [member("share/a", tarfile.SYMTYPE, "../../etc/passwd")],
            "does not contain",
        ),
        ({CONTROL: b""}, [member("share/a", tarfile.LNKTYPE, "/etc/passwd")], "does not contain"),
        ({CONTROL: b""}, [member("share/a", tarfile.SYMTYPE, "a")], "does not contain"),
        ({CONTROL: b""}, [member("share/pipe", tarfile.FIFOTYPE)], "neither a file nor a link"),
        ({CONTROL: b""}, [member(CONTROL, tarfile.REGTYPE)], "occurs twice in the tarball"),
        ({CONTROL: b"", f"{CONTROL}/below": b""}, [], "parent is not a directory"),
        ({CONTROL: b"", f"share/{'n' * 256}": b""}, [], "not a clean relative path"),
        ({CONTROL: b"default_version = 'unterminated"}, [], "syntax error in file .*bad.control"),
        ({CONTROL: b"nonsense = '1'"}, [], 'unrecognized parameter "nonsense"'),
        (sql_and(**{"lib__postgresql__bad.so": b""}), [], "bad: not WebAssembly"),
        (sql_and(**{"lib__postgresql__bad.so": b"\x7fELF" + bytes(64)}), [], "not WebAssembly"),
        (
            sql_and(**{"lib__postgresql__bad.so": b"\0asm\1\0\0\0"}),
            [],
            "bad: not a side module: it has no dylink.0 section",
        ),
    ],
)
def test_a_bad_tarball(
    tmp_path: Path,
    home: Path,
    files: dict[str, bytes],
    extra: list[tarfile.TarInfo],
    complaint: str,
) -> None:
    tarball = tarballs.write(tmp_path / "bad.tar.gz", files, *extra)
    with pytest.raises(ExtensionError, match=complaint):
        extensions.add(tarball)
    assert snapshot(home) == {}
    with Engine() as engine:
        assert value(engine, "select 42") == "42"


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"hello",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-4],
        lambda data: data[:100] + bytes((data[100] ^ 0xFF,)) + data[101:],
        lambda data: gzip.compress(b"hello" * 1000),
        lambda data: gzip.compress(gzip.decompress(data)[:700]),
    ],
)
def test_a_damaged_tarball(probe: Path, home: Path, damage: Callable[[bytes], bytes]) -> None:
    probe.write_bytes(damage(probe.read_bytes()))
    with pytest.raises(
        ExtensionError, match=r"probe.tar.gz: (not a tar.gz, or damaged|has neither)"
    ):
        extensions.add(probe)
    assert snapshot(home) == {}


def test_a_tarball_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = tmp_path / "bomb.tar.gz"
    tarballs.write(bomb, sql_and(share__zeros=bytes(2_000_000)))
    monkeypatch.setattr(bundle, "MAX_BYTES", 1_000_000)
    with pytest.raises(ExtensionError, match="more than 1000000 bytes or 10000 files"):
        extensions.add(bomb)
    links = [member(f"share/link{n}", tarfile.SYMTYPE, "half") for n in range(3)]
    files = tarballs.sql_only("bad") | {"share/half": bytes(400_000)}
    with pytest.raises(ExtensionError, match="more than 1000000 bytes"):
        extensions.add(tarballs.write(bomb, files, *links))
    monkeypatch.setattr(bundle, "MAX_FILES", 5)
    many = {f"share/{number}": b"" for number in range(6)}
    with pytest.raises(ExtensionError, match="or 5 files"):
        extensions.add(tarballs.write(bomb, tarballs.sql_only("bad") | many))


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["extension", "add", str(tmp_path / "nothing.tar.gz")]) == 1
    assert "No such file" in capsys.readouterr().err


def test_unresolved_symbols_are_all_named(tmp_path: Path, home: Path) -> None:
    tarball = tarballs.write(tmp_path / "a.tar.gz", tarballs.probe("-DUNRESOLVED"))
    with pytest.raises(ExtensionError) as caught:
        extensions.add(tarball)
    for name in ("nowhere", "fork", "nothing"):
        assert f"\n  probe: {name}" in str(caught.value)
    assert snapshot(home) == {}


def test_a_module_for_another_version(probe: Path, tmp_path: Path, home: Path) -> None:
    extensions.add(tarballs.write(tmp_path / "sql.tar.gz", tarballs.sql_only("other")))
    before = snapshot(home)
    old = tarballs.write(tmp_path / "old.tar.gz", tarballs.probe("-DPG_MAJOR=17"))
    with pytest.raises(ExtensionError, match="Server is version 18, library is version 17"):
        extensions.add(old)
    assert snapshot(home) == before
    extensions.add(probe)


@pytest.mark.parametrize("name", ["vector", "hstore", "plpgsql"])
def test_a_bundled_extension_cannot_be_replaced(tmp_path: Path, name: str) -> None:
    for files in (
        tarballs.sql_only(name),
        {f"lib/postgresql/{name}.so": tarballs.compile_probe()},
    ):
        tarball = tarballs.write(tmp_path / "a.tar.gz", files)
        with pytest.raises(ExtensionError, match="is there already, of a bundled extension"):
            extensions.add(tarball, replace=True)


def test_two_extensions_with_one_file(probe: Path, tmp_path: Path) -> None:
    extensions.add(probe)
    files = tarballs.sql_only("other") | {"lib/postgresql/probe.so": tarballs.compile_probe()}
    with pytest.raises(ExtensionError, match=r"probe\.so is there already"):
        extensions.add(tarballs.write(tmp_path / "a.tar.gz", files))
    assert extensions.added() == ["probe"]


# --- at the same time, and at bad times -----------------------------------------------------

ADD = [sys.executable, "-m", "pglite_native", "extension", "add"]


def test_two_at_once(tmp_path: Path) -> None:
    names = ["one", "two", "three"]
    processes = []
    for name in names:
        tarball = tarballs.write(tmp_path / f"{name}.tar.gz", tarballs.sql_only(name))
        processes.append(subprocess.Popen([*ADD, str(tarball)], stdout=subprocess.DEVNULL))
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert extensions.added() == sorted(names)


def test_killed_on_the_way(probe: Path, home: Path) -> None:
    """Killed anywhere before the end nothing has changed, and the next one clears up."""
    script = (
        "import os; from pglite_native import extensions; from pglite_native.engine import store;"
        f"setattr(store.{{}}, lambda *_: os._exit(9)); extensions.add({str(probe)!r})"
    )
    for step in ("Prepared, 'use'", "Store, 'use'"):
        killed = subprocess.run([sys.executable, "-c", script.format(step)], check=False)
        assert killed.returncode == 9
        assert extensions.added() == []
        with Engine() as engine:
            assert sqlstate(engine, "create extension probe") == "0A000"
    extensions.add(probe)
    (folder,) = home.iterdir()
    left = sorted(path.name for path in folder.iterdir())
    assert left == ["2", "current", "lock"], left


def test_engines_that_run_meanwhile_go_on(probe: Path, tmp_path: Path) -> None:
    extensions.add(probe)
    with Engine() as engine:
        run(engine, "create extension probe")
        other = tarballs.write(tmp_path / "sql.tar.gz", tarballs.sql_only("other"))
        for _ in range(2):  # after which the files of the engine's guest are gone
            extensions.add(other, replace=True)
        extensions.remove("probe")
        assert value(engine, "select probe_text()") == "é, from the probe"
        assert value(engine, "select count(*) from pg_available_extensions where name = 'probe'")
        run(engine, "create extension vector; create extension pgcrypto")


def test_a_guest_linked_onto_another_is_not_used(probe: Path, home: Path) -> None:
    extensions.add(probe)
    (folder,) = home.iterdir()
    folder.rename(folder.with_name("0123456789abcdef"))
    assert extensions.added() == []
    with Engine() as engine:
        assert sqlstate(engine, "create extension probe") == "0A000"


def test_without_a_home_there_is_just_the_packaged_guest(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("PGLITE_NATIVE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", "/nonexistent")
    with Engine() as engine:
        assert value(engine, "select 42") == "42"


AS_NOBODY = """
import os
from pglite_native import Engine, EngineError
from pglite_native.engine import guest
guest.packaged()  # kept: the user nobody may not look where root's Python lies
if os.geteuid() == 0:
    os.seteuid(65534)
try:
    Engine()
except EngineError as error:
    print(error)
"""


def test_a_home_that_may_not_be_read(probe: Path, home: Path) -> None:
    extensions.add(probe)
    home.chmod(0)
    command = [sys.executable, "-c", AS_NOBODY]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    home.chmod(0o700)
    assert str(home) in printed
    assert "Permission denied" in printed and "set PGLITE_NATIVE_HOME" in printed


# --- PGlite's packages ----------------------------------------------------------------------

OFFLINE = ("EAI_AGAIN", "ENOTFOUND", "ECONNREFUSED", "ENETUNREACH", "ETIMEDOUT", "EHOSTUNREACH")
PINS = {pin.name: pin for pin in load_pins(Path(__file__).with_name("pins.toml"))}


def add_package(name: str, folder: Path) -> None:
    pin = PINS[name]
    try:
        archive = find_archive(pin)
    except VendorError as error:
        if any(code in str(error) for code in OFFLINE):
            pytest.skip(f"no network: {name} cannot be fetched")
        raise
    (tarball,) = unpack(pin, archive, folder)
    extensions.add(folder / tarball)


def test_pg_ivm(tmp_path: Path) -> None:
    """Views that are kept up to date; two import shapes that nothing bundled needs."""
    add_package("pglite-pg_ivm", tmp_path)
    with Engine() as engine:
        run(
            engine,
            "create extension pg_ivm; create table sale (item text, amount int);"
            "insert into sale values ('pen', 1), ('ink', 2), ('pen', 3);"
            "select pgivm.create_immv('total', 'select item, sum(amount) from sale group by item')",
        )
        total = "select item, sum from total order by item"
        assert run(engine, total) == [("ink", "2"), ("pen", "4")]
        run(engine, "insert into sale values ('ink', 40), ('cap', 7)")
        run(engine, "delete from sale where item = 'pen' and amount = 1")
        run(engine, "update sale set amount = 8 where item = 'cap'")
        assert run(engine, total) == [("cap", "8"), ("ink", "42"), ("pen", "3")]


def test_pgtap(tmp_path: Path) -> None:
    """All SQL: no module to link."""
    add_package("pglite-pgtap", tmp_path)
    with Engine() as engine:
        run(engine, "create extension pgtap; create table t (a int primary key)")
        lines = run(
            engine,
            "select plan(3); select has_table('t'); select col_is_pk('t', 'a');"
            "select is(1, 2, 'one is two'); select * from finish()",
        )
    assert [line[0] for line in lines][:3] == [
        "1..3",
        "ok 1 - Table t should exist",
        "ok 2 - Column t(a) should be a primary key",
    ]
    assert (lines[3][0] or "").startswith("not ok 3 - one is two")


def test_age(tmp_path: Path) -> None:
    """Graphs: hooks in the planner and the parser, a language of its own."""
    add_package("pglite-age", tmp_path)
    with Engine() as engine:
        run(engine, "create extension age; set search_path = ag_catalog, public")
        run(engine, "select create_graph('people')")
        create = "create (:Person {name: 'Ann'})-[:KNOWS]->(:Person {name: 'Bob'})"
        run(engine, f"select * from cypher('people', $$ {create} $$) as (a agtype)")
        match = "match (a)-[:KNOWS]->(b) return a.name, b.name"
        found = run(
            engine, f"select * from cypher('people', $$ {match} $$) as (a agtype, b agtype)"
        )
    assert found == [('"Ann"', '"Bob"')]

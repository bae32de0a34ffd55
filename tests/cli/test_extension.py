"""Adding extensions that are not bundled: our own, compiled here, and some of PGlite's packages."""

from __future__ import annotations

import gzip
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pglite_native import Engine, ExtensionError, extensions
from pglite_native.aot import compiler
from pglite_native.cli import main
from pglite_native.engine import guest
from pglite_native.engine.store import Store
from pglite_native.extensions import bundle, published
from tests.cli import tarballs
from tests.engine.sql import run, sqlstate, value
from tests.extensions.packages import USES, package

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


@pytest.fixture(scope="module")
def home_with_probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A per-user folder to which probe was added; not to be changed."""
    folder = tmp_path_factory.mktemp("added")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGLITE_NATIVE_HOME", str(folder / "home"))
        patch.delenv(guest.TIER_VARIABLE, raising=False)
        extensions.add(tarballs.write(folder / "probe.tar.gz", tarballs.probe()))
    return folder / "home"


@pytest.fixture
def added_probe(home: Path, home_with_probe: Path) -> None:
    """Where probe was added, by another test's time."""
    shutil.copytree(home_with_probe, home, symlinks=True)


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


@pytest.mark.usefixtures("added_probe")
def test_it_works_in_a_durable_database_and_in_another_process(tmp_path: Path) -> None:
    data = tmp_path / "data"
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


@pytest.mark.long
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


@pytest.mark.long
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
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "for LOAD" in line)
    assert [cell.strip() for cell in line.split("|")][::2] == ["probe", "added", "library for LOAD"]
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
    for name in ("nowhere", "nothing"):
        assert f"\n  probe: {name}" in str(caught.value)
    assert snapshot(home) == {}


@pytest.mark.long
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


@pytest.mark.usefixtures("added_probe")
def test_two_extensions_with_one_file(tmp_path: Path) -> None:
    files = tarballs.sql_only("other") | {"lib/postgresql/probe.so": tarballs.compile_probe()}
    with pytest.raises(ExtensionError, match=r"probe\.so is there already"):
        extensions.add(tarballs.write(tmp_path / "a.tar.gz", files))
    assert extensions.added() == ["probe"]


# --- at the same time, and at bad times -----------------------------------------------------

ADD = [sys.executable, "-m", "pglite_native", "extension", "add"]


@pytest.mark.long
def test_two_at_once(tmp_path: Path) -> None:
    names = ["one", "two", "three"]
    processes = []
    for name in names:
        tarball = tarballs.write(tmp_path / f"{name}.tar.gz", tarballs.sql_only(name))
        processes.append(subprocess.Popen([*ADD, str(tarball)], stdout=subprocess.DEVNULL))
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert extensions.added() == sorted(names)


@pytest.mark.long
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
    (folder,) = (path.parent for path in home.glob("*/current"))
    left = sorted(path.name for path in folder.iterdir())
    assert left == ["2", "current", "lock"], left


@pytest.mark.long
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


@pytest.mark.usefixtures("added_probe")
def test_a_guest_linked_onto_another_is_not_used(home: Path) -> None:
    (folder,) = (path.parent for path in home.glob("*/current"))
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


@pytest.mark.usefixtures("added_probe")
def test_a_home_that_may_not_be_read(home: Path) -> None:
    home.chmod(0)
    command = [sys.executable, "-c", AS_NOBODY]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    home.chmod(0o700)
    assert str(home) in printed
    assert "Permission denied" in printed and "set PGLITE_NATIVE_HOME" in printed


# --- PGlite's packages ----------------------------------------------------------------------


@pytest.mark.long
def test_pg_ivm() -> None:
    """Views that are kept up to date; two import shapes that nothing bundled needs."""
    extensions.add(package("pg_ivm"))
    with Engine() as engine:
        run(
            engine,
            "create extension pg_ivm; create table sale (item text, amount int);"
            "insert into sale values ('pen', 1), ('ink', 2), ('pen', 3);"
            "select pgivm.create_immv('total', 'select item, sum(amount) from sale group by item')",
        )
        total = "select item, sum from total order by item"
        assert run(engine, total) == [("ink", "2"), ("pen", "4")]


def test_pgtap() -> None:
    """All SQL: no module to link."""
    extensions.add(package("pgtap"))
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


@pytest.mark.long
def test_the_others_are_added_and_used_together() -> None:
    for name in USES:
        assert name in extensions.add(package(name), compile=False)
    with Engine(settings={"shared_preload_libraries": "pg_textsearch"}) as engine:
        for name, (sql, answer) in USES.items():
            run(engine, f"create extension {name}")
            assert run(engine, sql)[-1][0] == answer


def test_every_published_one_is_used_by_a_test() -> None:
    others = {"age", "postgis"}  # tests/extensions
    assert set(published.PINS) == {"pg_ivm", "pgtap", *USES, *others}


@pytest.mark.parametrize("name", published.WHEELS)
def test_one_that_is_a_wheel_only_says_how_to_get_it(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = f"pip install 'pglite-native[{name.replace('_', '-')}]'"
    assert main(["extension", "add", name]) == 1
    assert command in capsys.readouterr().err
    with pytest.raises(ExtensionError, match=re.escape(command)):
        Engine(extensions=[name])


# --- fetching by name -----------------------------------------------------------------------


@pytest.fixture
def archive() -> Path:
    return package("pg_uuidv7")


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a program on the path that is npm."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()

    def write(script: str) -> None:
        program = tmp_path / "bin" / "npm"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    return write


def test_a_name_is_fetched(
    archive: Path, npm: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """By the very archive that is pinned, wherever it comes from."""
    npm(
        f'test "$*" = "--loglevel=error pack {published.PINS["pg_uuidv7"].specification}'
        f' --pack-destination $5" && /bin/cp {archive} "$5"'
    )
    assert main(["extension", "add", "--no-compile", "pg_uuidv7"]) == 0
    assert capsys.readouterr().out == "added pg_uuidv7\n"
    assert extensions.added() == ["pg_uuidv7"]


def test_another_archive_than_was_pinned(npm: Callable[[str], None], home: Path) -> None:
    npm(f'echo bad > "$5/{published.PINS["age"].archive}"')
    with pytest.raises(ExtensionError, match=r"pglite-age@0\.0\.15 is not what was pinned: its"):
        extensions.add("age")
    assert snapshot(home) == {}


def test_no_network(npm: Callable[[str], None]) -> None:
    npm("echo npm error code ENOTFOUND >&2; exit 1")
    with pytest.raises(ExtensionError) as caught:
        extensions.add("age")
    assert "npm cannot fetch @electric-sql/pglite-age@0.0.15: npm error code" in str(caught.value)
    assert "`npm pack @electric-sql/pglite-age@0.0.15` brings" in str(caught.value)


@pytest.mark.usefixtures("npm")
def test_no_npm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "find_spec", lambda name: None)
    with pytest.raises(ExtensionError, match="npm, which is not on the PATH: install it, or `pip"):
        extensions.add("age")


def test_a_name_that_is_not_published() -> None:
    with pytest.raises(ExtensionError, match=r"'timescaledb' is neither a file nor .*: age, pg_"):
        extensions.add("timescaledb")


def test_a_package_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "bad.tgz"
    path.write_bytes(b"hello")
    with pytest.raises(ExtensionError, match="not a npm package, or damaged"):
        extensions.add(path)
    tarballs.write(path, {"package/README.md": b"hello"})
    with pytest.raises(ExtensionError, match=r"has one dist/NAME\.tar\.gz .*; this has 0"):
        extensions.add(path)


# --- compiling what was added ---------------------------------------------------------------

compiled = pytest.mark.skipif(
    not (guest.packaged() / guest.LIBRARY).exists(), reason="not compiled: make aot"
)


def added_tier() -> str | None:
    return guest.runtime().added_tier


@compiled
def test_it_is_compiled_where_that_can_be_done(
    probe: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(guest.TIER_VARIABLE, raising=False)
    assert main(["extension", "add", str(probe)]) == 0
    assert capsys.readouterr().err == ""
    assert (added_tier(), extensions.why_interpreted()) == ("aot", None)
    with Engine() as engine:
        assert engine.tier == "aot"
        run(engine, "create extension probe")
        assert run(engine, PROBE) == [("41", "42", "-1", "é, from the probe", "t", "42")]


@compiled
def test_without_a_compiler_it_is_interpreted(
    probe: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(guest.TIER_VARIABLE, raising=False)
    monkeypatch.setattr(compiler, "find_spec", lambda name: None)
    assert main(["extension", "add", str(probe)]) == 0
    reason = extensions.why_interpreted()
    assert capsys.readouterr().err == f"what was added is interpreted: {reason}\n"
    assert reason == "to compile takes wasm2c: install pglite-native[compiler]"
    assert added_tier() == "wasm3"
    with Engine() as engine:
        assert engine.tier == "aot"
        run(engine, "create extension probe")
        assert run(engine, PROBE) == [("41", "42", "-1", "é, from the probe", "t", "42")]


@pytest.mark.long
@compiled
def test_a_compiler_can_be_insisted_on(
    probe: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGLITE_NATIVE_CC", "false")
    with pytest.raises(ExtensionError, match="it cannot be compiled: false"):
        extensions.add(probe, compile=True)
    assert snapshot(home) == {}
    extensions.add(probe)
    assert (extensions.why_interpreted() or "").startswith("it cannot be compiled: false")


@compiled
@pytest.mark.usefixtures("added_probe")
def test_what_was_compiled_for_another_version_is_interpreted(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(guest.TIER_VARIABLE, raising=False)
    (library,) = home.glob(f"*/*/{guest.added_library()}")
    library.rename(library.with_name("pglite-added-1-linux-x86_64.so"))
    assert added_tier() == "wasm3"
    with Engine() as engine:
        run(engine, "create extension probe")
        assert run(engine, PROBE) == [("41", "42", "-1", "é, from the probe", "t", "42")]


@pytest.mark.long
@compiled
def test_what_is_left_is_compiled_again(probe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(guest.TIER_VARIABLE, raising=False)
    extensions.add(package("pg_uuidv7"))
    extensions.add(probe)
    extensions.remove("pg_uuidv7")
    assert (extensions.added(), added_tier()) == (["probe"], "aot")
    with Engine() as engine:
        run(engine, "create extension probe")
        assert value(engine, "select probe_half(84)") == "42"
    extensions.remove("probe")
    assert added_tier() is None

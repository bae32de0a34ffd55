"""`dump` and `load`: what the tarballs are is tested in tests/engine."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from pglite_native import PGlite
from pglite_native.cli import main


@pytest.fixture
def folder(tmp_path: Path) -> str:
    with PGlite(tmp_path / "data") as db:
        db.exec("create table t as select 42 as a")
    return str(tmp_path / "data")


def rows(folder: Path) -> list[dict[str, object]]:
    with PGlite(folder) as db:
        return db.query("table t").rows


def told_of(directory: str) -> str:
    return f"pglite-native: a new database, in {directory}\n"


@pytest.mark.parametrize(("name", "mode"), [("copy.tar.gz", "r:gz"), ("copy.tar", "r:")])
def test_dumped_and_loaded(
    folder: str, tmp_path: Path, name: str, mode: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / name
    assert main(["dump", str(file), "--data-dir", folder]) == 0
    assert capsys.readouterr().out == f"{file}: {file.stat().st_size / 1e6:.1f} MB\n"
    with tarfile.open(file, mode) as tar:  # type: ignore[call-overload]
        assert any(name.lstrip("/") == "PG_VERSION" for name in tar.getnames())
    assert main(["load", str(file), "--data-dir", str(tmp_path / "copy")]) == 0
    assert rows(tmp_path / "copy") == [{"a": 42}]


def test_by_the_standard_streams(folder: str, tmp_path: Path) -> None:
    program = f"{sys.executable} -m pglite_native"
    line = f"{program} dump - --data-dir {folder} | {program} load - --data-dir {tmp_path}/copy"
    done = subprocess.run(line, shell=True, capture_output=True, check=True)
    assert (done.stdout, done.stderr.decode()) == (b"", told_of(f"{tmp_path}/copy"))
    assert rows(tmp_path / "copy") == [{"a": 42}]


def test_a_tarball_is_loaded_by_a_chosen_tier_with_settings(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, copy = str(tmp_path / "copy.tar"), tmp_path / "copy"
    assert main(["dump", file, "--data-dir", folder]) == 0
    load = ["load", file, "--data-dir", str(copy), "--tier", "wasm3", "--setting"]
    assert main([*load, "work_mem=nonsense"]) == 1
    assert "work_mem" in capsys.readouterr().err
    assert main([*load, "work_mem=5MB"]) == 0
    assert rows(copy) == [{"a": 42}]


def test_a_terminal_sees_how_far_it_is(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "copy.tar")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    for command in (["dump", file, "--data-dir", folder], ["load", file, "--data-dir", file[:-4]]):
        assert main(command) == 0
        shown = capsys.readouterr().err
        assert f"{file}: " in shown and " MB" in shown
        assert shown.removesuffix(told_of(file[:-4])).endswith("\r\x1b[K")


def test_no_progress_is_shown_elsewhere(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "copy.tar")
    assert main(["dump", file, "--data-dir", folder]) == 0
    assert main(["load", file, "--data-dir", file[:-4]]) == 0
    assert capsys.readouterr().err == told_of(file[:-4])


def test_what_cannot_be_loaded(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "copy.tar"
    assert main(["dump", str(file), "--data-dir", str(tmp_path / "none")]) == 1
    assert "has no database" in capsys.readouterr().err and not file.exists()
    assert main(["dump", str(file), "--data-dir", folder]) == 0
    assert main(["load", str(file), "--data-dir", folder]) == 1  # there is one
    assert main(["load", str(tmp_path / "missing"), "--data-dir", str(tmp_path / "copy")]) == 1
    file.write_bytes(file.read_bytes()[:100_000])
    assert main(["load", str(file), "--data-dir", str(tmp_path / "copy")]) == 1
    assert capsys.readouterr().err.count("pglite-native: ") == 3
    assert rows(Path(folder)) == [{"a": 42}]


def test_dumped_as_sql(folder: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "t.sql"
    assert main(["dump", str(file), "--data-dir", folder]) == 0
    assert capfd.readouterr().out == f"{file}: {file.stat().st_size / 1e3:.1f} kB\n"
    assert main(["sql", "--data-dir", str(tmp_path / "copy"), "-f", str(file)]) == 0
    assert rows(tmp_path / "copy") == [{"a": 42}]


def test_sql_is_not_compressed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["dump", str(tmp_path / "t.sql.gz")])
    assert "| gzip > FILE` does it" in capsys.readouterr().err


def test_dumped_as_sql_with_pg_dump_s_options(
    folder: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    dump = ["dump", "-", "--sql", "--data-dir", folder]
    assert main([*dump, "--args", "--schema-only", "--table=t"]) == 0
    written = capfdbinary.readouterr().out
    assert b"CREATE TABLE public.t" in written and b"COPY" not in written
    assert main([*dump, "--args", "--table=nosuch"]) == 1
    assert b"pg_dump: error: no matching tables were found" in capfdbinary.readouterr().err
    assert main([*dump, "--database", "nosuch"]) == 1
    assert b'database "nosuch" does not exist' in capfdbinary.readouterr().err


def test_what_pg_dump_warns_of_is_printed(
    folder: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    with PGlite(folder) as db:
        db.exec("create table knot (id int primary key, next int references knot)")
    assert main(["dump", "-", "--sql", "--data-dir", folder, "--args", "--data-only"]) == 0
    assert b"circular foreign-key constraints" in capfdbinary.readouterr().err


def test_pg_dump_s_options_are_for_sql(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    for options in (["--database", "postgres"], ["--args", "--schema-only"]):
        with pytest.raises(SystemExit):
            main(["dump", "x.tar", "--data-dir", folder, *options])
        assert "are for SQL" in capsys.readouterr().err

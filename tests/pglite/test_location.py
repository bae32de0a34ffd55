"""What data_dir names: memory under all the names people give it, directories, and no servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from pglite_native import AsyncPGlite, Engine, PGlite, dbapi
from pglite_native.engine.location import directory

MEMORY = (
    ":memory:",
    "memory:",
    "memory://",
    "memory://shop",
    "file::memory:?cache=shared",
    "sqlite://",
    "sqlite:///:memory:",
    "sqlite+aiosqlite:///:memory:",
    "postgresql+pglite://",
)


@pytest.mark.parametrize("place", MEMORY)
def test_names_of_memory_make_no_directory(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with PGlite(place) as db:
        assert db.query("select 1 as one").scalar() == 1
    assert list(tmp_path.iterdir()) == []


def test_every_way_in_takes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Engine(":memory:").close()
    dbapi.connect(":memory:").close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ("shop", "shop"),
        ("./shop", "shop"),
        ("/var/shop", "/var/shop"),
        ("file:///var/shop", "/var/shop"),
        ("file:///var/my%20shop", "/var/my shop"),
        ("file://localhost/var/shop", "/var/shop"),
        ("file://./shop", "shop"),
        ("file:shop", "shop"),
        ("postgresql+pglite:////var/shop", "/var/shop"),
        ("postgresql+pglite:///shop", "shop"),
        ("C:shop", "C:shop"),
        (Path("memory:"), "memory:"),
    ],
)
def test_directories(place: str | Path, path: str) -> None:
    assert directory(place) == Path(path)


def test_missing_parents_are_made_and_kept_from_others(tmp_path: Path) -> None:
    place = tmp_path / "of" / "mine" / "my shop"
    with PGlite(place.as_uri()) as db:
        db.exec("create table t as select 42 as a")
    assert (tmp_path / "of").stat().st_mode & 0o777 == 0o700
    with PGlite(place) as db:
        assert db.query("table t").scalar() == 42


@pytest.mark.parametrize(
    "place",
    [
        "postgresql://me:secret@db.example.com/shop",
        "postgres://db.example.com/shop",
        "postgresql+psycopg://me:secret@db.example.com/shop",
        "host=db.example.com dbname=shop password=secret",
    ],
)
def test_the_address_of_a_server_is_refused_with_what_to_use(place: str) -> None:
    with pytest.raises(ValueError, match="is the address of a server") as caught:
        PGlite(place)
    assert "psycopg.connect" in str(caught.value)
    assert "pglite-native import --from" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("place", "error", "words"),
    [
        ("", ValueError, "data_dir is empty"),
        ("sqlite:///shop.db", ValueError, "is a file of SQLite's"),
        ("file:///var/shop?mode=ro", ValueError, "no options"),
        ("file://", ValueError, "file://, a path"),
        ("https://example.com", ValueError, "no URL of one"),
        ("idb://shop", ValueError, "no URL of one"),
        (b"shop", TypeError, "and not bytes: b'shop'"),
        (42, TypeError, "and not int: 42"),
    ],
)
def test_what_is_no_place(place: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        PGlite(place)


def test_unknown_options_are_told_by_pglite_itself() -> None:
    with pytest.raises(TypeError, match=r"PGlite\(\) has no argument 'path': did you mean data_"):
        PGlite(path="shop")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"did you mean settings\?"):
        AsyncPGlite(setings={})  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="there are data_dir, engine"):
        PGlite(nothing_like_it=1)  # type: ignore[call-arg]
    with Engine() as engine, pytest.raises(TypeError, match=r"PGlite\(engine=...\)"):
        PGlite(engine)  # type: ignore[arg-type]

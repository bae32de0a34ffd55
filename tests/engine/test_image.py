"""The packaged image and saved ones: what they are, that broken ones are refused, and files."""

from __future__ import annotations

import stat
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pglite_native import Engine, EngineError, Snapshot, SnapshotError
from pglite_native.engine import guest
from tests.cli import tarballs
from tests.engine import child
from tests.engine.conftest import packaged_without
from tests.engine.sql import run, sqlstate, value

# csrc/engine/instance/image.h: struct image_header, of which this is where things are.
UNIT = HEADER = 65536
MAGIC_AT, FORMAT_AT, COUNT_AT, LAYOUT_AT, GUEST_AT, SIZE_AT = 0, 8, 12, 16, 24, 56
SECTIONS_AT = 72 + 2 * 8  # after the checksum of the content and the regions' sizes: the globals


class Section(NamedTuple):
    position: int
    size: int


def word(image: bytes, at: int, size: int = 8) -> int:
    return int.from_bytes(image[at : at + size], "little")


def sections(image: bytes) -> list[Section]:
    """They lie back to back behind the header; each is described by four words, in a row. Behind
    the image lies what differs in the one that other sessions begin from: the last one here.
    """
    found = []
    position = HEADER
    for at in range(SECTIONS_AT, HEADER - 32, 8):
        region, _, size, where = (word(image, at + 8 * n) for n in range(4))
        if where == position and region < 2 and 0 < size <= len(image) and size % UNIT == 0:
            found.append(Section(where, size))
            position += size
    assert len(found) == word(image, COUNT_AT, 4)
    assert position == word(image, SIZE_AT)
    behind = image[position:]
    if behind:
        size = word(behind, SIZE_AT)
        assert len(behind) == size
        found.append(Section(position + HEADER, size - HEADER))
    return found


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An image in which a table t holds a 7."""
    path = tmp_path_factory.mktemp("saved") / "image"
    with Engine() as engine:
        run(engine, "create table t as select 7 as n")
        engine.snapshot().save(path)
    return path.read_bytes()


@pytest.fixture
def path(ram_path: Path) -> Path:
    return ram_path / "image"


# --- the packaged image ---------------------------------------------------------------------


def test_engines_start_from_it_without_a_boot() -> None:
    with Engine() as mapped, Engine(image=False) as booted:
        assert mapped.statistics()["boot_ns"] == 0
        assert booted.statistics()["boot_ns"] > 0
        # What a boot writes is there, and next to nothing of the warming.
        more = mapped.statistics()["file_memory"] - booted.statistics()["file_memory"]
        assert more < 64 << 10
        for question in (
            "select string_agg(datname, ' ' order by datname) from pg_database",
            "select count(*) from pg_class",
            "select name, setting from pg_settings where name not in ('transaction_timeout')"
            " order by name",
            "select rolname from pg_roles order by 1",
        ):
            assert run(mapped, question) == run(booted, question)


def test_a_mapped_session_is_nobody_s_leftover() -> None:
    """What warmed it has left no trace that a client sees."""
    with Engine() as engine:
        for relation in ("pg_prepared_statements", "pg_cursors", "pg_stat_xact_user_tables"):
            assert value(engine, f"select count(*) from {relation}") == "0"
        assert value(engine, "select count(*) from pg_locks where locktype = 'advisory'") == "0"
        assert value(engine, "select count(*) from pg_class where relpersistence = 't'") == "0"
        changed = "select count(*) from pg_settings where source = 'session'"
        assert value(engine, changed) == "0"
        assert value(engine, "select count(*) from pg_listening_channels()") == "0"


@pytest.mark.parametrize(
    "argument",
    [
        {"settings": {"work_mem": "8MB"}},
        {"user": "postgres", "database": "template1"},
        {"transport": "callback"},
        {"transport": "polling"},
        {"buffer_size": 4096},
        {"initdb_args": ["--auth=trust"]},
    ],
    ids=lambda argument: next(reversed(argument)),
)
def test_other_arguments_boot(argument: Any) -> None:
    with Engine(**argument) as engine:
        assert engine.statistics()["boot_ns"] > 0


@pytest.mark.parametrize(
    "argument",
    [
        {"settings": {}},
        {"user": "postgres"},
        {"memory_limit": 1 << 30},
        {"clock": datetime(2026, 1, 1, tzinfo=timezone.utc)},
        {"seed": 1},
    ],
    ids=lambda argument: next(iter(argument)),
)
def test_these_arguments_do_not_boot(argument: Any) -> None:
    with Engine(**argument) as engine:
        assert engine.statistics()["boot_ns"] == 0
        assert value(engine, "select 6 * 7") == "42"


def test_what_other_sessions_begin_as_is_not_stored_twice(saved: bytes) -> None:
    assert 0 < sections(saved)[-1].size < 1 << 20


def test_other_sessions_begin_from_a_saved_image(saved: bytes, path: Path) -> None:
    path.write_bytes(saved)
    with Engine(image=path) as engine:
        engine.snapshot().save(path.with_name("again"))
    with (
        Engine(image=path.with_name("again")) as engine,
        engine.open_session(database="template1") as other,
    ):
        assert value(other, "select current_database()") == "template1"
        assert value(engine, "select n from t") == "7"


# --- a broken one ---------------------------------------------------------------------------


def flip(image: bytes, at: int) -> bytes:
    return image[:at] + bytes([image[at] ^ 0x10]) + image[at + 1 :]


NOT_AN_IMAGE, TRUNCATED = "it is not an image", "it is truncated"
HEADER_DAMAGED, DAMAGED = "its header is damaged", "its checksum is wrong"

BROKEN: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda image: b"", NOT_AN_IMAGE),
    "one byte": (lambda image: image[:1], NOT_AN_IMAGE),
    "text": (lambda image: b"PGNIMAGE was here\n" * 1000, NOT_AN_IMAGE),
    "magic": (lambda image: flip(image, MAGIC_AT), NOT_AN_IMAGE),
    "magic alone": (lambda image: image[:8], TRUNCATED),
    "half a header": (lambda image: image[: HEADER // 2], TRUNCATED),
    "header but for a byte": (lambda image: image[: HEADER - 1], TRUNCATED),
    "header alone": (lambda image: image[:HEADER], TRUNCATED),
    "last byte missing": (lambda image: image[:-1], TRUNCATED),
    "last page missing": (lambda image: image[:-4096], TRUNCATED),
    "format": (lambda image: flip(image, FORMAT_AT), "another format"),
    "section count": (lambda image: flip(image, COUNT_AT), HEADER_DAMAGED),
    "layout": (lambda image: flip(image, LAYOUT_AT), HEADER_DAMAGED),
    "guest": (lambda image: flip(image, GUEST_AT), HEADER_DAMAGED),
    "size": (lambda image: flip(image, SIZE_AT), HEADER_DAMAGED),
    "globals": (lambda image: flip(image, SECTIONS_AT), HEADER_DAMAGED),
    "zeros": (lambda image: bytes(len(image)), NOT_AN_IMAGE),
    "no content": (lambda image: image[:HEADER] + bytes(len(image) - HEADER), DAMAGED),
    "last byte": (lambda image: flip(image, len(image) - 1), DAMAGED),
}


def refused(path: Path, message: str) -> None:
    for use in (Snapshot.load, lambda path: Engine(image=path)):
        with pytest.raises(SnapshotError, match=message) as raised:
            use(path)
        assert str(path) in str(raised.value)


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_image_is_refused(saved: bytes, path: Path, fault: str) -> None:
    break_it, message = BROKEN[fault]
    path.write_bytes(break_it(saved))
    refused(path, message)


def test_an_image_that_ends_at_a_section_is_refused(saved: bytes, path: Path) -> None:
    ends = [section.position for section in sections(saved)]
    assert len(ends) > 3
    for end in ends:
        for size in (end - 4096, end, end + 4096):
            if HEADER <= size < len(saved):
                path.write_bytes(saved[:size])
                refused(path, TRUNCATED)


def test_a_flipped_bit_is_seen_wherever_it_is(saved: bytes, path: Path) -> None:
    path.write_bytes(saved)
    for position, size in sections(saved):
        for at in (position, position + size // 2, position + size - 1):
            with path.open("r+b") as file:
                file.seek(at)
                file.write(flip(saved, at)[at : at + 1])
            refused(path, DAMAGED)
            with path.open("r+b") as file:
                file.seek(at)
                file.write(saved[at : at + 1])
    with Engine(image=path) as engine:  # it was that bit
        assert value(engine, "select n from t") == "7"


def test_what_is_no_file(path: Path) -> None:
    for use in (Snapshot.load, lambda path: Engine(image=path)):
        with pytest.raises(FileNotFoundError):
            use(path)
        with pytest.raises(IsADirectoryError):
            use(path.parent)
    with pytest.raises(SnapshotError, match=NOT_AN_IMAGE):
        Snapshot.load("/dev/null")


def test_other_files_of_this_package_are_no_images() -> None:
    for file in guest.files()[:-1]:
        refused(file, NOT_AN_IMAGE)


PACKAGED = """
import sys
from pathlib import Path
from pglite_native import Engine, EngineError
from pglite_native.engine import guest
from tests.engine.sql import value

guest.packaged = lambda: Path(sys.argv[1])
for _ in range(2):
    try:
        Engine()
    except EngineError as error:
        message = str(error)
    else:
        raise AssertionError("it starts")
for boot in ({"image": False}, {"settings": {"work_mem": "8MB"}}):
    with Engine(**boot) as engine:
        assert value(engine, "select 6 * 7") == "42"
print(message)
"""


@pytest.fixture
def package(ram_path: Path) -> Path:
    return packaged_without("postgres.image", ram_path / "resources")


def test_a_broken_packaged_image(package: Path, saved: bytes) -> None:
    """Says what is wrong, and how to start without it; which works."""
    image = package / "postgres.image"
    for fault in ("empty", "magic", "format", "header alone", "last byte", "no content"):
        break_it, message = BROKEN[fault]
        image.write_bytes(break_it(saved))
        complaint = child.output(PACKAGED, package)
        assert message in complaint
        assert str(image) in complaint
        assert "Engine(image=False)" in complaint
    image.unlink()
    assert "Engine(image=False)" in child.output(PACKAGED, package)
    image.mkdir()
    assert "Engine(image=False)" in child.output(PACKAGED, package)


@pytest.mark.long
def test_an_image_of_another_guest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, saved: bytes, path: Path
) -> None:
    """One with an extension added. Its snapshots are not for the packaged guest's engines."""
    from pglite_native import extensions

    path.write_bytes(saved)
    before = Snapshot.load(path)
    with Engine() as packaged:
        monkeypatch.setenv("PGLITE_NATIVE_HOME", str(tmp_path / "home"))
        extensions.add(tarballs.write(tmp_path / "probe.tar.gz", tarballs.probe()))
        refused(path, "made with another guest")
        with Engine() as other:
            assert other.statistics()["boot_ns"] == 0  # it has an image, of its own
            run(other, "create extension probe")
            foreign = other.snapshot()
            for engine, snapshot in ((packaged, foreign), (other, before)):
                with pytest.raises(SnapshotError, match="another guest"):
                    engine.restore(snapshot)
                assert value(engine, "select 6 * 7") == "42"
            with Engine(image=foreign) as copy, other.fork() as fork:
                assert value(copy, "select probe_count()") == "41"
                assert value(fork, "select probe_count()") == "41"
        foreign.save(tmp_path / "foreign")
        # A snapshot brings its guest along, whichever is in use.
        with Engine(image=before) as copy:
            assert value(copy, "select n from t") == "7"
        monkeypatch.setenv("PGLITE_NATIVE_HOME", "/dev/null")
        refused(tmp_path / "foreign", "made with another guest")
        packaged.restore(before)
        assert value(packaged, "select n from t") == "7"


# --- saved and loaded -----------------------------------------------------------------------

LOADED = """
import sys
from pglite_native import Engine, Snapshot
from tests.engine.sql import run, value

snapshot = Snapshot.load(sys.argv[1])
with Engine(image=snapshot) as one, Engine(image=sys.argv[1]) as other:
    run(one, "update t set n = 8")
    run(other, "commit")
    print(value(one, "execute answer"), value(other, "execute answer"))
    one.restore(snapshot)
    print(value(one, "select n from t"))
    one.snapshot().save(sys.argv[1])  # in its own place
with Engine(image=sys.argv[1]) as engine:
    print(value(engine, "execute answer"))
"""


def test_an_image_goes_from_process_to_process(path: Path) -> None:
    with Engine() as engine:
        run(engine, "create table t(n int); prepare answer as select sum(n) from t")
        run(engine, "begin; insert into t values (7)")
        engine.snapshot().save(path)
    assert child.output(LOADED, path).split() == ["8", "7", "7", "7"]


def test_saving_what_was_loaded_gives_the_same_file(saved: bytes, path: Path) -> None:
    path.write_bytes(saved)
    snapshot = Snapshot.load(path)
    assert snapshot.size == len(saved)
    copy = path.with_name("copy")
    snapshot.save(copy)
    assert copy.read_bytes() == saved
    snapshot.save(str(path))  # over the file it is mapped from
    assert path.read_bytes() == saved
    with Engine(image=snapshot) as engine:
        assert value(engine, "select n from t") == "7"
    assert sorted(file.name for file in path.parent.iterdir()) == ["copy", "image"]


def test_a_file_that_is_gone_is_still_mapped(saved: bytes, path: Path) -> None:
    path.write_bytes(saved)
    snapshot = Snapshot.load(path)
    with Engine(image=path) as engine:
        path.unlink()
        run(engine, "insert into t values (8)")
        assert value(engine, "select sum(n) from t") == "15"
        engine.restore(snapshot)
        assert value(engine, "select sum(n) from t") == "7"


def test_a_file_that_nobody_may_write_to(saved: bytes, path: Path) -> None:
    path.write_bytes(saved)
    path.chmod(stat.S_IRUSR)
    with Engine(image=path) as engine:
        run(engine, "insert into t values (8)")
    assert path.read_bytes() == saved


def test_saving_where_nothing_can_be_written(saved: bytes, path: Path) -> None:
    path.write_bytes(saved)
    snapshot = Snapshot.load(path)
    for target, error in (
        (path.with_name("missing") / "image", FileNotFoundError),
        (path / "image", NotADirectoryError),
        (Path("/proc/image"), OSError),
    ):
        with pytest.raises(error):
            snapshot.save(target)
    folder = path.with_name("folder")
    folder.mkdir()
    with pytest.raises(IsADirectoryError):
        snapshot.save(folder)
    assert sorted(file.name for file in path.parent.iterdir()) == ["folder", "image"]


LIMITED = """
import resource, sys
from pathlib import Path
from pglite_native import Engine, EngineError

path = Path(sys.argv[1])
with Engine() as engine:
    snapshot = engine.snapshot()
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
for content in (None, b"the one before"):
    if content is not None:
        path.write_bytes(content)
    try:
        snapshot.save(path)
    except EngineError as error:
        assert "cannot write the image" in str(error), error
        assert str(path) in str(error), error
    else:
        raise AssertionError("it is written")
    assert [file.read_bytes() for file in path.parent.iterdir()] == ([content] if content else [])
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
snapshot.save(path)
Engine(image=path).close()
"""


def test_saving_leaves_nothing_behind_when_it_fails(path: Path) -> None:
    """The file is there whole, or it is the one before, or not there."""
    child.output(LIMITED, path)


def test_saving_to_a_full_device() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    from pglite_native.engine.binding import check, ffi, lib

    error = ffi.new("pgn_error *")
    with Engine() as engine, full.open("wb") as file:
        image = engine.snapshot()._image
        with pytest.raises(EngineError, match="no space left on device"):
            check(lib.pgn_image_save(image.variable[0], file.fileno(), error), error)


# --- engines of all kinds -------------------------------------------------------------------


@pytest.mark.parametrize(
    "argument",
    [
        {"data_dir": "data"},
        {"settings": {"work_mem": "8MB"}},
        {"user": "alice"},
        {"database": "template1"},
        {"transport": "callback"},
        {"buffer_size": 4096},
        {"initdb_args": []},
    ],
    ids=lambda argument: next(iter(argument)),
)
def test_an_image_has_its_own_arguments(saved: bytes, path: Path, argument: Any) -> None:
    path.write_bytes(saved)
    snapshot = Snapshot.load(path)
    for image in (path, str(path), snapshot):
        with pytest.raises(
            ValueError,
            match=f"belong to the image .*: {next(iter(argument))}",
        ):
            Engine(image=image, **argument)
    assert not Path("data").exists()


def test_true_is_no_image() -> None:
    with pytest.raises(ValueError, match="image must be"):
        Engine(image=True)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "argument",
    [
        {"transport": "callback"},
        {"buffer_size": 4096},
        {"buffer_size": 1 << 20},
        {"database": "template1"},
        {"settings": {"work_mem": "8MB", "shared_buffers": "4MB"}},
        {"initdb_args": ["--encoding=SQL_ASCII", "--locale=C", "--auth=trust"]},
        {"memory_limit": 1 << 30},
        {"image": False},
    ],
    ids=lambda argument: "-".join(map(str, next(iter(argument.items())))),
)
def test_every_engine_in_memory_can_be_forked_and_saved(path: Path, argument: Any) -> None:
    """Each copy is as its engine, in whatever that is different from the packaged image's."""
    about = (
        "select current_database(), current_setting('server_encoding'),"
        " current_setting('work_mem'), current_setting('shared_buffers'),"
        " sum(n), count(*), max(repeat('x', 9000)) from t"
    )
    with Engine(**argument) as engine:
        run(engine, "create table t as select generate_series(1, 3000) as n")
        snapshot = engine.snapshot()
        snapshot.save(path)
        expected = run(engine, about)
        assert expected[0][4:6] == ("4501500", "3000")
        stranger = Engine()
        stranger.restore(snapshot)
        for copy in (engine.fork(), Engine(image=path), stranger):
            with copy:
                assert run(copy, about) == expected
                assert len(run(copy, "select n from t")) == 3000  # many buffers
                run(copy, "insert into t values (1)")
                assert sqlstate(copy, "select 1/0") == "22012"
                copy.restore(snapshot)
                assert run(copy, about) == expected
        assert run(engine, about) == expected

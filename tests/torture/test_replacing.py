"""Files that are whole or not at all, cut at every point of being written; what a kill leaves."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pglite_native.engine.atomic_files import replacing
from pglite_native.engine.store import Store
from tests.engine import child
from tests.torture.disk import LOSSES
from tests.torture.recording import Operation, compile_recorder, record_command


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_recorder(tmp_path_factory.mktemp("recorder"))


def cuts(recorder: Path, root: Path, script: str) -> Iterator[tuple[Path, str]]:
    """The folder after each power cut, and the last that was said before."""
    root.mkdir()
    recording = record_command(recorder, root, ["-c", script, str(root)])
    said = ""
    for number, record in enumerate(recording.records):
        for loss in LOSSES:
            target = root.with_name(f"{number}-{loss}")
            recording.disk.materialize(target, LOSSES[loss](random.Random(number)))
            yield target, said
        record.play(recording.disk)
        if record.operation == Operation.SAID:
            said = record.text.decode().strip()


REPLACES = """
import os, sys
from pathlib import Path
from pglite_native.engine.atomic_files import replacing
for word in ("one", "two"):
    with replacing(Path(sys.argv[1]) / "file") as file:
        file.write(word.encode() * 5000)
    os.write(1, word.encode() + b"\\n")
"""


def test_a_file_is_the_old_one_or_the_new_one(recorder: Path, tmp_path: Path) -> None:
    seen = set()
    for folder, said in cuts(recorder, tmp_path / "root", REPLACES):
        path = folder / "file"
        content = path.read_bytes() if path.exists() else b""
        assert content in (b"", b"one" * 5000, b"two" * 5000)
        assert content != b"" or not said, "it is gone"
        assert not content.startswith(b"one") or said != "two", "it is the old one again"
        seen.add(content)
    assert len(seen) == 3


GENERATIONS = """
import os, sys
from pathlib import Path
from pglite_native.engine.store import Store
packaged = Path(sys.argv[1]).parent / "packaged"
store = Store(packaged, Path(sys.argv[1]))
store.folder.mkdir()
for word in ("one", "two", "three"):
    with store.prepare() as prepared:
        prepared.write("guest", word.encode() * 5000)
        prepared.write("folder/file", b"x")
        prepared.use()
    os.write(1, word.encode() + b"\\n")
store.use(None)
os.write(1, b"none\\n")
"""


def test_the_generation_in_use_is_there_and_whole(recorder: Path, tmp_path: Path) -> None:
    (tmp_path / "packaged").mkdir()
    (tmp_path / "packaged" / "identity").write_text("0" * 64)
    words = ["none", "one", "two", "three", "none"]
    for home, said in cuts(recorder, tmp_path / "root", GENERATIONS):
        current = Store(tmp_path / "packaged", home).current()
        word = "none"
        if current is not None:
            assert (current / "folder" / "file").read_bytes() == b"x"
            word = next(w for w in words if (current / "guest").read_text() == w * 5000)
        at = len(words) - 1 if said == "none" else words.index(said or "none")
        assert word in words[at : at + 2], (home, said, word)


LEAVES = """
import os, signal, sys
from pathlib import Path
from pglite_native.engine.atomic_files import replacing
with replacing(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""

WRITES_ON = """
import sys
from pathlib import Path
from pglite_native.engine.atomic_files import replacing
with replacing(Path(sys.argv[1])) as file:
    print("writing", flush=True)
    file.write(sys.stdin.buffer.read())
"""


def test_the_new_file_has_the_permissions_of_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch(0o600)
    with replacing(file) as scratch:
        assert os.fstat(scratch.fileno()).st_mode & 0o777 == 0o600
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to("file")
    with replacing(tmp_path / "link") as scratch:
        scratch.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    """Root could replace a device."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileExistsError, match="not a regular file"), replacing(tmp_path / "pipe"):
        pass
    assert (tmp_path / "pipe").is_fifo()
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def test_what_a_killed_process_has_written_is_removed_by_the_next(tmp_path: Path) -> None:
    child.is_killed(LEAVES, tmp_path / "file")
    assert len(list(tmp_path.iterdir())) == 1
    (tmp_path / ".pglite-native-mine").touch()
    with replacing(tmp_path / "other") as file:
        file.write(b"whole")
    assert {path.name for path in tmp_path.iterdir()} == {"other", ".pglite-native-mine"}


def test_what_a_living_process_writes_stays(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITES_ON, str(tmp_path / "file")]
    with subprocess.Popen(
        command, cwd=child.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == b"writing\n"
        with replacing(tmp_path / "other") as file:
            file.write(b"whole")
        process.communicate(b"whole, too")
    assert (tmp_path / "file").read_bytes() == b"whole, too"
    assert len(list(tmp_path.iterdir())) == 2

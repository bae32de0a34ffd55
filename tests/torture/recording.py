"""A workload's writes and syncs, recorded (recorder.c), and played to a disk (disk.py)."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from tests.engine.child import ROOT
from tests.torture.disk import Disk
from tests.torture.workload import Workload

PATIENCE_S = 300.0
RECORD = struct.Struct("=IIQQQ")  # operation, length, node, other, offset; and so many bytes


class Operation(IntEnum):
    """As in recorder.c."""

    MADE = 1
    MADE_FOLDER = 2
    WRITTEN = 3
    TRUNCATED = 4
    ALLOCATED = 5
    SYNCED = 6
    SYNCED_ALL = 7
    RENAMED = 8
    LINKED = 9
    REMOVED = 10
    SAID = 11


@dataclass(frozen=True)
class Record:
    operation: Operation
    node: int
    other: int
    offset: int
    text: bytes

    def play(self, disk: Disk) -> None:
        match self.operation:
            case Operation.MADE | Operation.MADE_FOLDER:
                is_folder = self.operation == Operation.MADE_FOLDER
                disk.make(self.node, self.other, os.fsdecode(self.text), is_folder=is_folder)
            case Operation.WRITTEN:
                disk.write(self.node, self.offset, self.text)
            case Operation.TRUNCATED:
                disk.resize(self.node, self.offset)
            case Operation.ALLOCATED:
                disk.resize(self.node, self.offset, grows_only=True)
            case Operation.SYNCED:
                disk.sync(self.node)
            case Operation.SYNCED_ALL:
                disk.sync_all()
            case Operation.RENAMED:
                old, name = map(os.fsdecode, self.text.split(b"\0"))
                disk.rename(self.node, self.other, old, name)
            case Operation.LINKED:
                disk.link(self.node, self.other, os.fsdecode(self.text))
            case Operation.REMOVED:
                disk.remove(self.node, os.fsdecode(self.text))
            case Operation.SAID:
                pass


@dataclass
class Recording:
    disk: Disk
    """As it was before."""
    records: Sequence[Record]


def compile_recorder(folder: Path) -> Path:
    library = folder / "recorder.so"
    source = Path(__file__).with_name("recorder.c")
    command = [os.environ.get("CC", "cc"), "-O2", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([*command, source, "-o", library, "-ldl"], check=True)
    return library


def record(recorder: Path, workload: Workload, place: Path, seed: int, steps: int) -> Recording:
    """Let a child do some steps in a folder."""
    arguments = [workload.name, str(place), str(seed), str(steps)]
    return record_command(recorder, place, ["-m", "tests.torture.child", *arguments])


def record_command(recorder: Path, place: Path, arguments: Sequence[str]) -> Recording:
    """Run Python to its end, and record what it does in a folder. The records lie beside it."""
    disk = Disk(place)
    output = place.with_suffix(".recording")
    environment = {
        **os.environ,
        "LD_PRELOAD": str(recorder),
        "RECORDER_ROOT": str(place),
        "RECORDER_OUTPUT": str(output),
    }
    child = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert child.returncode == 0, f"{' '.join(arguments)}:\n{child.stderr}"
    records = _read(output.read_bytes())
    output.unlink()
    return Recording(disk, records)


def _read(content: bytes) -> list[Record]:
    """Return the records of a recorder's output."""
    records, at = [], 0
    while at < len(content):
        operation, length, node, other, offset = RECORD.unpack_from(content, at)
        at += RECORD.size
        text = content[at : at + length]
        records.append(Record(Operation(operation), node, other, offset, text))
        at += length
    return records

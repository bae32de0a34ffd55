"""Run what the native tier is to be good at: on wasm3, or by a shared object.

    python -m tools.native.training EXTENSION             # which functions it calls, as JSON
    python -m tools.native.training EXTENSION LIBRARY.so  # for the counters in there

A little of everything that bench/ measures and applications do, and short statements many times:
those are what an embedded database mostly gets.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from tools.cluster import load_extensions

if TYPE_CHECKING:
    from pglite_native import Engine

HERE = Path(__file__).parent
STATEMENTS = HERE / "training.sql"

REPEATED = 300
ROWS = 2000
FUNCTIONS_MAX = 1 << 20
# So that the same comes of the same: not what it says of time and chance.
CLOCK = datetime(2026, 1, 1, tzinfo=timezone.utc)
SEED = 1


@dataclass(frozen=True)
class Training:
    """The package's guest, and the extension module that runs it.

    Raises:
        RuntimeError: it fails; why has been said on standard error.
    """

    extension: Path

    def called(self) -> frozenset[int]:
        """Which functions of the guest's module are called, by index."""
        return frozenset(json.loads(self._run()))

    def run(self, library: Path) -> None:
        """Have a shared object count what is done."""
        self._run(library)

    def _run(self, *library: Path) -> bytes:
        command = [sys.executable, "-m", __name__, str(self.extension), *map(str, library)]
        result = subprocess.run(command, stdout=subprocess.PIPE)
        if result.returncode != 0:
            raise RuntimeError(f"the training has failed: {' '.join(command)}")
        return result.stdout


def main(extension: Path, library: Path | None) -> None:
    load_extensions(extension)
    from pglite_native import Engine, Snapshot, _runtime
    from pglite_native._native import ffi, lib

    # Not the user's own guest, with extensions added.
    guest = _runtime.Files(*(_runtime.packaged() / name for name in _runtime.NAMES))
    runtime = _runtime.Runtime(guest, library)
    image = Snapshot(runtime, runtime.packaged_image())
    with Engine(image=image, clock=CLOCK, seed=SEED) as engine:
        train(engine)
    if library is None:
        functions = ffi.new("uint32_t[]", FUNCTIONS_MAX)
        count = lib.pgn_runtime_called(runtime.handle, functions, FUNCTIONS_MAX)
        print(json.dumps(list(functions[0:count])))


def train(engine: Engine) -> None:
    from pglite_native import _wire

    def run(message: bytes) -> None:
        reply = engine.exec_protocol_raw(message)
        for kind, payload in _wire.Splitter().feed(reply):
            if kind == "E":
                raise RuntimeError(str(_wire.report(payload)))

    for statement in STATEMENTS.read_text().split(";\n"):
        run(_wire.query(statement))
    lines = "".join(f"{n}\t1\t{n * 7}\tsome text\n" for n in range(10_000, 10_000 + ROWS))
    run(
        _wire.query("copy account from stdin") + _wire.copy_data(lines.encode()) + _wire.copy_done()
    )
    run(_wire.query("copy account to stdout"))
    for n in range(REPEATED):
        run(_wire.query("select 1"))
        run(
            _wire.parse("select id, balance from account where id = $1")
            + _wire.bind([str(n)])
            + _wire.describe_portal()
            + _wire.execute()
            + _wire.sync()
        )
        run(_wire.bind([str(n + 1)]) + _wire.execute() + _wire.sync())
        run(_wire.query("begin"))
        run(_wire.query(f"update account set balance = balance + {n} where id = {n + 1}"))
        run(_wire.query(f"select balance from account where id = {n + 1}"))
        run(_wire.query(f"insert into history (account, delta) values ({n + 1}, {n})"))
        run(_wire.query("commit"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)

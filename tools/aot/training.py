"""Run what the AOT tier is to be good at: on wasm3, or by a shared object.

    python -m tools.aot.training EXTENSION             # which functions it calls, as JSON
    python -m tools.aot.training EXTENSION LIBRARY.so  # for the counters in there

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

# In binary format, in which PGlite's queries ask for rows.
BINARY = (
    "select * from line",
    "select n, n::int8, n / 7.0::float8, n % 2 = 0, timestamp '2026-01-01' + n * interval '1 hour',"
    " timestamptz '2026-01-01' + n * interval '1 hour', md5(n::text)::uuid"
    " from generate_series(1, 3000) n",
)

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
    sources = (Path(__file__), STATEMENTS)

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
    from pglite_native import Engine, Snapshot
    from pglite_native.engine import guest
    from pglite_native.engine.binding import ffi, lib

    # Not the user's own guest, with extensions added.
    files = guest.Files(*(guest.packaged() / name for name in guest.NAMES))
    runtime = guest.Runtime(files, library)
    image = Snapshot(runtime, runtime.packaged_image())
    with Engine(image=image, clock=CLOCK, seed=SEED) as engine:
        train(engine)
    if library is None:
        functions = ffi.new("uint32_t[]", FUNCTIONS_MAX)
        count = lib.pgn_runtime_called(runtime.handle, functions, FUNCTIONS_MAX)
        print(json.dumps(list(functions[0:count])))


def train(engine: Engine) -> None:
    from pglite_native.protocol import wire

    def run(message: bytes) -> None:
        reply = engine.exec_protocol_raw(message)
        for kind, payload in wire.Splitter().feed(reply):
            if kind == "E":
                raise RuntimeError(str(wire.report(payload)))

    for statement in STATEMENTS.read_text().split(";\n"):
        run(wire.query(statement))
    unnamed, no_parameters = b"\0\0", bytes(4)
    bind = wire.message(b"B", unnamed + no_parameters + wire.result_formats([1]))
    for statement in BINARY:
        run(wire.parse(statement) + bind + wire.execute() + wire.sync())
    lines = "".join(f"{n}\t1\t{n * 7}\tsome text\n" for n in range(10_000, 10_000 + ROWS))
    run(wire.query("copy account from stdin") + wire.copy_data(lines.encode()) + wire.copy_done())
    run(wire.query("copy account to stdout"))
    for n in range(REPEATED):
        run(wire.query("select 1"))
        run(
            wire.parse("select id, balance from account where id = $1")
            + wire.bind([str(n)])
            + wire.describe_portal()
            + wire.execute()
            + wire.sync()
        )
        run(wire.bind([str(n + 1)]) + wire.execute() + wire.sync())
        run(wire.query("begin"))
        run(wire.query(f"update account set balance = balance + {n} where id = {n + 1}"))
        run(wire.query(f"select balance from account where id = {n + 1}"))
        run(wire.query(f"insert into history (account, delta) values ({n + 1}, {n})"))
        run(wire.query("commit"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)

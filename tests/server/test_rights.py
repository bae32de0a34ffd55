"""Who may touch the files and sockets: their owner alone, whatever the umask is."""

from __future__ import annotations

import json

import pytest

from tests.engine import child

LISTED = """
import json, os, stat, sys, tempfile
os.umask(int(sys.argv[1], 8))
from pathlib import Path
from pglite_native import Engine
from pglite_native.engine.store import Store
from pglite_native.server import Server
from tests.engine.sql import run

found = {}

def look(name, *roots):
    for root in roots:
        for path in (root, *root.rglob("*")):
            found.setdefault(name, set()).add(stat.S_IMODE(path.lstat().st_mode))

with tempfile.TemporaryDirectory(prefix="t") as place:
    place = Path(place)
    with (
        Engine(place / "new" / "data") as engine,
        Server(engine, unix_socket_dir=place / "fresh" / "socket") as chosen,
        Server(engine) as temporary,
    ):
        run(engine, "create table t as select 1")
        run(engine, "checkpoint")
        look("data", place / "new")
        look("sockets", place / "fresh", Path(temporary.address[0]))
        engine.dsn
        look("sockets", Path(engine._private_server.server(engine).address[0]))
        engine.dump_data_dir(place / "dump.tar")
        with engine.copy_to_memory() as copy:
            copy.snapshot().save(place / "snapshot")
        look("copies", place / "dump.tar", place / "snapshot")
    store = Store.__new__(Store)
    store.folder = place / "added" / "guests"
    with store.lock():
        look("guests", place / "added")
print(json.dumps({name: sorted(modes) for name, modes in found.items()}))
"""


@pytest.mark.parametrize(("umask", "written"), [("0", 0o666), ("022", 0o644)])
def test_rights_of_files_and_sockets(umask: str, written: int) -> None:
    """Copies of a whole cluster are as pg_basebackup's: the owner's. Guests hold no data."""
    found = json.loads(child.output(LISTED, umask, seconds=120))
    assert found == {
        "data": [0o600, 0o700],
        "sockets": [0o600, 0o700],
        "copies": [0o600],
        "guests": sorted({0o700, written}),  # in a folder that others cannot enter
    }

"""A data directory: what was committed is there when it is opened again."""

from __future__ import annotations

import sys
import tempfile

from messages import query, rows

from pglite_native import Engine, EngineLocked


def visit(folder: str) -> str | None:
    """Count this visit, and return how many there have been."""
    with Engine(folder) as engine:
        engine.exec_protocol_raw(query("create table if not exists visit (at timestamptz)"))
        engine.exec_protocol_raw(query("insert into visit values (now())"))
        return rows(engine.exec_protocol_raw(query("select count(*) from visit")))[0][0]


if len(sys.argv) > 1:
    print(visit(sys.argv[1]))
else:
    with tempfile.TemporaryDirectory() as folder:
        print(visit(folder), visit(folder))
        with Engine(folder):
            try:
                Engine(folder)
            except EngineLocked as error:
                print(str(error).replace(folder, "FOLDER").partition(";")[0])

# prints:
#   1 2
#   the data directory FOLDER is in use by another engine in this process

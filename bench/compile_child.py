"""Compiling every function: `python -m bench.compile_child`."""

from __future__ import annotations

import json
import sys
import time

from bench.process import field_mib
from pglite_native.engine.binding import check, ffi, lib
from pglite_native.engine.guest import runtime


def main() -> None:
    handle, error = runtime().handle, ffi.new("pgn_error *")
    before_mib = field_mib("status", "RssAnon")
    started_s = time.process_time()
    check(lib.pgn_runtime_compile(handle, error), error)
    samples = {"time": (time.process_time() - started_s) * 1e3}
    samples["memory"] = field_mib("status", "RssAnon") - before_mib
    json.dump(samples, sys.stdout)


if __name__ == "__main__":
    main()

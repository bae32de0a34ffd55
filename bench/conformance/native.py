"""A native PostgreSQL as a side: the oracle's server, set up as pg_regress sets up its own."""

from __future__ import annotations

import os
import time
from unittest.mock import patch

from bench.conformance import debian, own
from bench.conformance.own import CREATE_DATABASE, FILES, Own, ask
from bench.conformance.source import BUILD
from tests.oracle.native import PORT, SETTINGS, NativeServer

# Over and above the oracle's: what shows in plans. Building an index counts rows only where
# autovacuum is on; how far a COPY extends its table depends on how many connections may share the
# buffers, and the guest's default is 256.
NATIVE_SETTINGS = {
    **own.SETTINGS,
    "autovacuum": "on",
    "autovacuum_naptime": "2147483",
    "max_connections": "256",
}

BACK_S = 20.0
INTERVAL_S = 0.5


class Native(Own):
    name = "native PostgreSQL"

    def _start(self) -> None:
        packages = self._suite.packages
        programs = debian.installed(packages, BUILD / "debian") if packages else None
        with patch.dict(SETTINGS, {**NATIVE_SETTINGS, **self._suite.settings}):
            server = self._stack.enter_context(NativeServer(programs))
        folder = server.directory / FILES
        self._lay_files(folder, "nobody" if os.geteuid() == 0 else None)
        self.files = str(folder)
        place = f"host={server.directory} port={PORT} user=postgres"
        ask(f"{place} dbname=postgres", CREATE_DATABASE.format(self._database))
        self.dsn = f"{place} dbname={self._database}"

    def _revive(self) -> None:
        # After a crash the postmaster starts anew by itself.
        deadline = time.monotonic() + BACK_S
        while not ask(self.dsn, "select"):
            if time.monotonic() > deadline:
                raise RuntimeError("native PostgreSQL does not come back")
            time.sleep(INTERVAL_S)

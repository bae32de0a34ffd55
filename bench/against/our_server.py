"""Our server, until its input ends: python -m bench.against.our_server [--schema]; prints a DSN."""

from __future__ import annotations

import sys

from pglite_native import Engine
from pglite_native.server import Server


def main() -> None:
    template = None
    if "--schema" in sys.argv:
        from bench.template import FIRST_QUERY, SCHEMA
        from tests import wire

        template = Engine()
        template.exec_protocol_raw(wire.query(SCHEMA) + wire.query(FIRST_QUERY))
    with Server(template, shared=False) as server:
        print(server.dsn, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()

"""python -m bench.server_child SOCKET CALLS SESSIONS: a client of bench/server.py; for each line on
standard input it prints microseconds a round trip, the sessions in turns.
"""

from __future__ import annotations

import itertools
import socket
import sys
import time

from tests import wire

SELECT_1 = wire.query("select 1")
READY = b"Z\0\0\0\5I"
STARTUP = wire.startup({"user": "postgres", "database": "postgres"})


def connect(path: str) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.connect(path)
    exchange(client, STARTUP)
    return client


def exchange(client: socket.socket, message: bytes) -> None:
    client.sendall(message)
    while not client.recv(1 << 16).endswith(READY):
        pass


def main() -> None:
    path, calls, sessions = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    clients = [connect(path) for _ in range(sessions)]
    for _ in sys.stdin:
        began_ns = time.perf_counter_ns()
        for client in itertools.islice(itertools.cycle(clients), calls):
            exchange(client, SELECT_1)
        print((time.perf_counter_ns() - began_ns) / calls / 1e3, flush=True)


if __name__ == "__main__":
    main()

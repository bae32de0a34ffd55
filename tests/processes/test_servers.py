"""Servers that load an application once and fork workers: gunicorn --preload, celery's prefork."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engine.child import ROOT

pytestmark = pytest.mark.long

PATIENCE_S = 60

WSGI = """
import os
from pathlib import Path
from pglite_native import PGlite

folder = Path(__file__).parent
parents = PGlite(folder / "data")  # the parent's, while it is loading
parents.exec("create table if not exists t as select 1 as n")
template = PGlite()
template.exec("create table t as select 1 as n")
template.engine.snapshot().save(folder / "snapshot")
snapshot = template.engine.snapshot()
own = None  # of each worker


def application(environ, start_response):
    global own
    if own is None:
        own = PGlite(image=snapshot)
    own.exec("insert into t values (2)")
    rows = len(own.query("select n from t").rows)
    try:
        parents.query("select 1")
        refused = False
    except Exception as error:
        refused = "parent process" in str(error)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{os.getpid()} {rows} {refused}".encode()]
"""

TASKS = """
import os
from pathlib import Path
from celery import Celery
from celery.signals import worker_process_init
from pglite_native import PGlite

folder = Path(__file__).parent
app = Celery(broker="memory://", backend=f"file://{folder / 'results'}")
app.conf.worker_redirect_stdouts = False
template = PGlite()
template.exec("create table t as select 1 as n")
snapshot = template.engine.snapshot()
own = None


@worker_process_init.connect
def open_own(**_):
    global own
    own = PGlite(image=snapshot)


@app.task
def count():
    own.exec("insert into t values (2)")
    return [os.getpid(), len(own.query("select n from t").rows)]


if __name__ == "__main__":
    import threading

    (folder / "results").mkdir()
    worker = app.Worker(pool="prefork", concurrency=2, loglevel="ERROR", without_gossip=True,
                        without_mingle=True, without_heartbeat=True)
    threading.Thread(target=worker.start, daemon=True).start()
    answers = [count.delay().get(timeout=50, disable_sync_subtasks=False) for _ in range(4)]
    print()
    print(all(pid != os.getpid() and rows > 1 for pid, rows in answers))
    print(template.query("select n from t").rows, flush=True)
    worker.stop()
    os._exit(0)  # celery's own threads are not what this is about
"""


@contextmanager
def started(*command: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{folder}"}
    with subprocess.Popen(
        command, cwd=folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def ask(socket_path: Path) -> str:
    """Return what the application says to a GET by a Unix socket, once it listens."""
    import socket

    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(PATIENCE_S)
                client.connect(str(socket_path))
                client.sendall(b"GET / HTTP/1.0\r\n\r\n")
                answer = b"".join(iter(lambda: client.recv(4096), b""))
            return answer.decode().rpartition("\r\n\r\n")[2]
        except (ConnectionRefusedError, FileNotFoundError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def test_gunicorn_preload(tmp_path: Path) -> None:
    pytest.importorskip("gunicorn")
    (tmp_path / "app.py").write_text(WSGI)
    command = (sys.executable, "-m", "gunicorn", "--preload", "--workers=2", "--bind=unix:web")
    with started(*command, "app:application", folder=tmp_path) as server:
        answers = [ask(tmp_path / "web").split() for _ in range(6)]
        pids = {int(pid) for pid, _, _ in answers}
        assert server.pid not in pids
        assert all(int(rows) > 1 and refused == "True" for _, rows, refused in answers)
        os.kill(min(pids), signal.SIGTERM)  # the server replaces a worker that ends
        assert ask(tmp_path / "web")
        server.send_signal(signal.SIGTERM)
        said, _ = server.communicate(timeout=PATIENCE_S)
        assert server.returncode == 0, said
    assert "Traceback" not in said


def test_celery_prefork(tmp_path: Path) -> None:
    pytest.importorskip("celery")
    (tmp_path / "tasks.py").write_text(TASKS)
    with started(sys.executable, "tasks.py", folder=tmp_path) as worker:
        said, _ = worker.communicate(timeout=PATIENCE_S)
    assert worker.returncode == 0, said
    assert "True\n[{'n': 1}]\n" in said, said

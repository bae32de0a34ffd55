"""The example of PostgreSQL in workerd, Cloudflare's runtime: made, and served on loopback."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pglite_native.engine import guest
from tools import ROOT

EXAMPLE = ROOT / "examples" / "workerd"
LOCK = "package-lock.json"  # has the packages' hashes
TIMEOUT_SECONDS = 60
EVENTS = ("listen", "listen-inspector")  # what it tells the ports of


class Missing(Exception):
    """This machine has no workerd, and why."""


def program() -> Path:
    """The workerd that the example's lock file names, by npm."""
    for name in ("node", "npm"):
        if shutil.which(name) is None:
            raise Missing(f"there is no {name}")
    folder = ROOT / "build" / "workerd"
    lock = (EXAMPLE / LOCK).read_bytes()
    if not folder.exists() or (folder / LOCK).read_bytes() != lock:
        _install(folder)
    (found,) = folder.glob("node_modules/@cloudflare/workerd-*/bin/workerd*")
    return found


def _install(folder: Path) -> None:
    scratch = folder.with_suffix(".unfinished")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    for name in ("package.json", LOCK):
        shutil.copy(EXAMPLE / name, scratch)
    command = ["npm", "ci", "--silent", "--ignore-scripts"]
    result = subprocess.run(command, cwd=scratch, capture_output=True, text=True)
    if result.returncode != 0:
        raise Missing(f"npm brings no workerd: {(result.stderr or result.stdout).strip()}")
    shutil.rmtree(folder, ignore_errors=True)
    scratch.rename(folder)


def build(folder: Path) -> Path:
    """Make the example in a folder that does not exist yet; returns its configuration."""
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("build", "node_modules"))
    modules = program().parents[3]  # node_modules, with what build.mjs imports
    (folder / modules.name).symlink_to(modules)
    resources = guest.files().module.parent
    command = ["node", "build.mjs", str(resources)]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return folder / "config.capnp"


@dataclass
class Served:
    port: int
    inspector_port: int

    def ask(self, path: str, data: bytes | str | None = None) -> tuple[int, bytes]:
        """POST data, or GET without: the status and the body."""
        body = data.encode() if isinstance(data, str) else data
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def sql(self, sql: str) -> Any:
        status, body = self.ask("/sql", sql)
        assert status == 200, body.decode()
        return json.loads(body)

    def rows(self, sql: str) -> Any:
        """Of the last statement."""
        answer = self.sql(sql)
        assert "error" not in answer, answer
        return answer["results"][-1]["rows"]

    def protocol(self, messages: bytes) -> bytes:
        status, body = self.ask("/protocol", messages)
        assert status == 200, body.decode()
        return body


@contextlib.contextmanager
def serve(config: Path) -> Iterator[Served]:
    """Run workerd until the block is left, at ports of the system's choice."""
    control, theirs = os.pipe()
    command = [
        str(program()),
        "serve",
        str(config),
        "--socket-addr=http=127.0.0.1:0",
        "--inspector-addr=127.0.0.1:0",
        f"--control-fd={theirs}",
    ]
    with subprocess.Popen(command, pass_fds=[theirs], stderr=subprocess.PIPE) as process:
        os.close(theirs)
        try:
            with open(control, encoding="utf-8") as events:
                ports = _ports(events)
                assert ports, (process.stderr and process.stderr.read(), process.wait())
                yield Served(ports["listen"], ports["listen-inspector"])
        finally:
            process.kill()  # it has nothing to lose, and would wait for its connections
            process.communicate()


def _ports(lines: Iterable[str]) -> dict[str, int]:
    """Those of both events; none, if it ends before it has told of them."""
    ports: dict[str, int] = {}
    for line in lines:
        event = json.loads(line)
        ports[event["event"]] = event["port"]
        if len(ports) == len(EVENTS):
            return ports
    return {}

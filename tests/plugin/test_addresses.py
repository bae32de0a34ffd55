"""Where the fixtures' databases can be reached."""

from __future__ import annotations

import socket
from contextlib import suppress

import pytest

from tests.plugin.conftest import Run

PROGRAM = """
    import os, psycopg

    for place in ("", os.environ["DATABASE_URL"]):
        with psycopg.connect(place) as connection:
            print(connection.execute("select a from t").fetchone()[0])
"""


def two_free_ports() -> int:
    """The first of two that are side by side."""
    while True:
        with suppress(OSError), socket.create_server(("127.0.0.1", 0)) as listener:
            port: int = listener.getsockname()[1]
            socket.create_server(("127.0.0.1", port + 1)).close()
            return port


def test_a_program_finds_the_test_s_database_by_its_environment(run: Run) -> None:
    test = """
        import os, subprocess, sys

        def test_it(pglite_environment, pglite_connection):
            pglite_connection.execute("create table t as select 7 as a")
            pglite_connection.commit()
            asked = subprocess.run([sys.executable, "program.py"], capture_output=True, text=True)
            assert asked.stdout.split() == ["7", "7"], asked.stderr

        def test_again():
            assert "DATABASE_URL" not in os.environ
    """
    run({"test_it.py": test, "program.py": PROGRAM}).assert_outcomes(passed=2)


def test_a_port_can_be_chosen_and_processes_count_up_from_it(run: Run) -> None:
    port = two_free_ports()
    test = f"""
        from urllib.parse import urlsplit

        def test_it(pglite_url, pglite_connection, pytestconfig):
            place = urlsplit(pglite_url)
            name = getattr(pytestconfig, "workerinput", {{}}).get("workerid", "gw0")
            worker = int(name.removeprefix("gw"))
            assert (place.hostname, place.port) == ("127.0.0.1", {port} + worker)
            assert pglite_connection.execute("select 1").fetchone() == (1,)
    """
    ini = f"pglite_port = {port}\n"
    run({"test_it.py": test}, ini=ini).assert_outcomes(passed=1)
    files = {"test_it.py": test, "test_other.py": test}
    run(files, "-n2", plugins=["xdist"], ini=ini).assert_outcomes(passed=2)


def test_a_host_alone_has_any_port(run: Run) -> None:
    test = {"test_it.py": "def test_it(pglite_url): assert '@127.0.0.1:' in pglite_url"}
    run(test, ini="pglite_host = 127.0.0.1\n").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("ini", "said"),
    [("pglite_host = 0.0.0.0\n", "trust is for loopback"), ("pglite_port = x\n", "a number")],
    ids=["not loopback", "no number"],
)
def test_an_address_that_cannot_be_is_refused(run: Run, ini: str, said: str) -> None:
    result = run({"test_it.py": "def test_it(pglite_url): pass"}, ini=ini)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(f"*pglite_*{said}*")

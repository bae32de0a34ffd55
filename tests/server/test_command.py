"""`python -m pglite_native serve`: as a process, with its signals and its exit status."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
import trustme

from pglite_native import Engine
from pglite_native.cli import main
from tests import wire
from tests.serving import Serving
from tools import ROOT


@pytest.fixture
def serve() -> Iterator[Callable[..., Serving]]:
    with ExitStack() as stack:

        def start(*arguments: str | Path) -> Serving:
            serving = Serving(*arguments)
            stack.callback(serving.stop)
            return serving

        yield start


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["term", "int"])
def test_serving_until_a_signal(serve: Callable[..., Serving], number: signal.Signals) -> None:
    serving = serve()
    connection = psycopg.connect(serving.url)
    assert connection.execute("SELECT 1").fetchone() == (1,)
    directory = Path(connection.info.host)
    assert directory.exists()
    assert serving.stop(number) == (0, "", "")
    with pytest.raises(psycopg.errors.AdminShutdown):
        connection.execute("SELECT 1")
    assert not directory.exists()


def test_a_template_of_a_snapshot_and_files(serve: Callable[..., Serving], tmp_path: Path) -> None:
    with Engine() as engine:
        engine.exec_protocol_raw(wire.query("CREATE TABLE t (a int)"))
        engine.snapshot().save(tmp_path / "saved")
    for number in (1, 2):
        (tmp_path / f"{number}.sql").write_text(f"INSERT INTO t VALUES ({number});\n")
    files = ("--sql", tmp_path / "1.sql", "--sql", tmp_path / "2.sql")
    serving = serve("--isolated", "--image", tmp_path / "saved", *files)
    for _ in range(2):
        with psycopg.connect(serving.url) as connection:
            assert connection.execute("TABLE t").fetchall() == [(1,), (2,)]
            connection.execute("DROP TABLE t")


def test_all_connections_share_one_cluster(serve: Callable[..., Serving], tmp_path: Path) -> None:
    (tmp_path / "schema.sql").write_text("CREATE TABLE t (a int);\n")
    serving = serve("--sql", tmp_path / "schema.sql")
    with psycopg.connect(serving.url) as one, psycopg.connect(serving.url) as other:
        one.execute("INSERT INTO t VALUES (1)")
        other.execute("INSERT INTO t VALUES (2)")
        assert other.execute("TABLE t").fetchall() == [(2,)]
        one.commit()
        assert other.execute("TABLE t").fetchall() == [(1,), (2,)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["term", "kill"])
def test_a_data_directory_has_what_was_committed(
    serve: Callable[..., Serving], tmp_path: Path, number: signal.Signals
) -> None:
    directory = tmp_path / "data"
    serving = serve("--data-dir", directory)
    with ExitStack() as stack:
        one, other = (stack.enter_context(psycopg.connect(serving.url)) for _ in range(2))
        one.execute("CREATE TABLE t AS SELECT generate_series(1, 1000) AS a")
        one.commit()
        other.execute("INSERT INTO t VALUES (1001)")
        other.commit()
        one.execute("DELETE FROM t")
        status, output, _ = serving.stop(number)
        assert (status, output) == (0 if number == signal.SIGTERM else -number, "")
        one.close()
        other.close()
    again = serve("--data-dir", directory)
    with psycopg.connect(again.url) as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (1001,)
        with pytest.raises(psycopg.OperationalError, match="cannot be forked"):
            psycopg.connect(again.url, dbname="scratch_mine")


def test_a_password_is_read_and_not_shown(serve: Callable[..., Serving], tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("secret\nand a note\n")
    authority = trustme.CA()
    certificate = tmp_path / "certificate.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    serving = serve("--host", "127.0.0.1", "--password-file", file, "--tls-cert", certificate)
    assert "secret" not in serving.url
    with psycopg.connect(serving.url, password="secret", sslmode="require") as connection:
        assert connection.pgconn.ssl_in_use
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(serving.url, password="and a note")


def test_where_it_listens(serve: Callable[..., Serving], tmp_path: Path) -> None:
    serve("--socket-dir", tmp_path, "--port", "6543")
    assert (tmp_path / ".s.PGSQL.6543").is_socket()
    refused = serve("--socket-dir", tmp_path, "--port", "6543")
    status, output, errors = refused.stop()
    assert (status, refused.url, output) == (1, "", "")
    assert "another server is listening" in errors


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--host 127.0.0.1", "everybody who can reach 127.0.0.1 .* or trust all .* --trust"),
        ("--host 0.0.0.0", "everybody who can reach 0.0.0.0 .* give a password .*--password-file"),
        ("--host 0.0.0.0 --trust", "trust is for loopback .*: give a password instead"),
        ("--host 127.0.0.1 --trust --password-file README.md", "but not both"),
        ("--host 127.0.0.1 --password-file /dev/null", "the password is empty"),
        ("--host 192.0.2.1 --password-file README.md", "cannot listen at 192.0.2.1: Cannot assign"),
        ("--host 192.0.2.1 --port 7 --password-file README.md", "at 192.0.2.1, port 7: Cannot"),
        ("--trust", "password, trust and tls are for TCP: .* by host \\(--host 127.0.0.1\\)"),
        ("--tls-key key.pem", "--tls-key needs --tls-cert"),
        ("--host 127.0.0.1 --trust --tls-cert README.md", "README.md: no certificate in PEM"),
        ("--host 127.0.0.1 --trust --tls-cert missing", "missing: No such file"),
        ("--image missing", "missing: No such file"),
        ("--sql missing.sql", "missing.sql: No such file"),
        ("--host 127.0.0.1 --password-file missing", "missing: No such file"),
    ],
)
def test_what_cannot_be_served(
    arguments: str, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["serve", *arguments.split()]) == 1
    output, errors = capsys.readouterr()
    assert output == ""
    assert re.match(f"pglite-native: .*{said}", errors), errors


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--max-connections 0", "a number of connections, from 1: '0'"),
        ("--authentication-timeout -1", "a number of seconds, more than 0: '-1'"),
        ("--port 99999", "a port is a number from 0 to 65535: '99999'"),
        ("--setting work_mem", "not NAME=VALUE: 'work_mem'"),
    ],
)
def test_options_that_have_no_such_value(
    arguments: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["serve", *arguments.split()])
    assert said in capsys.readouterr().err


def test_sql_that_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bad.sql"
    file.write_text("SELECT nothing;\n")
    assert main(["serve", "--sql", str(file)]) == 1
    assert 'column "nothing" does not exist' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [([], b"All connections share this cluster"), (["--isolated"], b"a database of its own")],
    ids=["shared", "isolated"],
)
def test_on_a_terminal_it_says_what_connections_share(arguments: list[str], words: bytes) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "pglite_native", "serve", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"postgresql://")
        assert words in os.read(ours, 4096)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    os.close(ours)
    os.close(theirs)


def test_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["serve", "--port", "many"])
    assert caught.value.code == 2
    assert "a port is a number from 0 to 65535: 'many'" in capsys.readouterr().err

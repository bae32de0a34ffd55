"""Paths that are too long for a Unix socket."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import psycopg
import pytest

from pglite_native.server import Server

LONG = "d" * 100


def test_a_long_tmpdir_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / LONG).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", os.fspath(tmp_path / LONG))
    with Server() as server, psycopg.connect(server.dsn) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
        assert Path(server.address[0]).parent == Path("/tmp")
    assert not Path(server.address[0]).exists()


def test_a_long_directory_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"107 bytes.*choose another directory") as caught:
        Server(unix_socket_dir=tmp_path / LONG)
    assert caught.value.errno == errno.ENAMETOOLONG
    assert caught.value.filename == f"{tmp_path}/{LONG}/.s.PGSQL.5432"

"""What the servers have in common that are started for the tests: database, files, recovery."""

from __future__ import annotations

import shutil
import subprocess
from abc import abstractmethod
from contextlib import ExitStack
from pathlib import Path

from bench.conformance.side import Side
from bench.conformance.suite import Suite
from tests.oracle.native import programs

FILES = "conformance"  # the folder with the tests' files; what tests write goes there, too
ANSWER_S = 30.0
CREATE_S = 300.0  # of extensions, some of which are interpreted

# As pg_regress has its server, makes its database, and what it sets there.
SETTINGS = {"max_prepared_transactions": "2"}
CREATE_DATABASE = "create database {} template template0"
DATABASE_SETTINGS = {
    "lc_messages": "C",
    "lc_monetary": "C",
    "lc_numeric": "C",
    "lc_time": "C",
    "bytea_output": "hex",
    "timezone_abbreviations": "Default",
}

# Who was left in the middle of something when a test's time was over.
END_OTHERS = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where backend_type = 'client backend' and pid <> pg_backend_pid()
"""


class Own(Side):
    """A server with the tests' files where it can see them, and an empty database."""

    def __init__(self, source: Path, suite: Suite) -> None:
        self._source = source
        self._suite = suite
        self._database = suite.database
        self._stack = ExitStack()

    @abstractmethod
    def _start(self) -> None:
        """Start one with an empty database; how it ends is put on the stack."""

    @abstractmethod
    def _revive(self) -> None:
        """Have the same database served again, whatever is in the way."""

    def __enter__(self) -> Own:
        try:
            self._start()
            self._set_up()
        except BaseException:
            self._stack.close()
            raise
        return self

    def _set_up(self, *before: str) -> None:
        settings = DATABASE_SETTINGS.items()
        commands = [f"alter database {self._database} set {k} to '{v}'" for k, v in settings]
        # Of what is said twice the last counts.
        if not ask(f"{self.dsn} dbname=postgres", *before, *commands):
            raise RuntimeError(f"{self.name} does not answer")
        if self._suite.create and not ask(self.dsn, self._suite.create, limit_s=CREATE_S):
            raise RuntimeError(f"{self.name} refuses: {self._suite.create}")

    def renew(self) -> None:
        drop = f"drop database {self._database} with (force)"
        self._set_up(drop, CREATE_DATABASE.format(self._database))

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def recover(self, *, keep_database: bool) -> None:
        if not keep_database:
            self._stack.close()
            self.__enter__()
        elif not ask(self.dsn, END_OTHERS):
            self._revive()

    def _lay_files(self, folder: Path, user: str | None = None) -> None:
        folder.mkdir()
        if (data := self._source / "regress" / "data").is_dir():
            shutil.copytree(data, folder / "data")
        (folder / "results").mkdir()
        if user is not None:
            for path in (folder, *folder.rglob("*")):
                shutil.chown(path, user)


def ask(dsn: str, *statements: str, limit_s: float = ANSWER_S) -> bool:
    """Whether the server does that within reasonable time."""
    command = [str(programs() / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", dsn]
    command += [word for statement in statements for word in ("-c", statement)]
    try:
        asked = subprocess.run(command, capture_output=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired:
        return False
    return asked.returncode == 0

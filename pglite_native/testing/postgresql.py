"""testing.postgresql's Postgresql and PostgresqlFactory, without initdb, postgres and a process.

    import pglite_native.testing.postgresql as testing_postgresql  # import testing.postgresql

    with testing_postgresql.Postgresql() as postgresql:
        psycopg2.connect(**postgresql.dsn())

Keyword arguments, methods and attributes are those of testing.postgresql 1.3. The cluster lives in
this process: `pid` and `server_pid` are None.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from pglite_native import Engine, EngineError
from pglite_native.testing import arguments
from pglite_native.testing.instance import HOST, POSTGRES, Instance

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Postgresql", "PostgresqlFactory", "skipIfNotFound", "skipIfNotInstalled"]

DATABASE = "test"
IMAGE = "data.image"

Decorated = TypeVar("Decorated")


class Postgresql:
    """A PostgreSQL for a test, at a TCP address on this machine.

    Args:
        auto_start: 2: it is there when this returns; 1: as 2 does, for a `base_dir` that has a
            database; 0: `setup` and `start` are called later.
        base_dir: a directory; the database is then durable, in its `data`. None for memory.
        copy_data_from: a `data` of the same, which is copied, or the path of a saved image.
        port: the TCP port, None for one that is free.
        postgres_args: parameters, as `-c name=value`. `-h`, `-p` and `-k` have no effect.
        initdb_args: options of initdb, which then runs; `-U` names the user, `-A` has no effect.
        initdb, postgres, pid, boot_timeout: without effect; there are no programs to find or to
            wait for.

    Raises:
        TypeError: an argument is not known.
        ValueError: arguments exclude each other, or ask postgres for something else.
        RuntimeError: the database cannot be copied or made.
        EngineError, OSError: as Instance does.
    """

    DEFAULT_SETTINGS: dict[str, Any] = {  # noqa: RUF012, as subclasses replace it
        "auto_start": 2,
        "base_dir": None,
        "initdb": None,
        "initdb_args": "-U postgres -A trust",
        "postgres": None,
        "postgres_args": "-h 127.0.0.1 -F -c logging_collector=off",
        "pid": None,
        "port": None,
        "copy_data_from": None,
        "boot_timeout": None,
    }

    pid = None
    server_pid = None

    def __init__(self, **kwargs: Any) -> None:
        unknown = set(kwargs) - set(self.DEFAULT_SETTINGS)
        if unknown:
            raise TypeError(f"{type(self).__name__} has no argument {', '.join(sorted(unknown))}")
        self.name = type(self).__name__
        self.settings = {**self.DEFAULT_SETTINGS, **kwargs}
        self._owner = os.getpid()
        self._instance: Instance | None = None
        self._is_durable = self.settings["base_dir"] is not None
        self.base_dir = os.path.abspath(self.settings.pop("base_dir") or tempfile.mkdtemp())
        try:
            if self.settings["auto_start"]:
                if self.settings["auto_start"] >= 2:
                    self.setup()
                self.start()
        except BaseException:
            self.cleanup()
            raise

    def dsn(self, **kwargs: Any) -> dict[str, Any]:
        """Keyword arguments of a driver's connect; those given here come first."""
        own = {"host": HOST, "port": self.settings["port"], "user": POSTGRES, "database": DATABASE}
        return {**own, **kwargs}

    def url(self, **kwargs: Any) -> str:
        """The same as a URL."""
        place = {key: quote(str(value), safe="") for key, value in self.dsn(**kwargs).items()}
        return "postgresql://{user}@{host}:{port}/{database}".format_map(place)

    def get_data_directory(self) -> str:
        """Where the database is, if there is a `base_dir`."""
        return os.path.join(self.base_dir, "data")

    def setup(self) -> None:
        """Copy what is to be copied."""
        source = self.settings["copy_data_from"]
        Path(self.base_dir).mkdir(parents=True, exist_ok=True)
        if source is not None and not Path(source).exists():
            raise RuntimeError(f"copy_data_from: there is no {source}")
        if source is not None and Path(source).is_file() and self._is_durable:
            raise ValueError(
                f"{source} is an image, which a database in memory begins with: leave base_dir out"
            )
        if source is not None and Path(source).is_dir():
            try:
                shutil.copytree(source, self.get_data_directory())
            except OSError as error:
                raise RuntimeError(
                    f"could not copytree {source} to {self.get_data_directory()}: {error!r}"
                ) from error

    def start(self) -> None:
        """Listen; nothing if it does already."""
        if self._instance is None:
            self._instance = self._started()
            self.settings["port"] = self._instance.port

    def is_alive(self) -> bool:
        """Whether it listens."""
        return self._instance is not None

    def is_server_available(self) -> bool:
        """The same: it listens at once."""
        return self.is_alive()

    def stop(self, _signal: int | None = None) -> None:
        """Stop, and remove a temporary directory; idempotent."""
        try:
            self.terminate(_signal)
        finally:
            self.cleanup()

    def terminate(self, _signal: int | None = None) -> None:
        """Stop; without effect in a child of the process that it was made in."""
        if self._instance is not None and self._owner == os.getpid():
            self._instance.close()
            self._instance = None

    def cleanup(self) -> None:
        """Remove a temporary directory."""
        if not self._is_durable and self._instance is None:
            shutil.rmtree(self.base_dir, ignore_errors=True)

    def read_bootlog(self) -> str:
        """Nothing: what the server has to say goes to the logger pglite_native."""
        return ""

    def _started(self) -> Instance:
        user, initdb_args = arguments.initdb(self.settings["initdb_args"])
        settings = arguments.settings(self.settings["postgres_args"])
        directory = Path(self.get_data_directory())
        source: Engine | str | None = self.settings["copy_data_from"]
        if self._is_durable or directory.exists():
            try:
                source = Engine(directory, settings=settings, initdb_args=initdb_args or None)
            except EngineError as error:
                raise RuntimeError(f"{directory} cannot be opened: {error}") from error
        return Instance(
            source,
            user=user,
            database=DATABASE,
            port=self.settings["port"],
            settings=settings,
            initdb_args=initdb_args,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def __del__(self) -> None:
        if hasattr(self, "_instance"):
            self.stop()


class PostgresqlFactory:
    """Makes Postgresql objects of the same arguments, and of the same content.

    Args:
        cache_initialized_db: have each begin as a fork of one that `on_initialized` has filled.
        on_initialized: called with that one.
        kwargs: Postgresql's, without `base_dir` where the content is cached.

    Raises:
        ValueError: there is one.
    """

    target_class = Postgresql

    def __init__(
        self,
        *,
        cache_initialized_db: bool = False,
        on_initialized: Callable[[Postgresql], object] | None = None,
        **kwargs: Any,
    ) -> None:
        if cache_initialized_db and kwargs.get("base_dir") is not None:
            raise ValueError("cache_initialized_db is for databases in memory: leave base_dir out")
        self.settings = kwargs
        self._folder: str | None = None
        if cache_initialized_db:
            self._folder = tempfile.mkdtemp()
            try:
                self.settings["copy_data_from"] = self._filled(on_initialized, self._folder)
            except BaseException:
                self.clear_cache()
                raise

    def __call__(self) -> Postgresql:
        return self.target_class(**self.settings)

    def clear_cache(self) -> None:
        """Forget the content: what is made from now on is empty."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = self.settings["copy_data_from"] = None

    def _filled(self, fill: Callable[[Postgresql], object] | None, folder: str) -> str:
        path = os.path.join(folder, IMAGE)
        with self.target_class(**{**self.settings, "auto_start": 2}) as first:
            if fill is not None:
                fill(first)
            assert first._instance is not None
            first._instance.snapshot().save(path)
        return path


def skipIfNotInstalled(argument: Any = None) -> Any:  # noqa: N802, as it is called there
    """Skip nothing: there is no program that could be missing."""
    return argument if callable(argument) else lambda decorated: decorated


skipIfNotFound = skipIfNotInstalled  # noqa: N816, as it is called there

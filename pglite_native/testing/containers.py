"""testcontainers' PostgresContainer, without Docker.

    from pglite_native.testing.containers import PostgresContainer  # testcontainers.postgres

    with PostgresContainer("postgres:18") as postgres:
        engine = sqlalchemy.create_engine(postgres.get_connection_url())

Arguments and methods are those of testcontainers 4. What only a container can do is refused. The
image's tag is not looked at: what runs is PostgreSQL 18, with the extensions of docs/EXTENSIONS.md.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from pglite_native import PGlite, PGliteError
from pglite_native._closing import Closing
from pglite_native.testing import arguments
from pglite_native.testing.instance import HOST, Instance

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["PostgresContainer"]

INITDB_FOLDER = PurePosixPath("/docker-entrypoint-initdb.d")

_OF_CONSTRUCTOR: Literal["the constructor's"] = "the constructor's"

# What says how a container looks from outside, or when it is ready: nothing depends on it.
_WITHOUT_EFFECT = {"name", "docker_client_kw", "network_aliases", "_wait_strategy"}


class PostgresContainer(Closing):
    """A PostgreSQL for a `with` block, at a TCP address on this machine, with a password.

    Args:
        image: without effect, except that PostGIS's is refused.
        port: the port inside of the container, for `get_exposed_port`.
        username: the superuser; else POSTGRES_USER of the environment, else "test".
        password: what clients have to know; else POSTGRES_PASSWORD, else "test".
        dbname: the database; else POSTGRES_DB, else "test".
        driver: what `get_connection_url` has behind "postgresql+"; None for nothing.
        env: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB and POSTGRES_INITDB_ARGS are heeded.
        command: parameters of the server: "postgres -c name=value".
        volumes: files or folders of SQL for /docker-entrypoint-initdb.d.
        seed: a folder of SQL files.
        kwargs: name, docker_client_kw, network_aliases: without effect.

    Raises:
        ValueError: an argument wants a container.
    """

    def __init__(
        self,
        image: str = "postgres:latest",
        port: int = 5432,
        username: str | None = None,
        password: str | None = None,
        dbname: str | None = None,
        driver: str | None = "psycopg2",
        *,
        env: dict[str, str] | None = None,
        command: str | list[str] | None = None,
        volumes: list[tuple[str, str, str]] | None = None,
        ports: list[int] | None = None,
        seed: str | os.PathLike[str] | None = None,
        **kwargs: Any,
    ) -> None:
        if "postgis" in image:
            raise ValueError(
                f"PostGIS is not bundled, as {image} has it: docs/EXTENSIONS.md says how to add it"
            )
        for name in set(kwargs) - _WITHOUT_EFFECT:
            raise _of_docker(f"the argument {name}")
        self.image = image
        self.port = port
        self.env = dict(env or {})
        self.username = username or self._variable("POSTGRES_USER") or "test"
        self.password = password or self._variable("POSTGRES_PASSWORD") or "test"
        self.dbname = dbname or self._variable("POSTGRES_DB") or "test"
        self.driver = f"+{driver}" if driver else ""
        self._host_port: int | None = None
        self._scripts: list[Path] = []
        self._settings: dict[str, str] = {}
        self._instance: Instance | None = None
        if command:
            self.with_command(command)
        if seed:
            self._scripts += _scripts_of(Path(seed))
        for volume in volumes or []:
            self.with_volume_mapping(*volume)
        self.with_exposed_ports(*(ports or []))

    def start(self) -> Self:
        """Start, and run the scripts, in the order of their names.

        Raises:
            DatabaseError: a script's error.
            EngineError, OSError: as Instance does.
        """
        if self._instance is None:
            _, initdb_args = arguments.initdb(self.env.get("POSTGRES_INITDB_ARGS", ""))
            instance = Instance(
                user=self.username,
                database=self.dbname,
                password=self.password,
                port=self._host_port,
                settings=self._settings,
                initdb_args=initdb_args,
            )
            try:
                session = instance.engine.open_session(self.dbname, self.username)
                with PGlite(engine=session) as db:
                    for script in sorted(self._scripts, key=lambda path: path.name):
                        db.exec_file(script)
            except BaseException:
                instance.close()
                raise
            self._instance = instance
        return self

    def stop(self, force: bool = True, delete_volume: bool = True) -> None:
        """Stop; idempotent."""
        instance, self._instance = self._instance, None
        if instance is not None:
            instance.close()

    def get_connection_url(
        self, host: str | None = None, driver: str | None = _OF_CONSTRUCTOR
    ) -> str:
        """The URL, for SQLAlchemy; with `driver=None` for others."""
        if driver == _OF_CONSTRUCTOR:
            driver = self.driver.removeprefix("+")
        suffix = f"+{driver}" if driver else ""
        user, password, name = (
            quote(part, safe="") for part in (self.username, self.password, self.dbname)
        )
        place = f"{host or self.get_container_host_ip()}:{self.get_exposed_port(self.port)}"
        return f"postgresql{suffix}://{user}:{password}@{place}/{name}"

    def get_container_host_ip(self) -> str:
        """The address that it listens at."""
        return HOST

    def get_exposed_port(self, port: int) -> int:
        """The port that it listens at.

        Raises:
            ValueError: it is not the database's port that is asked for.
            PGliteError: it has not been started.
        """
        if port != self.port:
            raise ValueError(f"there is only the database's port, {self.port}, and no {port}")
        if self._instance is None:
            raise PGliteError("the container has not been started: use it in a `with` statement")
        return self._instance.port

    def with_env(self, key: str, value: str) -> Self:
        """Set a variable; those of the constructor are heeded."""
        self.env[key] = value
        names = {
            "POSTGRES_USER": "username",
            "POSTGRES_PASSWORD": "password",
            "POSTGRES_DB": "dbname",
        }
        if key in names:
            setattr(self, names[key], value)
        return self

    def with_envs(self, **variables: str) -> Self:
        """Set several."""
        for key, value in variables.items():
            self.with_env(key, value)
        return self

    def with_command(self, command: str | list[str]) -> Self:
        """Set parameters of the server: "postgres -c name=value"."""
        text = command if isinstance(command, str) else " ".join(map(_quoted, command))
        self._settings = arguments.settings(re.sub(r"^\s*postgres\b", "", text))
        return self

    def with_volume_mapping(
        self, host: str | os.PathLike[str], container: str, mode: str = "ro"
    ) -> Self:
        """Take scripts for /docker-entrypoint-initdb.d.

        Raises:
            ValueError: it is mapped to another place, or is no SQL.
        """
        place = PurePosixPath(container)
        if place != INITDB_FOLDER and place.parent != INITDB_FOLDER:
            raise _of_docker(f"a volume at {container}")
        self._scripts += _scripts_of(Path(host))
        return self

    def with_copy_into_container(
        self, transferable: bytes | str | os.PathLike[str], destination_in_container: str, *_: Any
    ) -> Self:
        """The same of a file; its content alone cannot be given."""
        if isinstance(transferable, bytes):
            raise _of_docker("the content of a file")
        return self.with_volume_mapping(transferable, destination_in_container)

    def with_bind_ports(self, container: str | int, host: str | int | None = None) -> Self:
        """Listen at a certain port."""
        self.with_exposed_ports(container)
        self._host_port = None if host is None else int(str(host).partition("/")[0])
        return self

    def with_exposed_ports(self, *ports: str | int) -> Self:
        """Without effect: the database's port is exposed.

        Raises:
            ValueError: it is another port.
        """
        for port in ports:
            if int(str(port).partition("/")[0]) != self.port:
                raise _of_docker(f"the port {port}")
        return self

    def with_name(self, name: str) -> Self:
        """Without effect."""
        return self

    def waiting_for(self, strategy: object) -> Self:
        """Without effect: it is ready when it has started."""
        return self

    def exec(self, command: object) -> Any:
        """Refused.

        Raises:
            ValueError: always.
        """
        raise _of_docker(f"exec({command!r})")

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("with_", "get_")):
            raise _of_docker(f"{name}()")
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def __enter__(self) -> Self:
        return self.start()

    def _leave(self, kind: type[BaseException] | None) -> None:
        self.stop()

    def _variable(self, name: str) -> str | None:
        return self.env.get(name) or os.environ.get(name)


def _scripts_of(path: Path) -> list[Path]:
    scripts = sorted(path.iterdir()) if path.is_dir() else [path]
    for script in scripts:
        if script.suffix != ".sql":
            raise _of_docker(f"{script}, which is no .sql,")
    return scripts


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


def _of_docker(what: str) -> ValueError:
    return ValueError(
        f"{what} wants a container, and there is none: pglite_native's PostgresContainer is a"
        " database in this process. docs/COMING_FROM.md says what it can be given"
    )

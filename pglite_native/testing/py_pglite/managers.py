"""The managers: a database, and a server for it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pglite_native import Engine
from pglite_native._closing import Closing
from pglite_native.server import Server
from pglite_native.testing.py_pglite.config import PGliteConfig

if TYPE_CHECKING:
    from sqlalchemy import Engine as SQLAlchemyEngine
    from sqlalchemy.ext.asyncio import AsyncEngine
    from typing_extensions import Self


class PGliteManager(Closing):
    """A database in memory, from start() to stop(); usable in a `with`."""

    def __init__(self, config: PGliteConfig | None = None) -> None:
        self.config = config or PGliteConfig()
        self._engine: Engine | None = None
        self._server: Server | None = None

    def start(self) -> None:
        """Start; nothing if it has been.

        Raises:
            EngineError, OSError, ValueError: as Engine and Server do.
        """
        if self._engine is not None:
            return
        self._engine = Engine()
        try:
            if self.config.use_tcp:
                self._server = Server(
                    self._engine, host=self.config.tcp_host, port=self.config.tcp_port, trust=True
                )
            else:
                directory = Path(self.config.socket_path).parent
                self._server = Server(self._engine, unix_socket_dir=directory)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop; idempotent."""
        engine, self._engine = self._engine, None
        server, self._server = self._server, None
        if server is not None:
            server.close()
        if engine is not None:
            engine.close()
            if not self.config.use_tcp:
                with suppress(OSError):  # others may have put something there
                    Path(self.config.socket_path).parent.rmdir()

    def restart(self) -> None:
        """Stop, and start with an empty database."""
        self.stop()
        self.start()

    def is_running(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    def wait_for_ready(self, max_retries: int = 15, delay: float = 1.0) -> bool:
        """Whether it listens: that is so from start() on."""
        return self.is_running()

    wait_for_ready_basic = wait_for_ready

    def get_connection_string(self) -> str:
        """The URL as SQLAlchemy takes it.

        Raises:
            RuntimeError: it is not running; so do the next ones.
        """
        return self._running().get_connection_string()

    def get_dsn(self) -> str:
        """libpq's keywords and values."""
        return self._running().get_dsn()

    def get_psycopg_uri(self) -> str:
        """The URL as libpq takes it."""
        return self._running().get_psycopg_uri()

    def get_asyncpg_uri(self) -> str:
        """The URL as asyncpg takes it."""
        return self._running().get_asyncpg_uri()

    def _running(self) -> PGliteConfig:
        if not self.is_running():
            raise RuntimeError("PGlite server is not running. Call start() first.")
        return self.config

    def __enter__(self) -> Self:
        self.start()
        return self

    def _leave(self, kind: type[BaseException] | None) -> None:
        self.stop()


class SQLAlchemyPGliteManager(PGliteManager):
    """The same with an engine of SQLAlchemy's."""

    _shared_engine: SQLAlchemyEngine | None = None

    def get_engine(self, driver: str = "psycopg", **engine_kwargs: Any) -> SQLAlchemyEngine:
        """The engine, made with these arguments when it is first asked for.

        It has a pool of any number of connections, where py-pglite has one for all.

        Raises:
            RuntimeError: it is not running.
        """
        url = self._running().get_connection_string(driver)
        if self._shared_engine is None:
            from sqlalchemy import create_engine

            self._shared_engine = create_engine(url, **engine_kwargs)
        return self._shared_engine

    def stop(self) -> None:
        """Stop, and dispose of the engine."""
        engine, self._shared_engine = self._shared_engine, None
        if engine is not None:
            engine.dispose()
        super().stop()


class SQLAlchemyAsyncPGliteManager(PGliteManager):
    """The same with an asynchronous engine."""

    _shared_engine: AsyncEngine | None = None

    def get_engine(self, **engine_kwargs: Any) -> AsyncEngine:
        """The engine, made with these arguments when it is first asked for.

        Raises:
            RuntimeError: it is not running.
        """
        url = self._running().get_connection_string()
        if self._shared_engine is None:
            from sqlalchemy.ext.asyncio import create_async_engine

            self._shared_engine = create_async_engine(url, **engine_kwargs)
        return self._shared_engine

    async def wait_for_ready(  # type: ignore[override]
        self, max_retries: int = 15, delay: float = 1.0
    ) -> bool:
        """Whether it listens."""
        return self.is_running()

    async def stop(self) -> None:  # type: ignore[override]
        """Stop, and dispose of the engine."""
        engine, self._shared_engine = self._shared_engine, None
        if engine is not None:
            await engine.dispose()
        super().stop()

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _leave(self, kind: type[BaseException] | None) -> None:
        super().stop()

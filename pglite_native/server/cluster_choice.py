"""Which cluster a connection gets, by the name of the database that it asks for.

| the name | the cluster | its end |
|---|---|---|
| scratch_<anything> | the fork of that name | Server.drop, or the server's |
| another | the one that is served | its owner's business, or the server's |
| another, where connections are isolated | a fork, for this connection alone | the connection's |
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pglite_native.engine.engine import Engine
from pglite_native.engine.snapshot import Snapshot
from pglite_native.errors import EngineBusy, EngineClosed, SnapshotError
from pglite_native.protocol import wire
from pglite_native.server import scratch
from pglite_native.server.cluster import Cluster, Password, Seat, Whereabouts
from pglite_native.server.messages import Refusal
from pglite_native.server.scratch import Scratch
from pglite_native.server.startup import Startup

# What ends all that a session has of its own. The first ROLLBACK undoes a pipeline that no Sync has
# committed; where an error has made PostgreSQL skip to the next Sync it is skipped too, and the
# second does the work.
CLEANING = (
    wire.copy_fail("the template is written down")
    + wire.query("ROLLBACK")
    + wire.sync()
    + wire.query("ROLLBACK")
    + wire.query("DISCARD ALL")
)


class Clusters:
    """The clusters of a server.

    Args:
        source: an engine, or what to make one of; None for an empty database.
        shared: serve one cluster, the engine; else a fork of it to each connection.
        scratch_max: how many scratch databases there can be at a time; 0: their names mean nothing.

    Raises:
        SnapshotError: the source cannot be forked.
    """

    def __init__(self, source: Engine | Snapshot | None, *, shared: bool, scratch_max: int) -> None:
        self._is_shared = shared
        self._owns_home = not (shared and isinstance(source, Engine))
        self._template: Snapshot | None = None
        if self._owns_home:
            template, whereabouts = _clean(source)
            # Where connections are isolated it is there to be asked; none gets it.
            self._home = Cluster(Engine(image=template), whereabouts)
            self._template = None if shared else template
        else:
            assert isinstance(source, Engine)
            self._home = Cluster(source)
        self.user, self.database, _ = self._home.whereabouts
        self._has_scratch = scratch_max > 0
        self.scratch = Scratch(self._scratch_template, self._home.whereabouts, scratch_max)

    @contextmanager
    def seat(self, startup: Startup) -> Iterator[Seat]:
        """A session for a connection, until it ends.

        Raises:
            Refusal: the client is to be told why it gets none.
            EngineError: there is no memory for one more, or the cluster has failed.
        """
        if self._has_scratch and scratch.is_scratch(startup.database):
            name, inner = scratch.parts(startup.database)
            with self.scratch.cluster(name).seat(startup, inner or self.database) as seat:
                yield seat
        elif self._is_shared:
            with self._home.seat(startup, startup.database) as seat:
                yield seat
        else:
            cluster = Cluster(Engine(image=self._template), self._home.whereabouts)
            try:
                with cluster.only_seat(startup) as seat:
                    yield seat
            finally:
                cluster.close()

    def password_of(self, startup: Startup) -> Password | None:
        """What is kept of the password of a role where a client wants to go; None: no such role.

        Nothing is made for it, as the client may be anyone.

        Raises:
            EngineError: the cluster cannot be asked.
        """
        name, _ = scratch.parts(startup.database)
        return (self.scratch.known(name) or self._home).password_of(startup.user)

    def close(self) -> None:
        """Close those that are the server's; no connection is left."""
        self.scratch.close()
        if self._owns_home:
            self._home.close()

    def _scratch_template(self) -> Snapshot:
        """What scratch databases are forks of: the template, or the served engine as it is now."""
        if self._template is not None:
            return self._template
        try:
            return self._home.snapshot()
        except (SnapshotError, EngineBusy, EngineClosed) as error:
            raise Refusal(
                "55000",
                "the served cluster cannot be forked now",
                detail=str(error),
                hint="A scratch database is a fork: of a cluster in memory, without open"
                " transactions.",
            ) from error


def _clean(source: Engine | Snapshot | None) -> tuple[Snapshot, Whereabouts]:
    """A snapshot to fork, without what belongs to the source's session.

    Temporary tables, settings, an open transaction are no business of the connections.
    """
    with source.fork() if isinstance(source, Engine) else Engine(image=source) as template:
        if source is not None:
            template.exec_protocol_raw(CLEANING)
            template.keep_session()  # for all that forks will have
        return template.snapshot(), Whereabouts.of(template)

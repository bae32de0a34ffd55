"""Scratch databases: forks that stay, each known by a name of the form scratch_<anything>.

One is made when its name is first given, takes any number of connections, and is there until it is
dropped, the server stops, or its cluster fails. `scratch_<anything>/<database>` names another
database of the same cluster.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pglite_native.engine import Engine
from pglite_native.server.cluster import Cluster, Whereabouts
from pglite_native.server.messages import Refusal
from pglite_native.snapshot import Snapshot

PREFIX = "scratch_"

# A client is often faster than the server at seeing that it has left.
DROP_PATIENCE_S = 1.0


def is_scratch(database: str) -> bool:
    return database.startswith(PREFIX)


def parts(database: str) -> tuple[str, str]:
    """The scratch database's name, and which database of its cluster is meant; "": its first."""
    name, _, inner = database.partition("/")
    return name, inner


def check_name(database: str) -> None:
    """Raise ValueError unless a scratch database can have that name."""
    if not is_scratch(database) or "/" in database:
        raise ValueError(
            f"a scratch database is named {PREFIX}<anything>, without a slash, not {database!r}"
        )


class Scratch:
    """The scratch databases of a server.

    Args:
        template: what they are forks of, unless `create` has said otherwise.
        whereabouts: those of all of them.
        limit: how many there can be at a time.
    """

    def __init__(
        self, template: Callable[[], Snapshot], whereabouts: Whereabouts, limit: int
    ) -> None:
        self._template = template
        self._whereabouts = whereabouts
        self._limit = limit
        self._templates: dict[str, Snapshot] = {}
        self._clusters: dict[str, Cluster] = {}
        self._connections: dict[Cluster, int] = {}  # how many each has
        self._changed = threading.Condition()  # guards all of these

    def get(self, name: str) -> Cluster | None:
        """The cluster of that name, if it is there."""
        with self._changed:
            return self._clusters.get(name)

    def has_template(self, name: str) -> bool:
        """Is it a fork of something else than the others?"""
        with self._changed:
            return name in self._templates

    @contextmanager
    def entered(self, name: str) -> Iterator[Cluster]:
        """The cluster of that name, made if need be, for a connection.

        Raises:
            Refusal: there are too many.
            EngineError: there is no memory for one more, or nothing to make a fork of.
        """
        with self._changed:
            cluster = self._clusters.get(name)
            if cluster is None or cluster.has_failed:
                cluster = self._clusters[name] = self._make(name)
            self._connections[cluster] = self._connections.get(cluster, 0) + 1
        try:
            yield cluster
        finally:
            self._leave(name, cluster)

    def create(self, name: str, template: Snapshot) -> None:
        """Choose what one is a fork of; it is made when it is first asked for.

        Raises:
            ValueError: there is one of that name.
        """
        with self._changed:
            if name in self._clusters or name in self._templates:
                raise ValueError(f'database "{name}" already exists')
            self._templates[name] = template

    def snapshot(self, name: str) -> Snapshot:
        """Write one down; what a new one would be if there is none.

        Raises:
            EngineError: as Cluster.snapshot does.
        """
        cluster = self.get(name)
        return self._template_of(name) if cluster is None else cluster.snapshot()

    def remove(self, name: str, *, force: bool) -> tuple[bool, Cluster | None]:
        """Forget one; return whether it was known, and its cluster, which is to be closed.

        Raises:
            ValueError: there are connections to it, and no `force`.
        """
        with self._changed:
            if not force and not self._changed.wait_for(
                lambda: not self._is_in_use(name), DROP_PATIENCE_S
            ):
                raise ValueError(f'database "{name}" is being accessed by connections')
            was_created = self._templates.pop(name, None) is not None
            cluster = self._clusters.pop(name, None)
        return was_created or cluster is not None, cluster

    def close(self) -> None:
        """Close all of them."""
        with self._changed:
            clusters = list(self._clusters.values())
            self._clusters.clear()
        for cluster in clusters:
            cluster.close()

    def _make(self, name: str) -> Cluster:
        if name not in self._clusters and len(self._clusters) >= self._limit:
            raise Refusal(
                "53300",
                "too many scratch databases",
                detail=f"The server keeps {self._limit}, until they are dropped.",
            )
        return Cluster(Engine(image=self._template_of(name)), self._whereabouts)

    def _leave(self, name: str, cluster: Cluster) -> None:
        with self._changed:
            self._connections[cluster] -= 1
            is_last = not self._connections[cluster]
            if is_last:
                del self._connections[cluster]
            if cluster.has_failed and self._clusters.get(name) is cluster:
                del self._clusters[name]
            self._changed.notify_all()
        if cluster.has_failed and is_last:
            cluster.close()

    def _is_in_use(self, name: str) -> bool:
        return self._clusters.get(name) in self._connections

    def _template_of(self, name: str) -> Snapshot:
        return self._templates.get(name) or self._template()

"""Scratch databases: forks that stay, each known by a name of the form scratch_<anything>.

One is made when its name is first given, takes any number of connections, and is there until it is
dropped, the server stops, or its cluster fails. `scratch_<anything>/<database>` names another
database of the same cluster.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from pglite_native.engine.engine import Engine
from pglite_native.engine.snapshot import Snapshot
from pglite_native.server.cluster import Cluster, Whereabouts
from pglite_native.server.messages import Refusal

PREFIX = "scratch_"


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
        self._lock = threading.Lock()  # for the next two
        self._templates: dict[str, Snapshot] = {}
        self._lenders: set[str] = set()  # of which the own session is the first connection's
        self._clusters: dict[str, Cluster] = {}

    def cluster(self, name: str) -> Cluster:
        """The one of that name, made if need be.

        Raises:
            Refusal: there are too many, or there is nothing to make a fork of.
            EngineError: there is no memory for one more.
        """
        with self._lock:
            cluster = self._clusters.get(name)
            if cluster is None or cluster.has_failed:
                cluster = self._clusters[name] = self._make(name)
            return cluster

    def known(self, name: str) -> Cluster | None:
        """The one of that name, if it is there, or `create` has asked for it."""
        if name in self._clusters or name in self._templates:
            return self.cluster(name)
        return None

    def create(self, name: str, template: Snapshot, *, lend_session: bool) -> None:
        """Choose what one is a fork of; it is made when it is first asked for.

        Raises:
            ValueError: there is one of that name.
        """
        with self._lock:
            if name in self._clusters or name in self._templates:
                raise ValueError(f'database "{name}" already exists')
            self._templates[name] = template
            if lend_session:
                self._lenders.add(name)

    def snapshot(self, name: str) -> Snapshot:
        """Write one down; what a new one would be if there is none.

        Raises:
            EngineError: as Cluster.snapshot does.
        """
        cluster = self._clusters.get(name)
        return self._template_of(name) if cluster is None else cluster.snapshot()

    def remove(self, name: str, *, force: bool) -> tuple[bool, Cluster | None]:
        """Forget one; return whether it was known, and its cluster, which is to be closed.

        Raises:
            ValueError: there are connections to it, and no `force`.
        """
        cluster = self._clusters.get(name)
        if cluster is not None and not force and not cluster.becomes_empty():
            raise ValueError(
                f'database "{name}" is being accessed by connections: close them (a pool of'
                " SQLAlchemy's by dispose()), or drop it with force=True, which ends them"
            )
        with self._lock:
            was_created = self._templates.pop(name, None) is not None
            self._lenders.discard(name)
            cluster = self._clusters.pop(name, None)
        return was_created or cluster is not None, cluster

    def close(self) -> None:
        """Close all of them."""
        with self._lock:
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
        engine = Engine(image=self._template_of(name))
        return Cluster(engine, self._whereabouts, lends_session=name in self._lenders)

    def _template_of(self, name: str) -> Snapshot:
        return self._templates.get(name) or self._template()

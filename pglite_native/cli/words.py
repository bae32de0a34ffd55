"""What the shell completes: the words of SQL, what there is in the database, its own commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from pglite_native.engine.session import Session
from pglite_native.errors import EngineError
from pglite_native.protocol import wire

KEYWORDS = "select word from pg_catalog.pg_get_keywords() order by 1"

# Of what is visible, without a schema, and of all with one; names that SQL wants quoted are quoted.
NAMES = """
select distinct name from (
    select pg_catalog.quote_ident(relname) as name from pg_catalog.pg_class
    where relkind in ('r', 'p', 'v', 'm', 'S', 'f') and pg_catalog.pg_table_is_visible(oid)
    union all
    select pg_catalog.quote_ident(nspname) || '.' || pg_catalog.quote_ident(relname)
    from pg_catalog.pg_class join pg_catalog.pg_namespace n on n.oid = relnamespace
    where relkind in ('r', 'p', 'v', 'm', 'S', 'f') and nspname <> 'pg_toast'
    union all
    select pg_catalog.quote_ident(attname)
    from pg_catalog.pg_attribute join pg_catalog.pg_class c on c.oid = attrelid
    join pg_catalog.pg_namespace n on n.oid = relnamespace
    where relkind in ('r', 'p', 'v', 'm', 'f') and attnum > 0 and not attisdropped
        and nspname <> 'information_schema' and nspname !~ '^pg_'
) as names order by 1"""


class Words:
    """Completes a word from what the session sees now."""

    def __init__(self, session: Callable[[], Session], commands: Iterable[str]) -> None:
        self._session = session
        self._commands = sorted(commands)
        self._keywords: list[str] = []

    def complete(self, word: str, before: str) -> Sequence[str]:
        """Return what begins with a word; `before` is the line up to it."""
        if word.startswith("\\") and not before.strip():
            return [command for command in self._commands if command.startswith(word)]
        self._keywords = self._keywords or _column(self._session(), KEYWORDS)
        keywords = [key.upper() for key in self._keywords] if word.isupper() else self._keywords
        found = [*_column(self._session(), NAMES), *keywords]
        return list(dict.fromkeys(one for one in found if one.startswith(word)))


def _column(session: Session, sql: str) -> list[str]:
    """Return a query's first column; nothing where the session cannot answer now."""
    try:
        reply = session.exec_protocol_raw(wire.query(sql))
    except EngineError:
        return []
    rows = [wire.values(payload) for kind, payload in wire.Splitter().feed(reply) if kind == "D"]
    return [row[0] for row in rows if row[0] is not None]

"""Which tables a query reads, and triggers on them that tell when they have changed."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence

from pglite_native import _rows
from pglite_native.database.conversation import Conversation
from pglite_native.errors import DatabaseError

LOCK_TIMEOUT_MS = 500
"""How long to wait for a table, to drop a trigger: another transaction may be using it."""

NO_LOCK, NO_TABLE = "55P03", "42P01"

# A function with the query as its body has the query's dependencies. They are followed through
# views, other such functions, and the policies of tables; then to partitions and children, as a
# statement's trigger is that of the table it names: a parent's, or a partition's.
READS = """
with recursive object (class, id) as (
    select refclassid, refobjid from pg_catalog.pg_depend
    where classid = 'pg_catalog.pg_proc'::regclass and objid = $1::oid
    union
    select refclassid, refobjid from object join pg_catalog.pg_depend on
        class = 'pg_catalog.pg_proc'::regclass and (classid, objid) = (class, id)
        or class = 'pg_catalog.pg_class'::regclass and (
            classid = 'pg_catalog.pg_rewrite'::regclass and objid in (
                select r.oid from pg_catalog.pg_rewrite r
                join pg_catalog.pg_class c on c.oid = ev_class and relkind = 'v'
                where ev_class = id and ev_type = '1')
            or classid = 'pg_catalog.pg_policy'::regclass and objid in (
                select oid from pg_catalog.pg_policy where polrelid = id))
), tables (id) as (
    select c.oid from object join pg_catalog.pg_class c
        on class = 'pg_catalog.pg_class'::regclass and c.oid = id
    where relkind in ('r', 'p', 'f')
    union
    select case when inhparent = id then inhrelid else inhparent end
    from tables join pg_catalog.pg_inherits on id in (inhparent, inhrelid)
)
select id::text from tables join pg_catalog.pg_class c on c.oid = id
where relkind in ('r', 'p', 'f') order by id"""


LOCK = "pg_catalog.hashtextextended($1, 1818850917)"  # an advisory lock's number, by a name
PREFIX = "pglite_live_"
LEFT_BEHIND = f"""
select tgname, tgfoid::pg_catalog.regprocedure::text from pg_catalog.pg_trigger
join pg_catalog.pg_proc p on p.oid = tgfoid
where starts_with(tgname, '{PREFIX}') and pg_catalog.pg_has_role(proowner, 'usage')"""


class Triggers:
    """The triggers of one session, each on a table, and as many users of each.

    Their functions are temporary ones of that session, and are dropped with it: also in forks and
    copies, where only the first session lives on.
    """

    def __init__(self, text: Conversation) -> None:
        """Make up a name, of the triggers and of the channel that they notify."""
        self._text = text
        self.name = PREFIX + secrets.token_hex(8)
        self._users: dict[int, int] = {}
        self._left: set[int] = set()  # tables whose trigger could not be dropped yet
        self._lock(self.name)
        self._drop_left_behind()

    @property
    def are_left(self) -> bool:
        """Whether there are triggers that no one uses."""
        return bool(self._left)

    def read_by(self, sql: str, types: Sequence[int]) -> frozenset[int]:
        """Return the tables that a statement with parameters of some types reads, by OID.

        Raises:
            DatabaseError: it is not one that only reads.
        """
        text, name = self._text, f"pg_temp.{self.name}_reads"
        declared = ", ".join(self._type_name(oid) for oid in types)
        text.simple("begin read write")
        try:
            text.simple(
                f"create function {name}({declared}) returns void begin atomic\n{sql}\n; end"
            )
            ((oid,),) = text.run(f"select '{name}'::regproc::oid::text").rows([_rows.TEXT])
            text.prepare(READS)
            tables = frozenset(
                int(table) for (table,) in text.execute(READS, [oid]).rows([_rows.TEXT])
            )
        finally:
            text.simple("rollback")  # a function that depends on tables would keep them
        return tables

    def add(self, tables: Iterable[int]) -> None:
        """See to it that each table has a trigger; waits for transactions that write to it."""
        new = sorted(set(tables) - self._users.keys() - self._left)
        if new:
            self._transact("".join(map(self._creation, new)))
        for table in tables:
            self._left.discard(table)
            self._users[table] = self._users.get(table, 0) + 1

    def remove(self, tables: Iterable[int]) -> None:
        """Give up the use of tables' triggers, and drop those that no one uses."""
        for table in tables:
            self._users[table] -= 1
            if not self._users[table]:
                del self._users[table]
                self._left.add(table)
        self.drop_left()

    def drop_left(self) -> None:
        """Drop the triggers that no one uses, on tables that no one has locked."""
        for table in sorted(self._left):
            if self._drop(f"pg_temp.{self.name}_{table}()"):
                self._left.discard(table)

    def _creation(self, table: int) -> str:
        name, function = self.name, f"pg_temp.{self.name}_{table}()"
        return f"""
            create function {function} returns trigger language plpgsql as $$
            begin
                perform pg_catalog.pg_notify('{name}', '{table}');
                return null;
            end $$;
            create trigger {name} after insert or update or delete or truncate
            on {self._table_name(table)} for each statement execute function {function};"""

    def _drop(self, function: str) -> bool:
        """Drop a trigger's function, and so the trigger; False where the table is locked.

        The user who has created a trigger owns its function, but perhaps not the table, which they
        would need to drop the trigger itself.
        """
        try:
            self._transact(
                f"set local lock_timeout = {LOCK_TIMEOUT_MS};"
                f"set local client_min_messages = warning;"
                f"drop function if exists {function} cascade;"
            )
        except DatabaseError as error:
            if error.sqlstate != NO_LOCK:
                raise
            return False
        return True

    def _lock(self, name: str, function: str = "try_advisory_lock") -> bool:
        sql = f"select pg_catalog.pg_{function}({LOCK})"
        self._text.prepare(sql)
        ((done,),) = self._text.execute(sql, [name]).rows([_rows.BOOLEAN])
        return bool(done)

    def _drop_left_behind(self) -> None:
        """Drop what a killed process has left in a data directory."""
        for name, function in self._text.run(LEFT_BEHIND).rows([_rows.TEXT, _rows.TEXT]):
            if self._lock(name):  # otherwise it is another session's, which is alive
                try:
                    self._drop(function)
                finally:
                    self._lock(name, "advisory_unlock")

    def _transact(self, sql: str) -> None:
        """Run statements in a transaction that may write, which a live query's may not."""
        try:
            self._text.simple(f"begin read write; {sql} commit")
        except BaseException:
            self._text.simple("rollback")
            raise

    def _table_name(self, oid: int) -> str:
        sql = f"""
            select pg_catalog.format('%I.%I', nspname, relname) from pg_catalog.pg_class c
            join pg_catalog.pg_namespace n on n.oid = relnamespace where c.oid = {oid}"""
        for (name,) in self._text.run(sql).rows([_rows.TEXT]):
            return str(name)
        fields = {"S": "ERROR", "V": "ERROR", "C": NO_TABLE}
        raise DatabaseError({**fields, "M": f"the table of OID {oid} does not exist"}, sql)

    def _type_name(self, oid: int) -> str:
        sql = f"select pg_catalog.format_type({oid}, null)"
        ((name,),) = self._text.run(sql).rows([_rows.TEXT])
        return str(name)

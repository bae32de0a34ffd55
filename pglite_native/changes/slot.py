"""A replication slot, and the publication that says what it is for, from a session of their own."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from pglite_native import _rows
from pglite_native.changes.messages import position, position_text
from pglite_native.database.pglite import PGlite
from pglite_native.database.quoting import identifier
from pglite_native.errors import DatabaseError

PREFIX = "pglite_changes_"
"""Of the publications that are made here; the slot's name follows."""

MAX_NAME_BYTES = 63  # NAMEDATALEN, less its NUL

BATCH_ROWS = 10_000
"""Rows to fetch at a time, until the end of a transaction: as many as are kept in memory."""

STANDBY_SNAPSHOT_BYTES = 256 << 10
"""Log after which PostgreSQL is to write down which transactions run. Each fetch reads the log from
the last place where that is known; a server's background writer sees to it every 15 s."""

# What is read is text as the converters know it, and nothing but a cancel ends a call.
SETTINGS = """
set datestyle = 'ISO'; set intervalstyle = 'postgres'; set bytea_output = 'hex';
set extra_float_digits = 1; set statement_timeout = 0; set lock_timeout = 0;
set idle_session_timeout = 0; set transaction_timeout = 0"""

LOCK = "hashtextextended($1, 7467069)"  # an advisory lock's number, by the slot's name
UNUSED = f"""
select pubname, substr(pubname, {len(PREFIX) + 1}) from pg_publication
where starts_with(pubname, '{PREFIX}') and not exists (
    select from pg_replication_slots where slot_name = substr(pubname, {len(PREFIX) + 1}))"""
FETCH = """
select lsn::text, data from pg_logical_slot_peek_binary_changes($1, null, $2::int,
    'proto_version', '4', 'publication_names', $3, 'messages', $4)"""


@dataclass(frozen=True)
class Selection:
    """Which changes are asked for: PGlite.changes describes it."""

    publication: str | Sequence[str] | None = None
    tables: Sequence[str] | None = None
    slot: str | None = None
    messages: bool = False

    def __post_init__(self) -> None:
        if self.publication is not None and self.tables is not None:
            raise ValueError("publication and tables exclude each other: a publication has tables")
        if isinstance(self.tables, str) or (self.tables is not None and not self.tables):
            raise ValueError(f"tables must be a sequence of names, or None: {self.tables!r}")
        if self.publication is not None and not self.publication:
            raise ValueError("publication must name one, or be None")
        if self.slot is not None:
            if not self.slot:
                raise ValueError("slot must be a name, or None for a temporary one")
            if self.publication is None and len(PREFIX + self.slot) > MAX_NAME_BYTES:
                raise ValueError(
                    f"with a slot's name of more than {MAX_NAME_BYTES - len(PREFIX)} characters "
                    "a publication must be given"
                )


class Slot:
    """Where in the log the consumer is.

    A temporary one goes with its session, and with any error in it: PostgresMain cleans up so.
    """

    def __init__(self, session: PGlite, selection: Selection) -> None:
        """Create what is not there.

        Raises:
            DatabaseError: PostgreSQL's error.
            ValueError: the named slot is not pgoutput's.
        """
        self._session = session
        self.is_temporary = selection.slot is None
        self.name = selection.slot or f"pglite_{secrets.token_hex(8)}"
        self._is_own_publication = selection.publication is None
        self.publications: tuple[str, ...] = (PREFIX + self.name,)
        if isinstance(selection.publication, str):
            self.publications = (selection.publication,)
        elif selection.publication is not None:
            self.publications = tuple(selection.publication)
        self._messages = "true" if selection.messages else "false"
        self._seen = 0  # the log's end at which there was nothing more to fetch
        self._written_down = 0  # where the log last got STANDBY_SNAPSHOT_BYTES' record
        session.exec(SETTINGS)
        sql = "select has_function_privilege('pg_log_standby_snapshot()', 'execute') as may"
        self._may_write_down = bool(session.query(sql).rows[0]["may"])
        self._reserve()
        is_there = self._is_there()
        try:
            self._publish(selection.tables)
            if not is_there:
                self._create()
                self._written_down = self._log_end()
        except BaseException:
            if not is_there:
                self._unpublish()
            raise

    def fetch(self) -> list[tuple[str, bytes]]:
        """Return what is committed after the confirmed position: the log's positions, and messages.

        It is cheap where the log has not grown. Everything that was returned before must have been
        confirmed.
        """
        end = self._log_end()
        if end == self._seen:
            return []
        found = self._rows(
            FETCH,
            self.name,
            str(BATCH_ROWS),
            ",".join(map(identifier, self.publications)),
            self._messages,
        )
        if len(found) < BATCH_ROWS:
            self._seen = end
        if not found:
            self.confirm(end)  # there was nothing up to there, and it need not be read again
        self._write_down(end)
        return found

    def confirm(self, end: int) -> None:
        """Never return again what ends before a position. To do it twice does no harm."""
        self._rows(
            "select pg_replication_slot_advance($1, $2::pg_lsn)::text, ''::bytea",
            self.name,
            position_text(end),
        )

    def end(self) -> None:
        """Drop the publication of a temporary one, which goes with the session."""
        if self._is_own_publication:
            self._session.exec(f"drop publication if exists {identifier(self.publications[0])}")

    def _reserve(self) -> None:
        """See to it that no other consumer has the slot."""
        sql = f"select pg_try_advisory_lock({LOCK}) as done"
        if not self._session.query(sql, [self.name]).rows[0]["done"]:
            raise _error(
                "55006",
                f'replication slot "{self.name}" is active',
                "Another iterator over changes has it: close that one.",
            )

    def _publish(self, tables: Sequence[str] | None) -> None:
        if not self._is_own_publication:
            for name in self.publications:
                sql = "select from pg_publication where pubname = $1"
                if not self._session.query(sql, [name]).rows:
                    raise _error("42704", f'publication "{name}" does not exist')
            return
        self._drop_unused()
        what = "all tables"
        if tables is not None:
            what = f"table {', '.join(map(self._qualified, tables))}"
        name = identifier(self.publications[0])
        with self._session.transaction() as transaction:
            transaction.exec(f"drop publication if exists {name}")
            transaction.exec(
                f"create publication {name} for {what} with (publish_generated_columns = stored)"
            )

    def _qualified(self, table: str) -> str:
        """Find a table by its name as SQL has it; return it with its schema."""
        sql = """
            select format('%I.%I', nspname, relname) as name from pg_class c
            join pg_namespace n on n.oid = relnamespace where c.oid = $1::regclass"""
        name: str = self._session.query(sql, [table]).rows[0]["name"]
        return name

    def _drop_unused(self) -> None:
        """Drop publications of ours that a killed process has left."""
        for name, slot in self._session.query(UNUSED, row_mode="array").rows:
            if slot == self.name:
                continue
            locked = f"select pg_try_advisory_lock({LOCK}) as done"
            if not self._session.query(locked, [slot]).rows[0]["done"]:
                continue  # it is just being made
            try:
                if [name, slot] in map(list, self._session.query(UNUSED, row_mode="array").rows):
                    self._session.exec(f"drop publication {identifier(name)}")
            except DatabaseError as error:
                if error.sqlstate not in ("42501", "42704"):  # another role's; gone
                    raise
            finally:
                self._session.query(f"select pg_advisory_unlock({LOCK})", [slot])

    def _is_there(self) -> bool:
        sql = "select plugin, database = current_database() as is_here from pg_replication_slots"
        rows = self._session.query(f"{sql} where slot_name = $1", [self.name]).rows
        if rows and (rows[0]["plugin"] != "pgoutput" or not rows[0]["is_here"]):
            raise ValueError(
                f"the slot {self.name!r} is not one of the output plugin pgoutput in this database"
            )
        return bool(rows)

    def _create(self) -> None:
        self._session.query(
            "select pg_create_logical_replication_slot($1, 'pgoutput', $2)",
            [self.name, self.is_temporary],
        )

    def _unpublish(self) -> None:
        """Undo what _publish has done, in spite of a task that is cancelled, and so cancels again
        and again whatever runs.
        """
        while True:
            try:
                self.end()
                return
            except DatabaseError as error:
                if error.sqlstate != "57014":
                    raise

    def _log_end(self) -> int:
        answer = self._session._conversation.text.run("select pg_current_wal_flush_lsn()")
        ((text,),) = answer.rows([_rows.TEXT])
        return position(text)

    def _write_down(self, end: int) -> None:
        if self._may_write_down and end - self._written_down > STANDBY_SNAPSHOT_BYTES:
            self._session.exec("select pg_log_standby_snapshot()")
            self._written_down = end

    def _rows(self, sql: str, *parameters: str) -> list[tuple[str, bytes]]:
        """Run a statement that returns a text and bytes, whatever converters the user has."""
        text = self._session._conversation.text
        text.prepare(sql)
        return text.execute(sql, parameters).rows([_rows.TEXT, _rows.BYTES])


def _error(sqlstate: str, message: str, hint: str | None = None) -> DatabaseError:
    fields = {"S": "ERROR", "V": "ERROR", "C": sqlstate, "M": message}
    return DatabaseError(fields if hint is None else {**fields, "H": hint}, "")

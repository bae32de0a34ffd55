"""Every way in which statements come to the disk, and what must be true afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from pglite_native import EngineError, EngineMemoryError, Session
from tests import wire

SETTINGS = {"max_prepared_transactions": "4", "autovacuum": "off"}
SETUP = "create table log(row int primary key); create extension amcheck"


class Step(NamedTuple):
    """Statements of a session; one adds `row` to the log, in the transaction of the rest."""

    sql: str
    session: int = 0
    copied: bytes = b""  # what COPY is given


COPIED = b"".join(b"%d\t%s\n" % (n, b"c" * 200) for n in range(300))

STEPS = (
    Step("insert into log values ({row})"),
    Step(
        "create table a as select n, md5(n::text) as s from generate_series(1, 300) n;"
        " insert into log values ({row})"
    ),
    Step("insert into log values ({row}); checkpoint"),
    Step(
        "begin; create index a_s on a (s); alter table a add primary key (n);"
        " insert into log values ({row}); commit"
    ),
    Step("begin; update a set s = repeat(s, 100); insert into log values ({row}); commit", 1),
    Step(
        "begin; insert into log values ({row}); savepoint x; insert into a values (-1, 'x');"
        " create table gone as select 1; rollback to x; insert into a values (-2, 'x'); commit"
    ),
    Step("copy a from stdin", 1, COPIED.replace(b"\t", b"1000\t")),
    Step(
        "create table toasted as select string_agg(md5(n::text), '') as s"
        " from generate_series(1, 5000) n; insert into log values ({row})",
        1,
    ),
    Step("select sum(length(s)) from toasted"),
    Step(
        "begin; insert into log values ({row}); create table two as select 2 as n;"
        " prepare transaction 'two'"
    ),
    Step("checkpoint", 1),
    Step("commit prepared 'two'"),
    Step(
        "set work_mem = '64kB'; select count(*) from (select md5(n::text) from"
        " generate_series(1, 3000) n order by 1) s; reset work_mem"
    ),
    Step(
        "begin; create temp table t on commit drop as select n from generate_series(1, 500) n;"
        " create index on t (n); insert into log values ({row}); commit"
    ),
    Step("select lo_from_bytea(4711, repeat('x', 5000)::bytea)", 1),
    Step("vacuum (analyze, freeze) a"),
    Step("insert into log values ({row}); checkpoint", 1),
    Step("vacuum full a"),
    Step("reindex table a", 1),
    Step(
        "begin; truncate a; insert into a values (1, 'x'); insert into log values ({row}); commit"
    ),
    Step("begin; alter table a rename to b; drop table two; insert into log values ({row}); abort"),
    Step("select pg_switch_wal(); insert into log values ({row})"),
    Step("alter system set log_statement = 'none'"),
    Step("begin; drop table toasted, two; insert into log values ({row}); commit", 1),
    Step("select lo_unlink(4711)"),
    Step("drop table a; insert into log values ({row}); checkpoint"),
)

INTERESTING = "(c.oid >= 16384 or relname like 'pg_class%' or relname like 'pg_attribute%')"

CLEANUP = (
    "rollback",
    "drop table if exists a, b, gone, toasted, two",
    "select lo_unlink(oid) from pg_largeobject_metadata",
    "truncate log",
    "reset work_mem",
)


class Answers(Protocol):
    """A session of ours, or of a native server's."""

    def ask(self, message: bytes) -> bytes:
        """Return the answer to its end; raise Lost where the session has failed."""


class Lost(Exception):
    """The session has failed, and what it said."""


class SqlError(Exception):
    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(f"{fields['V']} {fields['C']}: {fields['M']}")
        self.sqlstate = fields["C"]
        self.panics = fields["V"] == "PANIC"


Row = tuple[str | None, ...]


def run(session: Answers, sql: str, copied: bytes = b"") -> list[Row]:
    message = wire.query(sql)
    if copied:
        message += wire.copy_data(copied) + wire.copy_done()
    reply = session.ask(message)
    for fields in wire.errors(reply):
        raise SqlError(fields)
    return [tuple(v if v is None else v.decode() for v in row) for row in wire.rows(reply)]


@dataclass
class Progress:
    """What became of the steps: of those in doubt an error was told."""

    committed: set[int] = field(default_factory=set)
    in_doubt: set[int] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    lost: str = ""  # a session's last words

    def note(self, row: int | None, error: SqlError | Lost) -> None:
        if isinstance(error, Lost) or error.panics:
            self.lost = str(error)
        else:
            self.errors.append(str(error))
        if row is not None:
            self.in_doubt.add(row)


def play(sessions: Sequence[Answers], progress: Progress, lift: Callable[[], None]) -> None:
    """Run the steps up to the first that fails, and lift the fault then."""
    for row, step in enumerate(STEPS):
        adds = "{row}" in step.sql
        try:
            run(sessions[step.session % len(sessions)], step.sql.format(row=row), step.copied)
        except (SqlError, Lost) as error:
            lift()
            progress.note(row if adds else None, error)
            return
        if adds and not step.sql.endswith("abort"):
            progress.committed.add(row)


def settle(sessions: Sequence[Answers]) -> None:
    """End what an error has left open, two-phase transactions too."""
    for session in sessions:
        run(session, "rollback")
        run(session, "reset work_mem")
    for (name,) in run(sessions[0], "select gid from pg_prepared_xacts"):
        run(sessions[0], f"commit prepared '{name}'")


def check(sessions: Sequence[Answers], progress: Progress) -> None:
    """What was acknowledged is there; nothing is there in part, or damaged; and it can be used."""
    session = sessions[0]
    rows = {int(row or 0) for (row,) in run(session, "select row from log")}
    assert rows >= progress.committed, f"lost: {progress.committed - rows}"
    assert rows <= progress.committed | progress.in_doubt, f"came back: {rows}"
    damaged = run(
        session,
        "select relname, msg from pg_class c, lateral verify_heapam(c.oid)"
        f" where relkind in ('r', 't') and relpersistence = 'p' and {INTERESTING}",
    )
    assert not damaged, damaged
    run(
        session,
        "select bt_index_check(c.oid, true) from pg_class c join pg_am m on m.oid = c.relam"
        " join pg_index i on i.indexrelid = c.oid"
        f" where amname = 'btree' and relpersistence = 'p' and indisvalid and {INTERESTING}",
    )
    run(sessions[-1], "create table new as select 1; insert into log values (-1)")
    run(sessions[-1], "drop table new; delete from log where row = -1")


def clean(sessions: Sequence[Answers]) -> None:
    for sql in CLEANUP:
        run(sessions[0], sql)


class Ours:
    """A session of the engine."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def ask(self, message: bytes) -> bytes:
        try:
            return self._session.exec_protocol_raw(message)
        except EngineMemoryError as error:  # the answer is lost, and the session has to live on
            raise SqlError({"V": "ERROR", "C": "53200", "M": str(error)}) from error
        except EngineError as error:
            raise Lost(f"{type(error).__name__}: {error}") from error

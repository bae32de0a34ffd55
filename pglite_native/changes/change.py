"""Committed changes as the user gets them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Operation = Literal["insert", "update", "delete", "truncate", "message"]


@dataclass(frozen=True)
class Change:
    """One committed change of a row, a TRUNCATE of one table, or a logical message.

    Values are Python's, by the converters of the database that was asked.

    Attributes:
        operation: "insert", "update", "delete", "truncate" or "message".
        schema: the table's; None of a message.
        table: its name; None of a message.
        old: the row before. Of an update it is there if the table has REPLICA IDENTITY FULL (all
            columns), or if the key has changed (the key's columns). Of a delete: the key's columns,
            or with FULL all.
        new: the row after. UNCHANGED stands for a large value that PostgreSQL stores out of line
            and the update did not touch; with FULL it is the value.
        xid: the transaction's number; None of a message that belongs to none.
        lsn: its position in the write-ahead log, as pg_lsn writes it.
        commit_time: when the transaction was committed, in UTC; None as xid.
        origin: the name of the replication origin, if the transaction has one.
        prefix: of a message, which pg_logical_emit_message wrote.
        content: of a message.
    """

    operation: Operation
    schema: str | None
    table: str | None
    old: dict[str, Any] | None
    new: dict[str, Any] | None
    xid: int | None
    lsn: str
    commit_time: datetime | None
    origin: str | None = None
    prefix: str | None = None
    content: bytes | None = None


@dataclass(frozen=True)
class CommittedTransaction:
    """The changes of one transaction, in order; a message that belongs to none is alone in one.

    `lsn` is the end of its commit: where a slot is that has confirmed it.
    """

    xid: int | None
    lsn: str
    commit_time: datetime | None
    origin: str | None
    changes: tuple[Change, ...]

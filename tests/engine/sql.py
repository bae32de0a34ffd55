"""SQL through a session's wire: what the tests that are not about the protocol talk in."""

from __future__ import annotations

from pglite_native import Session
from tests import wire

Row = tuple[str | None, ...]


class SqlError(Exception):
    """An ErrorResponse: its SQLSTATE, severity and message."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(f"{fields['S']} {fields['C']}: {fields['M']}")
        self.sqlstate = fields["C"]
        self.severity = fields["V"]


def run(session: Session, sql: str) -> list[Row]:
    """Run one or more statements; return all their rows, values as text."""
    reply = session.exec_protocol_raw(wire.query(sql))
    for fields in wire.errors(reply):
        raise SqlError(fields)
    return [tuple(v if v is None else v.decode() for v in row) for row in wire.rows(reply)]


def value(session: Session, sql: str) -> str | None:
    """Return the one value that a query gives."""
    ((result,),) = run(session, sql)
    return result


def sqlstate(session: Session, sql: str) -> str:
    """Return the SQLSTATE a statement fails with; "00000" when it doesn't."""
    try:
        run(session, sql)
    except SqlError as error:
        return error.sqlstate
    return "00000"

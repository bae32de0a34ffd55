"""Where the engine's answer may differ from native PostgreSQL's, by name and with the reason.

Everything else is compared byte for byte. What may differ in the whole corpus is set aside on
both sides before comparing, by one function each below. What differs in one case is in DIFFERING;
such a case is still run and has to differ, so an entry that has become untrue fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from tests import wire

FIRST_COUNTED_OID = 12000  # FirstUnpinnedObjectId, access/transam.h


def comparable(answers: Iterable[bytes], greeting: Mapping[str, str]) -> list[list[wire.Message]]:
    """One side's answers to a case, split into messages, without what may differ everywhere.

    `greeting` has the parameters as the session began with them.
    """
    oids = _Oids()
    parameters = _Parameters(greeting)
    return [
        [
            _without_minor_version(_without_pid(_without_source_place(oids.renumber(item))))
            for item in wire.split(answer)
            if parameters.is_news(item)
        ]
        for answer in answers
    ]


def _without_source_place(item: wire.Message) -> wire.Message:
    """error-source-place: PGlite patches some of PostgreSQL's files, which moves the line numbers
    (field L) below, and cuts PostgresMain (field R) into parts. Files (F) and other functions stay.
    """
    if item.kind not in ("E", "N"):
        return item
    payload = re.sub(rb"\0L\d+\0", b"\0L\0", item.payload)
    return wire.Message(item.kind, re.sub(rb"\0RPostgresMain\w+\0", b"\0RPostgresMain\0", payload))


def _without_pid(item: wire.Message) -> wire.Message:
    """backend-pid: the first field of NotificationResponse and of BackendKeyData; there a random
    key follows it.
    """
    if item.kind == "A":
        return wire.Message("A", bytes(4) + item.payload[4:])
    if item.kind == "K":
        return wire.Message("K", bytes(len(item.payload)))
    return item


def _without_minor_version(item: wire.Message) -> wire.Message:
    """minor-version: the guest is 18.7, and the newest native server to be had 18.6."""
    return item._replace(payload=re.sub(rb"^(server_version\x0018)\.\d+", rb"\1", item.payload))


class _Parameters:
    """repeated-parameter: PGlite's start sends the ParameterStatus messages without noting what it
    has sent, so each parameter is told once more at the first occasion. Only news is compared.
    """

    def __init__(self, greeting: Mapping[str, str]) -> None:
        self._known = dict(greeting)

    def is_news(self, item: wire.Message) -> bool:
        if item.kind != "S":
            return True
        ((name, value),) = wire.parameters(item.encode()).items()
        news = self._known.get(name) != value
        self._known[name] = value
        return news


class _Oids:
    """counted-oid: OIDs above those that the catalog's source fixes come from a counter. How far it
    has come depends on what initdb found (the locales, say) and on what the cluster has seen. They
    are renumbered in the order in which a case shows them, so that equal ones stay equal.
    """

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}

    def renumber(self, item: wire.Message) -> wire.Message:
        if item.kind == "T":
            fields = [
                field._replace(table=self._number(field.table), type=self._number(field.type))
                for field in wire.columns(item.payload)
            ]
            return wire.Message("T", wire.encode_columns(fields))
        if item.kind == "t":
            types = [self._number(oid) for oid in wire.decode(item)[1:]]
            return wire.Message("t", wire.encode_parameter_types(types))
        return item

    def _number(self, oid: int) -> int:
        if oid < FIRST_COUNTED_OID:
            return oid
        return self._seen.setdefault(oid, FIRST_COUNTED_OID + len(self._seen))


_WORD = "word-size: the guest is a 32-bit program, and the limit in the message follows from that"
_LATER = "later: the guest is PostgreSQL 18.7, and the native server 18.6 (docs/CONFORMANCE.md)"
_LIBC = "libc: the guest's C library is musl, with its own locale names and case mappings"

DIFFERING: dict[str, str] = {
    "collections/array-too-large": _WORD,
    "copy/in-on-error-ignore": _LATER,
    "session/settings-catalog": _LATER,
    "session/settings-limit-of-memory": _WORD,
    "text/case-conversion-of-sharp-s": _LIBC,
    "text/collation-of-unknown-locale": _LIBC,
    "session/database-locale": _LIBC,
    "session/version": "version: names the compiler and the platform",
}

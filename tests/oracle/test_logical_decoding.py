"""pgoutput writes what it writes in native PostgreSQL: csrc/replication has the half of it.

What differs from one cluster to the next is taken out: positions in the log, times, transactions'
numbers and tables' OIDs.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

import pytest

from pglite_native import Engine
from tests import wire
from tests.oracle.native import NativeServer

SETTINGS = {
    "wal_level": "logical",
    "max_prepared_transactions": "5",
    "max_replication_slots": "20",
    # Each change of a transaction at once, where streaming is on: no matter how large it is.
    "debug_logical_replication_streaming": "immediate",
}

TABLES = """
create type mood as enum ('sad', 'happy');
create domain positive as int check (value > 0);
create schema other;
create table plain (id int primary key, word text, amount numeric(10, 2));
create table typed (
    id int primary key, m mood, p positive, at timestamptz, b bytea, j jsonb, a int[], f float8,
    u uuid, i interval, n name
);
create table large (id int primary key, content text, note text);
alter table large alter content set storage external;
create table whole (a int, b text);
alter table whole replica identity full;
create table by_index (a int not null, b text not null, c int);
create unique index by_index_key on by_index (b, a) include (c);
alter table by_index replica identity using index by_index_key;
create table keyless (a int);
create table made (id int primary key, twice int generated always as (id * 2) stored);
create table columns (id int primary key, seen text, hidden text);
create table filtered (id int, v int, primary key (id, v));
create table parent (id int, v text, primary key (id)) partition by range (id);
create table child (v text, id int not null);
alter table parent attach partition child for values from (0) to (100);
create table other.elsewhere (id serial primary key, "odd ""name" varchar(7));
create table dropped (gone int, id int primary key, kept text);
alter table dropped drop gone;
create table unpublished (id int);
create publication p for table plain, typed, large, whole, by_index, columns (id, seen), dropped,
    filtered where (v > 5);
create publication q for tables in schema other;
create publication everything for all tables with (publish_via_partition_root = true,
    publish_generated_columns = stored);
create publication inserts for table plain, parent with (publish = 'insert, truncate');
"""

CHANGES = """
insert into plain values (1, 'ä', 1.5), (2, null, null);
update plain set word = 'w' where id = 1;
update plain set id = 3 where id = 2;
delete from plain where id = 3;
insert into typed values (1, 'happy', 7, '2020-01-02 03:04:05+00', '\\x00ff', '{"a": [1]}',
    '{1,null}', 1.5, '00000000-0000-0000-0000-00000000000a', '1 day 02:03:04', 'n');
insert into large values (1, repeat('x', 5000), 'first');
update large set note = 'second';
update large set content = 'short';
insert into whole values (1, null), (2, 'b');
update whole set b = 'c' where a = 1;
delete from whole where a = 2;
insert into by_index values (1, 'x', 1);
update by_index set c = 2;
update by_index set b = 'y';
delete from by_index;
insert into keyless values (1);
insert into made values (21);
insert into columns values (1, 'seen', 'hidden');
update columns set hidden = 'more';
insert into filtered values (1, 1), (2, 10);
update filtered set v = v + 5;
delete from filtered;
insert into parent values (5, 'five');
update parent set v = 'six';
insert into other.elsewhere ("odd ""name") values ('one');
insert into dropped values (1, 'kept');
insert into unpublished values (1);
begin; insert into plain values (10, 'a', 1); insert into plain values (11, 'b', 2); commit;
begin; insert into plain values (12, 'c', 3); rollback;
begin; insert into plain values (13, 'd', 4); savepoint s; insert into plain values (14, 'e', 5);
    rollback to s; insert into plain values (15, 'f', 6); commit;
truncate plain, whole cascade;
truncate other.elsewhere restart identity;
alter table plain add more date default '2021-02-03';
insert into plain values (20, 'g', 7);
select pg_logical_emit_message(true, 'prefix', 'transactional');
select pg_logical_emit_message(false, 'prefix', 'at once');
begin; insert into plain values (30, 'h', 8); prepare transaction 'one';
commit prepared 'one';
begin; insert into plain values (31, 'i', 9); prepare transaction 'two';
rollback prepared 'two';
select pg_replication_origin_create('an origin');
select pg_replication_origin_session_setup('an origin');
begin; insert into plain values (40, 'j', 10);
select pg_replication_origin_xact_setup('0/ABCDEF', '2020-01-01'); commit;
select pg_replication_origin_session_reset();
"""

OPTIONS = {
    "first": "'proto_version', '1', 'publication_names', 'p,q'",
    "everything": "'proto_version', '4', 'publication_names', 'everything', 'messages', 'true'",
    "binary": "'proto_version', '1', 'publication_names', 'p,q', 'binary', 'true'",
    "inserts": "'proto_version', '1', 'publication_names', 'inserts', 'origin', 'any'",
    "streamed": "'proto_version', '2', 'publication_names', 'everything', 'streaming', 'on'",
    "parallel": "'proto_version', '4', 'publication_names', 'p', 'streaming', 'parallel'",
    "two_phase": "'proto_version', '3', 'publication_names', 'p', 'two_phase', 'on'",
    "both": "'proto_version', '4', 'publication_names', 'p', 'two_phase', 'on', 'streaming', 'on'",
    "without_origin": "'proto_version', '4', 'publication_names', 'p', 'origin', 'none'",
    # Refused.
    "versionless": "'publication_names', 'p'",
    "nameless": "'proto_version', '1'",
    "newer": "'proto_version', '9', 'publication_names', 'p'",
    "early": "'proto_version', '1', 'publication_names', 'p', 'streaming', 'on'",
    "unknown": "'proto_version', '1', 'publication_names', 'p', 'nonsense', 'on'",
    "no_such": "'proto_version', '1', 'publication_names', 'nowhere'",
}

Exchange = Callable[[bytes], bytes]


def changes(exchange: Exchange, name: str) -> list[bytes | str]:
    """What a slot of its own gives, and before it warnings or the error."""
    options = OPTIONS[name]
    answer = exchange(
        wire.query(
            f"select data from pg_logical_slot_peek_binary_changes('{name}', null, null, {options})"
        )
    )
    reports = [wire.report(payload) for kind, payload in wire.split(answer) if kind in "EN"]
    said: list[bytes | str] = [f"{report['C']} {report['M']}" for report in reports]
    found = []
    for (text,) in wire.rows(answer):
        assert text is not None
        found.append(bytes.fromhex(text.decode()[2:]))
    return [*said, *Comparable().messages(found)]


class Comparable:
    """Messages without what differs from one cluster to the next."""

    def __init__(self) -> None:
        self._tables: dict[bytes, bytes] = {}
        self._in_stream = False

    def messages(self, found: list[bytes]) -> Iterator[bytes]:
        for message in found:
            kind, rest = message[:1], message[1:]
            if kind in b"SE":
                self._in_stream = kind == b"S"
            elif self._in_stream and kind in b"IUDTRYM":
                rest = rest[4:]  # xid
            yield kind + self._stripped(kind, rest)

    def _stripped(self, kind: bytes, rest: bytes) -> bytes:
        if kind in b"IUDR":
            return self._table(rest[:4]) + rest[4:]
        if kind == b"T":
            (count,) = struct.unpack_from("!I", rest)
            tables = [rest[at : at + 4] for at in range(5, 5 + 4 * count, 4)]
            return rest[:5] + b"".join(map(self._table, tables)) + rest[5 + 4 * count :]
        if kind == b"Y":
            return rest[4:]
        if kind == b"M":
            return rest[:1] + rest[9:]
        # Flags, positions, times and xids; a name at the end, where there is one.
        sizes = {b"B": 20, b"C": 25, b"b": 28, b"P": 29, b"K": 29, b"r": 37, b"p": 29, b"c": 29}
        sizes |= {b"S": 4, b"E": 0, b"A": len(rest), b"O": 0}
        size = sizes[kind]
        assert len(rest) >= size
        return struct.pack("!I", size) + rest[size:]

    def _table(self, oid: bytes) -> bytes:
        return self._tables.setdefault(oid, b"table %d " % len(self._tables))


def prepare(exchange: Exchange) -> None:
    for script in (TABLES, *SLOTS, CHANGES):
        for statement in script.split(";\n"):
            answer = exchange(wire.query(statement))
            assert not wire.errors(answer), (statement, wire.errors(answer))


SLOTS = [
    f"select pg_create_logical_replication_slot('{name}', 'pgoutput', twophase =>"
    f" {'two_phase' in options})"
    for name, options in OPTIONS.items()
]


@pytest.fixture(scope="module")
def native() -> Iterator[Exchange]:
    with NativeServer(settings=SETTINGS) as server:
        session = server.connect()

        def exchange(data: bytes) -> bytes:
            return session.exchange(data, "Z")

        prepare(exchange)
        yield exchange
        session.close()


@pytest.fixture(scope="module")
def engine() -> Iterator[Exchange]:
    with Engine(settings=SETTINGS) as engine:
        prepare(engine.exec_protocol_raw)
        yield engine.exec_protocol_raw


@pytest.mark.parametrize("name", OPTIONS)
def test_changes_are_native_postgresql_s(engine: Exchange, native: Exchange, name: str) -> None:
    expected = changes(native, name)
    assert expected
    assert changes(engine, name) == expected

"""examples/workerd: PostgreSQL where no code may be generated, by the seed's handshake."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import wire, workerd
from tests.workerd import Served

MIB = 1 << 20
ISOLATE_BYTES = 128 * MIB  # what Cloudflare gives one
WAL_BYTES = 24 * MIB  # a checkpoint comes with every 16 MiB written

GENERATING_CODE = """
const attempt = (work) => { try { work(); return 'made' } catch (error) { return error.message } }
export default {
  fetch: () => Response.json([
    attempt(() => new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))),
    attempt(() => new Function('return 1')),
  ]),
}
"""
CONFIG = """
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    compatibilityDate = "2026-11-01",
    modules = [(name = "worker.js", esModule = embed "worker.js")],
  ))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
"""


@pytest.fixture(scope="module", autouse=True)
def program() -> Path:
    try:
        return workerd.program()
    except workerd.Missing as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with workerd.serve(workerd.build(tmp_path_factory.mktemp("workerd") / "example")) as served:
        yield served


def test_there_no_code_may_be_generated(tmp_path: Path) -> None:
    config = tmp_path / "config.capnp"
    config.write_text(CONFIG, encoding="utf-8")
    (tmp_path / "worker.js").write_text(GENERATING_CODE, encoding="utf-8")
    with workerd.serve(config) as served:
        _, body = served.ask("/")
    for message in json.loads(body):
        assert "ode generation" in message, message


def test_a_query_is_answered(server: Served) -> None:
    answer = server.sql("select 1 as one, null as nothing, 'héllo'; select 2 where false")
    assert answer == {
        "results": [
            {
                "command": "SELECT 1",
                "columns": ["one", "nothing", "?column?"],
                "rows": [["1", None, "héllo"]],
            },
            {"command": "SELECT 0", "columns": ["?column?"], "rows": []},
        ]
    }


def test_tables_stay_from_one_request_to_the_next(server: Served) -> None:
    server.rows("create table stays (id int primary key, name text)")
    server.rows("insert into stays select n, 'name ' || n from generate_series(1, 1000) n")
    assert server.rows("select count(*), max(name) from stays where id > 990") == [
        ["10", "name 999"]
    ]


def test_an_error_has_its_sqlstate_and_the_session_goes_on(server: Served) -> None:
    answer = server.sql("select 1; select 1/0; select 2")
    assert answer["error"] == {
        "severity": "ERROR",
        "sqlstate": "22012",
        "message": "division by zero",
    }
    assert server.rows("select 3") == [["3"]]


def test_errors_are_caught_inside_functions(server: Served) -> None:
    """By longjmp through frames of a side module."""
    server.rows(
        "create function caught() returns text language plpgsql as $$ begin"
        " perform 1/0; exception when division_by_zero then return sqlerrm; end $$"
    )
    assert server.rows("select caught()") == [["division by zero"]]


def test_an_extension_is_there_without_loading_code(server: Served) -> None:
    server.rows("create extension vector")
    assert server.rows("select '[1,2,3]'::vector <-> '[1,2,5]'") == [["2"]]


def test_a_reply_larger_than_the_buffer_comes_in_pieces(server: Served) -> None:
    ((value,),) = server.rows(
        f"select string_agg(n::text, ',') from generate_series(1, {MIB // 6}) n"
    )
    assert value == ",".join(map(str, range(1, MIB // 6 + 1)))
    assert len(value) > MIB


def test_a_parameter_larger_than_the_buffer_goes_in_pieces(server: Served) -> None:
    value = hashlib.sha256(b"").hexdigest() * (MIB // 64)
    reply = server.protocol(
        wire.parse("", "select length($1), md5($1)", [25])
        + wire.bind("", "", [value])
        + wire.execute()
        + wire.sync()
    )
    digest = hashlib.md5(value.encode()).hexdigest()
    assert wire.rows(reply) == [(b"%d" % MIB, digest.encode())]


def test_copy_takes_its_data_from_the_request(server: Served) -> None:
    server.rows("create table copied (n int, filler text)")
    lines = b"".join(b"%d\t%s\n" % (n, b"x" * 90) for n in range(20_000))
    reply = server.protocol(
        wire.query("copy copied from stdin") + wire.copy_data(lines) + wire.copy_done()
    )
    assert b"COPY 20000" in reply
    assert server.rows("select count(*), sum(n) from copied") == [["20000", "199990000"]]


def test_copy_without_an_end_fails_and_the_session_goes_on(server: Served) -> None:
    server.rows("create table half (n int)")
    reply = server.protocol(wire.query("copy half from stdin") + wire.copy_data(b"1\n"))
    (error,) = wire.errors(reply)
    assert error["C"] == "57014"
    assert "the request ends within COPY" in error["M"]
    assert server.rows("select count(*) from half") == [["0"]]


@pytest.mark.parametrize(
    "messages",
    [
        wire.query("select 1")[:-1],
        wire.query("select 1") + b"Q",
        b"Q\0\0\0\3",
        b"Q\xff\xff\xff\xff",
        wire.message("!"),
        wire.terminate(),
    ],
    ids=["cut off", "a type alone", "shorter than its length", "negative", "no type", "Terminate"],
)
def test_a_malformed_request_is_refused_and_the_session_goes_on(
    server: Served, messages: bytes
) -> None:
    server.rows("create table if not exists before_malformed ()")
    status, body = server.ask("/protocol", messages)
    assert status == 400
    assert b"message" in body
    assert server.rows("select count(*) from before_malformed") == [["0"]]


def test_nothing_sleeps(server: Served) -> None:
    assert server.sql("select pg_sleep(3600)")["error"]["sqlstate"] == "57014"
    assert server.rows("select 1") == [["1"]]


def test_recursion_without_end_is_an_error(server: Served) -> None:
    server.rows(
        "create function deeper(n int) returns int language plpgsql as"
        " $$ begin return deeper(n + 1); end $$"
    )
    for sql in ("select deeper(1)", f"select {'1 + ' * 30_000} 1"):
        assert server.sql(sql)["error"]["sqlstate"] == "54001"
    assert server.rows("select 1") == [["1"]]


def test_memory_stays_within_an_isolate(server: Served) -> None:
    server.rows("create table written (n int, filler text)")
    for _ in range(10):
        server.rows(
            "insert into written select n, repeat('x', 500) from generate_series(1, 10000) n"
        )
        server.rows("truncate written")
    ((wal,),) = server.rows("select sum(size) from pg_ls_waldir()")
    assert int(wal) < WAL_BYTES
    _, body = server.ask("/")
    assert sum(json.loads(body).values()) < ISOLATE_BYTES


def test_after_a_session_has_ended_what_it_has_committed_is_there(server: Served) -> None:
    server.rows("create table kept as select n from generate_series(1, 1000) n")
    endings = [
        "select pg_terminate_backend(pg_backend_pid())",
        "select 'a' ~ repeat('(', 100000)",  # uses up V8's stack, which nothing in PostgreSQL sees
    ]
    for sql in endings:
        status, body = server.ask("/sql", f"begin; drop table kept; {sql}")
        assert status == 500
        assert b"the session has ended" in body
        assert server.rows("select count(*), sum(n) from kept") == [["1000", "500500"]]

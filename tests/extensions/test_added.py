"""Extensions that were added, in each way they can run: with their functions compiled, interpreted
beside the compiled guest, and all on wasm3. Adding itself is tested in tests/cli.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pglite_native import Engine, PGlite, extensions
from pglite_native.engine import guest
from tests.engine.sql import run, sqlstate, value
from tests.extensions.packages import package
from tools import ROOT

pytestmark = pytest.mark.long

WAYS = {"compiled": "aot", "interpreted": "aot", "wasm3": "wasm3"}
COMPILED = (guest.packaged() / guest.LIBRARY).exists()


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders to which pg_ivm and AGE were added, made when they are first asked for."""
    return _Homes(tmp_path_factory)


class _Homes(dict[str, Path]):
    def __init__(self, factory: pytest.TempPathFactory) -> None:
        self._factory = factory

    def __missing__(self, way: str) -> Path:
        home = self._factory.mktemp(way)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PGLITE_NATIVE_HOME", str(home))
            patch.delenv(guest.TIER_VARIABLE, raising=False)
            for name in ("pg_ivm", "age"):
                extensions.add(package(name), compile=way == "compiled")
        self[way] = home
        return home


@pytest.fixture(params=WAYS)
def way(
    request: pytest.FixtureRequest, homes: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> str:
    """Use one of them by this way."""
    way: str = request.param
    if WAYS[way] == "aot" and not COMPILED:
        pytest.skip("not compiled: make aot")
    monkeypatch.setenv("PGLITE_NATIVE_HOME", str(homes[way]))
    monkeypatch.setenv(guest.TIER_VARIABLE, WAYS[way])
    return way


SALES = """
create extension pg_ivm;
create table sale (item text, amount int);
insert into sale values ('pen', 1), ('ink', 2), ('pen', 3);
select pgivm.create_immv('total',
    'select item, sum(amount) as amount, count(*) as n from sale group by item')"""
TOTAL = "select item, amount from total order by item"

GRAPH = """
create extension age;
set search_path = ag_catalog, public;
select create_graph('people');
select * from cypher('people', $$
    create (:Person {name: 'Ann'})-[:KNOWS {since: 1815}]->(:Person {name: 'Bob'})
    $$) as (a agtype)"""


ENDLESS = "unwind range(1, 20000) as a unwind range(1, 20000) as b return sum(a * b)"


def cypher(query: str, columns: str = "a agtype") -> str:
    return f"select * from cypher('people', $$ {query} $$) as ({columns})"


def test_how_it_runs_is_told(way: str) -> None:
    runtime = guest.runtime()
    assert runtime.tier == WAYS[way]
    assert runtime.added_tier == ("aot" if way == "compiled" else "wasm3")
    reason = extensions.why_interpreted()
    assert (reason is None) == (way == "compiled")


def test_views_are_maintained(way: str) -> None:
    with Engine() as engine:
        run(engine, SALES)
        assert run(engine, TOTAL) == [("ink", "2"), ("pen", "4")]
        run(engine, "insert into sale values ('ink', 40), ('cap', 7)")
        run(engine, "delete from sale where item = 'pen' and amount = 1")
        run(engine, "update sale set amount = 8 where item = 'cap'")
        assert run(engine, TOTAL) == [("cap", "8"), ("ink", "42"), ("pen", "3")]
        run(engine, "insert into sale select 'many', n from generate_series(1, 1000) n")
        assert value(engine, "select amount from total where item = 'many'") == "500500"


def test_graphs_are_queried(way: str) -> None:
    with Engine() as engine:
        run(engine, GRAPH)
        match = "match (a)-[k:KNOWS]->(b) return a.name, k.since + 1, b.name"
        found = run(engine, cypher(match, "a agtype, s agtype, b agtype"))
        assert found == [('"Ann"', "1816", '"Bob"')]
        run(engine, cypher("unwind range(1, 300) as n create (:Number {n: n, half: n / 2.0})"))
        sums = "match (n:Number) return sum(n.half), avg(n.n), count(*)"
        assert run(engine, cypher(sums, "s agtype, a agtype, c agtype")) == [
            ("22575.0", "150.5", "300")
        ]


def test_bundled_ones_are_there_as_well(way: str) -> None:
    with Engine() as engine:
        run(engine, "create extension vector; create extension pgcrypto; create extension hstore")
        assert value(engine, "select '[1,2,3]'::vector <-> '[1,2,5]'") == "2"
        assert value(engine, "select encode(digest('a', 'md5'), 'hex')") == (
            "0cc175b9c0f1b6a831c399e269772661"
        )


def test_errors_leave_added_functions(way: str) -> None:
    """From the base through frames of the extension's, to the statement and to a block."""
    with Engine() as engine:
        run(engine, "create extension pg_ivm; create table t (a int); insert into t values (1)")
        run(engine, "select pgivm.create_immv('inverse', 'select a, 100 / a as b from t')")
        for _ in range(20):
            assert sqlstate(engine, "insert into t values (0)") == "22012"
        run(
            engine,
            "do $$ begin for n in 1 .. 50 loop"
            " begin insert into t values (0);"
            " exception when division_by_zero then insert into t values (n + 1); end;"
            " end loop; end $$",
        )
        assert value(engine, "select count(*) || ' ' || sum(b) from inverse") == "51 433"
        run(engine, GRAPH)
        assert sqlstate(engine, cypher("return 1 +")) == "42601"
        assert sqlstate(engine, cypher("return [1, 2] - 'a'")) != "00000"
        assert value(engine, cypher("return 42")) == "42"


def test_a_timeout_ends_added_functions(way: str) -> None:
    with Engine() as engine:
        run(engine, GRAPH)
        run(engine, "set statement_timeout = '200ms'")
        assert sqlstate(engine, cypher(ENDLESS)) == "57014"
        run(engine, "set statement_timeout = 0")
        assert value(engine, cypher("return 42")) == "42"


def test_cancel_ends_added_functions(way: str) -> None:
    with Engine() as engine:
        run(engine, GRAPH)
        begun = threading.Timer(0.3, engine.cancel)
        begun.start()
        assert sqlstate(engine, cypher(ENDLESS)) == "57014"


def test_an_error_many_calls_down(way: str) -> None:
    """A view is made, by the extension, of a function that makes a view of itself, and so on."""
    with Engine() as engine:
        run(engine, "create extension pg_ivm; create table t (a int); insert into t values (1)")
        run(
            engine,
            "create function again(n int) returns int immutable language plpgsql as $$ begin"
            " if n = 8 then return 1 / (n - 8); end if;"
            " perform pgivm.create_immv('public.v' || n,"
            " 'select a, public.again(' || n + 1 || ') as b from public.t');"
            " return n; end $$",
        )
        for _ in range(3):
            assert sqlstate(engine, "select again(1)") == "22012"
        assert value(engine, "select count(*) from pgivm.pg_ivm_immv") == "0"


def test_forks_and_snapshots(way: str, tmp_path: Path) -> None:
    with Engine() as engine:
        run(engine, SALES)
        run(engine, "prepare q as select amount from total where item = $1")
        snapshot = engine.snapshot()
        snapshot.save(tmp_path / "image")
        with engine.fork() as fork:
            run(fork, "insert into sale values ('ink', 40)")
            assert value(fork, "execute q('ink')") == "42"
        assert value(engine, "execute q('ink')") == "2"
        run(engine, "insert into sale values ('ink', 100)")
        engine.restore(snapshot)
        assert value(engine, "execute q('ink')") == "2"
    with Engine(image=tmp_path / "image") as engine:
        run(engine, "insert into sale values ('ink', 5)")
        assert value(engine, "execute q('ink')") == "7"


def test_sessions_wait_for_each_other_in_added_functions(way: str) -> None:
    """The second one's trigger locks the view, which the first one has changed."""
    with Engine() as engine:
        run(engine, SALES)
        with engine.open_session() as second:
            run(engine, "begin; insert into sale values ('ink', 40)")
            waiting = threading.Thread(
                target=run, args=(second, "insert into sale values ('ink', 500)")
            )
            waiting.start()
            blocked = "select count(*) from pg_locks where not granted"
            while value(engine, blocked) == "0":
                pass
            run(engine, "commit")
            waiting.join()
        assert run(engine, TOTAL) == [("ink", "542"), ("pen", "4")]


def test_a_durable_database(way: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Engine(data) as engine:
        run(engine, SALES)
    line = [sys.executable, "-m", "pglite_native", "sql", "--data-dir", str(data)]
    line += ["insert into sale values ('ink', 40); select amount from total where item = 'ink'"]
    printed = subprocess.run(line, check=True, capture_output=True, text=True).stdout
    assert "     42\n" in printed


def test_a_connection_of_a_server(way: str) -> None:
    pg8000 = pytest.importorskip("pg8000.native")
    with PGlite() as db:
        db.exec(SALES)
        with pg8000.Connection("postgres", unix_sock=_socket(db.dsn)) as connection:
            connection.run("insert into sale values ('ink', 40)")
            assert connection.run("select amount from total where item = 'ink'") == [[42]]


def _socket(dsn: str) -> str:
    (folder,) = (word[5:].strip("'") for word in dsn.split() if word.startswith("host="))
    return f"{folder}/.s.PGSQL.5432"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_child_of_fork(way: str) -> None:
    with Engine() as engine:
        run(engine, SALES)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with Engine() as engine:
                run(engine, SALES)
                run(engine, "insert into sale values ('ink', 40)")
                status = value(engine, "select amount from total where item = 'ink'") != "42"
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0


def test_the_plugin_s_option(
    way: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini("[pytest]\npglite_extensions = pg_ivm")
    pytester.makepyfile(
        """
        def test_it(pglite):
            assert pglite.query("select count(*) as n from pgivm.pg_ivm_immv").rows == [{"n": 0}]
        """
    )
    result = pytester.runpytest_subprocess("-ppglite_native.pytest_plugin")
    result.assert_outcomes(passed=1)


def test_an_image_of_one_way_goes_on_in_another(
    homes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not COMPILED:
        pytest.skip("not compiled: make aot")
    for of in WAYS:
        monkeypatch.setenv("PGLITE_NATIVE_HOME", str(homes[of]))
        monkeypatch.setenv(guest.TIER_VARIABLE, WAYS[of])
        with Engine() as engine:
            run(engine, SALES)
            engine.snapshot().save(tmp_path / of)
        for on in WAYS:
            monkeypatch.setenv("PGLITE_NATIVE_HOME", str(homes[on]))
            monkeypatch.setenv(guest.TIER_VARIABLE, WAYS[on])
            with Engine(image=tmp_path / of) as engine:
                run(engine, "insert into sale values ('ink', 40)")
                assert value(engine, "select amount from total where item = 'ink'") == "42"

"""What needs no file: a database in memory, its copies, and a server."""

from pglite_native import Engine
from pglite_native.server import Server
from tests.engine.sql import run, value

with Engine() as engine, engine.open_session() as other:
    run(engine, "create extension vector; create table t as select '[1,2]'::vector as v")
    assert value(other, "select count(*) from t") == "1"
    with engine.fork() as fork:
        run(fork, "drop table t")
    before = engine.snapshot()
    run(engine, "drop table t")
    engine.restore(before)
    run(engine, "set work_mem = '64kB'")  # what is sorted goes to a temporary file
    assert value(
        engine, "select max(n) from (select n from generate_series(1, 99999) n order by -n)"
    )
    with Server(engine, host="127.0.0.1", trust=True):
        print("ok")

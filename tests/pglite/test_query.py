"""query, exec and describe_query: what they return, and what they raise."""

from __future__ import annotations

import datetime
import logging
import pickle
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pglite_native import (
    DatabaseError,
    Engine,
    EngineClosed,
    Field,
    Notice,
    PGlite,
    PGliteError,
    Results,
)
from tests import wire

INT4, TEXT, VARCHAR, DATE = 23, 25, 1043, 1082


def test_rows_are_dicts(db: PGlite) -> None:
    assert db.query("select 1 as a, 'x'::text as b, null::int as c") == Results(
        [{"a": 1, "b": "x", "c": None}],
        [Field("a", INT4), Field("b", TEXT), Field("c", INT4)],
        affected_rows=0,
        command="SELECT",
        row_count=1,
    )


def test_rows_are_tuples_if_wanted(db: PGlite) -> None:
    """Then columns of one name do not hide each other."""
    assert db.query("select 1 as a, 2 as a", row_mode="array").rows == [(1, 2)]
    assert db.query("select 1 as a, 2 as a").rows == [{"a": 1, "a_2": 2}]
    with pytest.raises(ValueError, match="row_mode"):
        db.query("select 1", row_mode="list")  # type: ignore[call-overload]


def test_parameters_have_the_types_the_statement_gives_them(db: PGlite) -> None:
    sql = "select $1::int + 1 as i, $2 || 'b' as t, $3::bool as b, $4::int as n"
    assert db.query(sql, [41, "a", True, None]).rows == [{"i": 42, "t": "ab", "b": True, "n": None}]


def test_rows_may_have_no_columns_and_results_no_rows(db: PGlite) -> None:
    assert db.query("select", row_mode="array").rows == [()]
    empty = db.query("select 1 as a where false")
    assert empty == Results([], [Field("a", INT4)], 0, "SELECT", 0)
    assert db.query("") == Results([], [], 0)
    assert db.exec("") == []


def test_what_was_run_and_how_many_rows_it_had(db: PGlite) -> None:
    results = db.exec("""
        create table t (a int); insert into t values (1), (2); select * from t; begin; commit;
        prepare p as select 1; execute p; drop table t
    """)
    assert [(result.command, result.row_count) for result in results] == [
        ("CREATE", None),
        ("INSERT", 2),
        ("SELECT", 2),
        ("BEGIN", None),
        ("COMMIT", None),
        ("PREPARE", None),
        ("SELECT", 1),
        ("DROP", None),
    ]


def test_the_rows_of_a_script_as_tuples_and_by_parsers_of_its_own(db: PGlite) -> None:
    script = "select 1 as a; select 2 as a, 'x' as b"
    assert [result.rows for result in db.exec(script, row_mode="array")] == [[(1,)], [(2, "x")]]
    parsed = db.exec(script, parsers={INT4: lambda text: text + "!"})
    assert [result.rows for result in parsed] == [[{"a": "1!"}], [{"a": "2!", "b": "x"}]]
    with pytest.raises(ValueError, match="row_mode"):
        db.exec(script, row_mode="dict")  # type: ignore[call-overload]


def test_types_of_parameters_may_be_given(db: PGlite) -> None:
    sql = "select pg_typeof($1)::text as a, pg_typeof($2)::text as b"
    params = [datetime.date(2026, 1, 2), "x"]
    assert db.query(sql, params, param_types=[DATE, VARCHAR]).rows == [
        {"a": "date", "b": "character varying"}
    ]
    assert db.query("select $1::int + $2 as n", [1, 2], param_types=[0]).rows == [{"n": 3}]
    assert db.describe_query("select $1", param_types=[DATE]).query_params == [DATE]
    with pytest.raises(DatabaseError):
        db.query(sql, params, param_types=[DATE, 999_999])


def test_notices_of_one_query(db: PGlite) -> None:
    heard: list[str] = []
    raising = "do $$ begin raise notice 'n'; end $$"
    db.query(raising, on_notice=lambda notice: heard.append(notice.message))
    db.exec(raising + ";" + raising, on_notice=lambda notice: heard.append(notice.message))
    db.exec(raising)
    assert heard == ["n", "n", "n"]


def test_options_that_are_not_there(db: PGlite) -> None:
    with pytest.raises(TypeError, match="blob"):
        db.query("select 1", blob=b"")  # type: ignore[call-overload]


def test_affected_rows(db: PGlite) -> None:
    counts = [
        result.affected_rows
        for result in db.exec("""
            create table t (a int primary key, b int);
            insert into t select g, 0 from generate_series(1, 5) g;
            update t set b = 1 where a > 2;
            delete from t where a = 1;
            merge into t using (values (2), (9)) as v (a) on t.a = v.a
                when matched then update set b = 7 when not matched then insert values (v.a, 8);
            select * from t;
            create table u as table t""")
    ]
    assert counts == [0, 5, 3, 1, 2, 0, 0]
    returned = db.query("delete from t where b = $1 returning a", [7])
    assert (returned.rows, returned.affected_rows) == ([{"a": 2}], 1)


def test_a_failing_script_does_nothing(db: PGlite) -> None:
    with pytest.raises(DatabaseError):
        db.exec("create table t (); select 1 / 0")
    assert db.query("select to_regclass('t') as t").rows == [{"t": None}]


def test_one_statement_at_a_time(db: PGlite) -> None:
    with pytest.raises(DatabaseError) as caught:
        db.query("select 1; select 2")
    assert caught.value.sqlstate == "42601"


def test_describe_query(db: PGlite) -> None:
    db.exec("create table t (a int, b text)")
    described = db.describe_query("insert into t values ($1, $2) returning b as c")
    assert (described.query_params, described.result_fields) == ([INT4, TEXT], [Field("c", TEXT)])
    assert db.query("select count(*) as n from t").rows == [{"n": 0}]
    assert db.describe_query("listen x").result_fields == []


def test_an_error_has_all_that_postgresql_says(db: PGlite) -> None:
    db.exec("create table t (a int constraint positive check (a > 0), b int unique)")
    with pytest.raises(DatabaseError) as caught:
        db.query("insert into t values ($1)", [-1])
    error = caught.value
    assert isinstance(error, PGliteError)
    assert (error.severity, error.sqlstate, error.constraint) == ("ERROR", "23514", "positive")
    assert (error.schema, error.table, error.column, error.hint) == ("public", "t", None, None)
    assert error.detail == "Failing row contains (-1, null)."
    assert error.message == 'new row for relation "t" violates check constraint "positive"'
    assert str(error) == f"23514: {error.message}\nDETAIL: {error.detail}"
    assert error.query == "insert into t values ($1)"
    assert (error.routine, error.position) == ("ExecConstraints", None)


def test_an_error_says_where(db: PGlite) -> None:
    with pytest.raises(DatabaseError) as caught:
        db.query("select 'é', nothing")
    assert (caught.value.position, caught.value.internal_query) == (13, None)
    db.exec("create function f() returns int language plpgsql as 'begin return nothing; end'")
    with pytest.raises(DatabaseError) as caught:
        db.query("select f()")
    error = caught.value
    assert (error.position, error.internal_position, error.internal_query) == (None, 1, "nothing")
    assert error.where == "PL/pgSQL function f() line 1 at RETURN"


def test_an_error_can_be_pickled(db: PGlite) -> None:
    with pytest.raises(DatabaseError) as caught:
        db.query("select 1 / 0")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.query, again.sqlstate) == (
        "22012: division by zero",
        "select 1 / 0",
        "22012",
    )


def test_the_session_goes_on_after_an_error(db: PGlite) -> None:
    for sql, params in [("selec", None), ("select $1::int", ["x"]), ("select 1/$1::int", [0])]:
        with pytest.raises(DatabaseError):
            db.query(sql, params)
        assert db.query("select 1 as a").rows == [{"a": 1}]


@pytest.mark.parametrize("params", [[], [1], [1, 2, 3]], ids=len)
def test_the_wrong_number_of_parameters(db: PGlite, params: list[int]) -> None:
    with pytest.raises(DatabaseError, match=r"^(08P01|42P02)"):
        db.query("select $1::int, $2::int", params)


@pytest.mark.parametrize("params", ["ab", b"ab", {"a": 1}, {1}, 5])
def test_parameters_are_a_sequence(db: PGlite, params: Sequence[Any]) -> None:
    with pytest.raises(TypeError, match="sequence"):
        db.query("select $1::text, $2::text", params)


def test_as_many_parameters_as_the_protocol_has_room_for(db: PGlite) -> None:
    values = ", ".join(f"(${n}::int)" for n in range(1, 65536))
    sum_of = f"select sum(a) from (values {values}) v (a)"
    assert db.query(sum_of, [1] * 65535, row_mode="array").rows == [(65535,)]
    with pytest.raises(ValueError, match="65536 parameters"):
        db.query("select 1", [1] * 65536)
    assert db.query("select 1 as a").rows == [{"a": 1}]


def test_nul_is_no_text(db: PGlite) -> None:
    with pytest.raises(ValueError, match="NUL"):
        db.query("select '\0'")
    with pytest.raises(DatabaseError, match="22021"):
        db.query("select $1::text", ["\0"])


@pytest.mark.parametrize("run", ["query", "exec"])
def test_copy_from_stdin_has_nothing_to_read(db: PGlite, run: str) -> None:
    db.exec("create table t (a int)")
    with pytest.raises(DatabaseError, match="no data to copy") as caught:
        getattr(db, run)("copy t from stdin")
    assert caught.value.sqlstate == "57014"
    assert db.query("select count(*) as n from t").rows == [{"n": 0}]


def test_notices_are_logged_and_handed_over(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[Notice] = []
    with (
        caplog.at_level(logging.DEBUG, "pglite_native.notice"),
        PGlite(on_notice=heard.append) as db,
    ):
        db.exec(
            "do $$ begin raise notice 'hear'; raise warning using message = 'w', hint = 'h'; end $$"
        )
    assert [(n.severity, n.message, n.hint) for n in heard] == [
        ("NOTICE", "hear", None),
        ("WARNING", "w", "h"),
    ]
    assert [(r.levelname, r.message) for r in caplog.records if r.name.endswith("notice")] == [
        ("INFO", "NOTICE: hear"),
        ("WARNING", "WARNING: w"),
    ]


def test_a_failing_on_notice_does_not_harm_the_statement(caplog: pytest.LogCaptureFixture) -> None:
    def fail(notice: Notice) -> None:
        raise RuntimeError(notice.message)

    with PGlite(on_notice=fail) as db:
        assert db.query("drop table if exists t").rows == []
        assert db.query("select 1 as a").rows == [{"a": 1}]
    assert [r.message for r in caplog.records if r.exc_info] == ["on_notice failed"]


def test_a_closed_database_refuses(db: PGlite) -> None:
    db.close()
    db.close()
    assert db.closed
    with pytest.raises(EngineClosed):
        db.query("select 1")


def test_the_end_of_the_session_is_an_error_of_it(db: PGlite) -> None:
    with pytest.raises(DatabaseError) as caught:
        db.query("select pg_terminate_backend(pg_backend_pid())")
    assert (caught.value.severity, caught.value.sqlstate) == ("FATAL", "57P01")
    with pytest.raises(EngineClosed):
        db.query("select 1")


def test_closing_cancels_what_runs_elsewhere(db: PGlite) -> None:
    caught: list[BaseException] = []

    def sleep() -> None:
        try:
            db.query("select pg_sleep(600)")
        except (DatabaseError, EngineClosed) as error:
            caught.append(error)

    thread = threading.Thread(target=sleep)
    thread.start()
    time.sleep(0.2)
    db.close()
    thread.join(10)
    assert len(caught) == 1


def test_an_engine_may_be_given() -> None:
    engine = Engine()
    engine.exec_protocol_raw(wire.query("create table t as select 1 as a"))
    with PGlite(engine=engine) as db:
        assert db.engine is engine
        assert db.query("select * from t").rows == [{"a": 1}]
    with pytest.raises(EngineClosed):
        engine.exec_protocol_raw(wire.sync())
    with pytest.raises(ValueError, match="engine"):
        PGlite("somewhere", engine=engine)
    with pytest.raises(ValueError, match="engine"):
        PGlite(engine=engine, user="somebody")


def test_an_interrupted_call_leaves_the_session_usable(db: PGlite) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with db.transaction():
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            with pytest.raises(KeyboardInterrupt):
                db.query("select pg_sleep(600)")
            raise LookupError
    except LookupError:
        pass
    finally:
        signal.signal(signal.SIGALRM, before)
    assert db.query("select 1 as a").rows == [{"a": 1}]


def test_threads_that_share_a_session_wait_for_each_other(db: PGlite) -> None:
    db.exec("create table t (a int)")

    def insert(first: int) -> None:
        for number in range(first, first + 50):
            db.query("insert into t values ($1)", [number])

    threads = [threading.Thread(target=insert, args=(n * 50,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db.query("select array_agg(a order by a) as a from t").rows == [{"a": list(range(200))}]


def test_what_is_no_sql_is_told_by_the_method_that_got_it(db: PGlite) -> None:
    wrong: Any = None
    for call, method in (
        (db.query, "query"),
        (db.exec, "exec"),
        (db.describe_query, "describe_query"),
        (db.copy_to, "copy_to"),
        (lambda sql: db.copy_from(sql, b""), "copy_from"),
    ):
        with pytest.raises(TypeError, match=rf"^{method}\(\) takes SQL as a str, and not NoneType"):
            call(wrong)
    with db.transaction() as transaction, pytest.raises(TypeError, match=r"^query\(\) takes SQL"):
        transaction.query(wrong)


def test_unknown_options_are_told_by_the_method_that_got_them(db: PGlite) -> None:
    with pytest.raises(TypeError, match=r"^query\(\) has no argument 'args': did you mean params"):
        db.query("select 1", args=[1])  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=r"^exec\(\) has no argument 'rowmode': did you mean row_m"):
        db.exec("select 1", rowmode="array")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=r"values, for \$1, \$2, ... in order: {'a': 1}"):
        db.query("select $1", {"a": 1})  # type: ignore[call-overload]


class Shop(PGlite):
    """Fails before it is a PGlite."""

    def __init__(self) -> None:
        raise ValueError(f"{self!r}")


def test_what_a_database_prints_as(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"<.*Shop object at"):
        Shop()
    with PGlite() as db:
        assert repr(db) == "<PGlite in memory>" and db.engine.data_dir is None
    assert repr(db) == "<PGlite in memory, closed>"
    with PGlite(tmp_path / "shop") as db, db.connect() as session:
        assert repr(session) == f"<PGlite in {tmp_path}/shop>"
        assert db.engine.data_dir == tmp_path / "shop"

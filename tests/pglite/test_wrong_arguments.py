"""Arguments that are wrong: what is said of them, in the words of the method that was called."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from pglite_native import AsyncPGlite, PGlite, Server, TransactionError, dbapi

opened: Any = PGlite
served: Any = Server
connect: Any = dbapi.connect


class Frame:
    """As far as pandas' is asked for anything."""

    def to_csv(self) -> str:
        return "1\n"


async def coroutine(payload: str) -> None: ...


async def pieces() -> AsyncIterator[bytes]:
    yield b"1\n"


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda db: db.query("select $1, $2", 1, "a"), TypeError, r"query\(sql, \[1, 'a'\]\)"),
        (lambda db: db.query("select 1", timeout=5), TypeError, "set statement_timeout = '5s'"),
        (lambda db: db.query(Path("a.sql")), TypeError, r"exec_file\(file\) runs a file"),
        (lambda db: db.exec(io.StringIO("select 1")), TypeError, r"exec_file\(file\) runs a file"),
        (
            lambda db: db.exec_file("select 1;\nselect 2"),
            TypeError,
            r"exec_file\(io.StringIO\(sql\)",
        ),
        (lambda db: db.exec_file(None), TypeError, "takes a path or an open file"),
        (lambda db: opened(image=db), TypeError, r"as engine.snapshot\(\) takes one"),
        (lambda db: db.transaction(print), TypeError, "with db.transaction\\(\\) as transaction"),
        (
            lambda db: db.transaction(isolation_level="dirty"),
            ValueError,
            "READ COMMITTED, .*'dirty'",
        ),
        (lambda db: db.transaction(isolation="serializable"), TypeError, "mean isolation_level?"),
        (lambda db: db.transaction(readonly=True), TypeError, "did you mean read_only?"),
        (lambda db: db.listen("jobs", None), TypeError, r"listen\(\) takes a function .* NoneType"),
        (lambda db: db.listen(print, "jobs"), TypeError, r"listen\(\) takes a function .*'jobs'"),
        (
            lambda db: db.listen("jobs", coroutine),
            TypeError,
            r"listen\(\) calls a .* AsyncPGlite's takes it",
        ),
        (
            lambda db: db.copy_from("t", b"1\n"),
            ValueError,
            'takes a statement: "copy t from stdin"',
        ),
        (lambda db: db.copy_to("t"), ValueError, 'takes a statement: "copy t to stdout"'),
        (lambda db: db.copy_to("copy t to stdout", "a.csv"), TypeError, r"open\(path, 'wb'\)"),
        (lambda db: db.copy_to("select 1"), ValueError, r"copy \(select \.\.\.\) to stdout"),
        (lambda db: db.copy_from("copy t from stdin", [(1,)]), TypeError, "csv module.*unnest"),
        (
            lambda db: db.copy_from("copy t from stdin", Frame()),
            TypeError,
            r"not a Frame: its to_csv\(\)",
        ),
        (
            lambda db: db.copy_from("copy t from stdin", db.query_arrow("select 1 as n")),
            TypeError,
            r"not a ArrowTable: pyarrow\.csv\.write_csv",
        ),
        (
            lambda db: db.copy_from("copy t from stdin", pieces()),
            TypeError,
            r"async_generator: .*\[piece async for piece in source\]",
        ),
        (lambda db: db.query("copy t to stdout"), ValueError, "copy_to returns it: copy t"),
        (lambda db: db.exec("select 1; copy t to stdout"), ValueError, "copy_to returns it"),
        (lambda db: opened(timezone="UTC"), TypeError, 'settings={"timezone"'),
        (lambda db: opened(relaxed_durability=True), TypeError, '"synchronous_commit": "off"'),
        (lambda db: opened(read_only=True), TypeError, "default_transaction_read_only"),
        (lambda db: opened(password="x"), TypeError, "a Server has it"),
        (lambda db: opened(username="me"), TypeError, "did you mean user?"),
        (lambda db: opened(db.engine.snapshot()), TypeError, r"PGlite\(image=\.\.\.\)"),
        (lambda db: served(db, port=5433), ValueError, "port 5433 of what.*host="),
        (lambda db: served(db, host="127.0.0.1", port="1", trust=True), TypeError, "not str: '1'"),
        (lambda db: connect(db, isolation_level=None), TypeError, "attribute of the connec"),
        (lambda db: connect(db, check_same_thread=False), TypeError, "threads may share"),
        (lambda db: connect(AsyncPGlite()), TypeError, "is for coroutines"),
    ],
)
def test_wrong_arguments_are_told_what_is_right(
    db: PGlite, call: Callable[[Any], object], error: type[Exception], said: str
) -> None:
    db.exec("create table t (n int)")
    with pytest.raises(error, match=said):
        call(db)
    assert db.query("select 1 as one").scalar() == 1


def test_options_are_listed_once(db: PGlite) -> None:
    with pytest.raises(TypeError) as caught:
        db.query("select 1", nothing_like_it=1)  # type: ignore[call-overload]
    assert str(caught.value).count("on_notice") == 1


def test_a_transaction_has_modes(db: PGlite) -> None:
    with db.transaction(
        isolation_level="serializable", read_only=True, deferrable=True
    ) as transaction:
        for name, value in (
            ("isolation", "serializable"),
            ("read_only", "on"),
            ("deferrable", "on"),
        ):
            assert transaction.query(f"show transaction_{name}").scalar() == value
        with (
            pytest.raises(TransactionError, match="isolation level SERIALIZABLE is for one that"),
            transaction.transaction(isolation_level="serializable"),
        ):
            pass
        assert transaction.query("select 1 as one").scalar() == 1
    with db.transaction() as transaction:
        assert transaction.query("show transaction_isolation").scalar() == "read committed"


def test_a_transaction_has_modes_for_coroutines() -> None:
    async def main() -> None:
        async with AsyncPGlite() as db:
            async with db.transaction(isolation_level="REPEATABLE READ") as transaction:
                shown = await transaction.query("show transaction_isolation")
                assert shown.scalar() == "repeatable read"
            with pytest.raises(TypeError, match="async with"):
                db.transaction(print)  # type: ignore[arg-type]

    asyncio.run(main())


def test_a_callback_may_be_a_coroutine_s() -> None:
    async def main() -> None:
        heard = asyncio.Event()

        async def hear(payload: str) -> None:
            await asyncio.sleep(0)
            if payload == "one":
                heard.set()

        async with AsyncPGlite() as db:
            stop = await db.listen("jobs", hear)
            await db.query("notify jobs, 'one'")
            await asyncio.wait_for(heard.wait(), 60)
            await stop()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PGDMP\1\x10\0", "pg_dump's custom format, of which `pg_restore -f FILE.sql` makes SQL"),
        (b"\x1f\x8b\x08\0", "it is compressed: `gunzip` it first"),
        (b"select '\xe4'", "not UTF-8"),
    ],
)
def test_a_file_that_is_no_sql_says_what_it_is(
    db: PGlite, tmp_path: Path, data: bytes, said: str
) -> None:
    (tmp_path / "shop.dump").write_bytes(data)
    with pytest.raises(ValueError, match=re.escape(said)):
        db.exec_file(tmp_path / "shop.dump")
